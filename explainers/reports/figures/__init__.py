"""Figures as plotly.graph_objects, pure functions of plain values; one module per figure."""
