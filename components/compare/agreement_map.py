"""Where methods agree: how many removed each span, and how much the sets of each two have in common."""

from __future__ import annotations

from math import comb

import gradio as gr

from components.page.view import view
from explainers.reports.figures.agreement import agreement_chart


def agreement_map(elem_id: str) -> gr.HTML:
    """The text with votes, and a heat map of each two methods. value: what `map_value` returns."""
    return view("compare/agreement_map", elem_id, "Where the methods agree", {"spans": []})


def map_value(
    prompt: str,
    spans: list[dict],
    votes: list[int],
    titles: list[str],
    matrix: list[list[float]],
    k: int,
    unit: str,
) -> dict:
    """Value of the map. votes: how many methods removed each span. titles: of the compared methods.

    matrix: Jaccard index of each two removed sets, in the order of titles. unit: what a span is, "word".
    The sentences give the floor: what methods that choose at random reach.
    """
    count, chance = len(titles), expected_agreement(len(spans), k)
    about = (
        "Jaccard index of each two removed sets: 1 is the same set, 0 nothing in common. "
        f"Two random sets of {k} of {len(spans)} {unit}s have {chance:.2f} on average."
    )
    return {
        "text": prompt,
        "unit": unit,
        "spans": [{"text": s["text"], "start": s["start"], "end": s["end"]} for s in spans],
        "votes": votes,
        "methods": count,
        "votes_sentence": (
            f"The number beside a {unit} says how many of {count} methods removed it. "
            f"Were each to choose {k} at random, a {unit} would get {count * k / len(spans):.1f} on average."
        ),
        "pairs": agreement_chart(titles, matrix, about) if count > 1 else None,
    }


def expected_agreement(n: int, k: int) -> float:
    """Mean Jaccard index of two independent random sets of k of n: the overlap is hypergeometric."""
    sets = comb(n, k)
    overlaps = range(max(0, 2 * k - n), k + 1)
    return sum(comb(k, i) * comb(n - k, k - i) / sets * i / (2 * k - i) for i in overlaps)
