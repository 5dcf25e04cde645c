"""What the MLM head would read after every layer, at every token."""

from __future__ import annotations

from math import log

import plotly.graph_objects as go

from explainers.reports.figures.shared.heat_map import heat_map
from explainers.reports.figures.shared.style import chart

FAR = 1000  # the rank from which on a cell has no colour
COLUMN = 74  # px


def lens_figure(tokens: list[str], words: list[list[str]], ranks: list[list[int]]) -> go.Figure:
    """words, ranks: a row per layer, embeddings first, with the word read at each token and the rank there of
    the word that the last layer reads. The last layer is on top."""
    layers = list(reversed(range(len(words))))
    strengths = [[max(0.0, 1 - log(rank) / log(FAR)) for rank in ranks[layer]] for layer in layers]
    hover = [[_read(layer, i, tokens, words, ranks) for i in range(len(tokens))] for layer in layers]
    figure = heat_map(
        strengths,
        [words[layer] for layer in layers],
        [_name(layer) for layer in layers],
        tokens,
        False,
        hover,
    )
    return figure.update_layout(width=120 + COLUMN * len(tokens))


def lens_chart(tokens: list[str], words: list[list[str]], ranks: list[list[int]], note: str) -> dict:
    rows = [
        [_name(layer), *(f"{word} ({rank:,})" for word, rank in zip(words[layer], ranks[layer], strict=True))]
        for layer in reversed(range(len(words)))
    ]
    return chart(lens_figure(tokens, words, ranks), ["", *tokens], rows, note=note)


def _name(layer: int) -> str:
    return f"layer {layer}" if layer else "embeddings"


def _read(layer: int, place: int, tokens: list[str], words: list[list[str]], ranks: list[list[int]]) -> str:
    final, rank = words[-1][place], ranks[layer][place]
    read = f'"{words[layer][place]}" after {_name(layer)}, at "{tokens[place]}"'
    return f'{read}: the final word "{final}" has rank {rank:,}'
