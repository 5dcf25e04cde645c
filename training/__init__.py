"""Commands that train the built-in masked LM and tune it from a few examples."""
