"""What several figures are drawn with: colours and axes, bars, lines and heat maps."""
