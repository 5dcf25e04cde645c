"""Figures as Plotly's script reads them, pure functions of plain values; one module per figure."""
