"""Results of explainers.streams.what_if as values of views. Plain values, no Gradio.

An "explanation" is the last event of a record (GenerationView.record); "removed" are indices of its spans.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

from components.page.views import Values
from explainers.measures.flatness import flat_among
from explainers.reports.figures.drops import drops_chart
from explainers.reports.figures.interactions import pairs_chart
from explainers.reports.figures.response_losses import losses_chart
from explainers.reports.numbers import fixed
from explainers.reports.result_sentence import result_sentence

ANSWER_LEGEND = (
    "Nats of log p that each token loses without the removed words, given the tokens before it: 0.7 nats "
    "halve its probability, 2.3 divide it by ten. Blue tokens become more likely."
)
WHY_LEGEND = (
    "How many nats more the given answer loses than the other when this word alone is removed. "
    "Orange speaks for the given answer, blue for the other."
)
PAIRS_NOTE = (
    "{how} interactions of pairs, in nats. Below zero (blue): the two stand in for each other. Above zero "
    "(orange): they reinforce each other. Near zero: each works alone."
)
LOSSES_EMPTY = "What each token of the answer loses appears here once it is measured."
JOINT_EMPTY = "Remove two words or more, then ask whether they work together."
FULL_COLOUR = 1.0  # nats, at least: smaller losses stay pale


def with_removed(explanation: dict, removed: Sequence[int]) -> list[dict]:
    return [{**span, "removed": index in removed} for index, span in enumerate(explanation["spans"])]


def measured(explanation: dict, removal: dict) -> Values:
    """The result of what_if.removal as the sentence and the coloured answer."""
    spans = with_removed(explanation, removal["removed"])
    parts = result_sentence({**explanation, **removal, "spans": spans, "metrics": [], "unproved": None})[
        "parts"
    ]
    parts += flat_parts(explanation["notes"])
    before, after = removal["log_prob"], removal["log_prob_masked"]
    verb, by = ("falls", before - after) if after <= before else ("rises", after - before)
    what = "part" if explanation.get("part") else "whole answer"
    ratio = f"{removal['probability_ratio']:.3g}"
    facts = [
        [f"log p of the {what}", f"{fixed(before)} → {fixed(after)}: it {verb} by {fixed(by)} nats"],
        ["probability ratio", f"{ratio}: a token keeps {ratio} times its probability, on geometric average"],
    ]
    coloured = answer(removal["response_tokens"])
    return {"result": {"parts": parts, "facts": facts}, "answer": coloured, "losses": _losses(coloured)}


def flat_parts(notes: Sequence[str]) -> list[list[str]]:
    """What the notes of a result say where nothing can be told apart, as further parts of a sentence."""
    return [["text", f" {note}"] for note in flat_among(notes)]


def unmeasured(explanation: dict) -> Values:
    """Where the measurement failed: no numbers of another set are left to mislead."""
    plain = answer(explanation["response_tokens"])
    spans = [{**span, "score": None, "lines": []} for span in plain["spans"]]
    empty = {"charts": [], "empty": LOSSES_EMPTY}
    return {"result": {}, "answer": {**plain, "spans": spans}, "losses": empty}


def answer(tokens: list[dict]) -> dict:
    """The answer's tokens scored by the nats they lose; offsets in code points of the joined text. Space
    before a token's word is left out of its span."""
    text, spans = "", []
    for token in tokens:
        word = token["text"].lstrip() or token["text"]
        start, text = len(text) + len(token["text"]) - len(word), text + token["text"]
        loss = token["log_prob"] - token["log_prob_masked"]
        spans.append({"text": word, "start": start, "end": len(text), "score": loss, "lines": _lines(token)})
    limit = max([FULL_COLOUR, *(abs(span["score"]) for span in spans)])
    return {"text": text, "spans": spans, "limit": limit, "legend": ANSWER_LEGEND}


def _losses(coloured: dict) -> dict:
    """The same losses as bars."""
    spans = coloured["spans"]
    return {"charts": [losses_chart([s["text"] for s in spans], [s["score"] for s in spans])]}


def _lines(token: dict) -> list[str]:
    before, after = token["log_prob"], token["log_prob_masked"]
    return [
        f"log p {fixed(before)} → {fixed(after)} nats",
        f"probability {_percent(before)} → {_percent(after)}",
    ]


def joint(explanation: dict, effect: dict) -> dict:
    """The result of what_if.joint_effect as charts and sentences; names are the removed words."""
    names = [explanation["spans"][index]["text"] for index in effect["removed"]]
    how = "Exact" if effect["exact"] else "Sampled"
    charts = [
        drops_chart(names, effect["together"], effect["singles"]),
        pairs_chart(names, effect["pairs"], PAIRS_NOTE.format(how=how)),
    ]
    return {"charts": charts, "sentences": effect["sentences"]}


def why_not(explanation: dict, result: dict) -> Values:
    """The result of what_if.why_not as a sentence and a strip of signed scores."""
    strip = {
        "text": explanation["prompt"],
        "spans": [{**span, "removed": False} for span in result["spans"]],
        "unit": "nats",
        "granularity": explanation["granularity"],
        "legend": WHY_LEGEND,
    }
    return {"why_result": {"parts": [["text", result["sentence"]]], "facts": []}, "why_strip": strip}


def _percent(log_prob: float) -> str:
    share = 100 * exp(min(log_prob, 0.0))
    return f"{share:.2g} %" if share >= 0.01 else "under 0.01 %"
