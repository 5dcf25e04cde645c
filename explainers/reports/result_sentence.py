"""The result of an explanation in one plain sentence and a line of facts."""

from __future__ import annotations

from explainers.core.unicode import visible_name
from explainers.reports.numbers import fixed

NAMED_WORDS = 6  # more than these are counted, not named
LONGEST_NAME = 60  # characters shown of a removed sentence
UNLIKELY, NEAR = 0.5, 0.9  # below this ratio and above this SentenceBERT, an answer is said to be reworded


def result_sentence(explanation: dict) -> dict:
    """The API's explanation → {"parts": [["text" | "strong", str]], "facts": [[name, text]]}.

    Reads "spans", "probability_ratio" (ratio of geometric means per token), "log_prob", "log_prob_masked"
    (nats), "evaluations", "seconds" and, where there are such, "certificate", "part", "metrics", "response"
    and "masked_response", and of a result that is final "unproved".
    """
    removed = [span["text"] for span in explanation["spans"] if span["removed"]]
    whole = "part" if explanation.get("part") else "answer"
    effect = f"each token of this {whole} {_effect(explanation['probability_ratio'])}."
    if removed:
        parts = [["text", "Without "], *listed(removed), ["text", f", {effect}"]]
    else:
        parts = [["text", f"With nothing removed, {effect}"]]
    return {"parts": parts + _rewording(explanation) + _unproved(explanation), "facts": _facts(explanation)}


def _rewording(explanation: dict) -> list[list[str]]:
    """What must be said where log p falls far and the answer without the removed spans means the same."""
    metrics = {metric["name"]: metric["value"] for metric in explanation.get("metrics", [])}
    near = metrics.get("sentence_bert") or 0.0
    if explanation["probability_ratio"] >= UNLIKELY or near < NEAR:
        return []
    if explanation["response"].strip() == explanation["masked_response"].strip():
        return [["text", " Even so, the model still writes the same answer."]]
    said = f" Even so, the new answer says nearly the same in other words (SentenceBERT {near:.2f})."
    return [["text", said]]


def _unproved(explanation: dict) -> list[list[str]]:
    """What must be said where a proof was begun and is not whole."""
    unproved = explanation.get("unproved")
    if not unproved or explanation.get("type") == "shown":
        return []
    left, wanted = unproved["left"], unproved["wanted"]
    said = f" Not proved: {left:,} of the {wanted:,} sets that the proof asks for were not tried."
    return [["text", said]]


def listed(words: list[str]) -> list[list[str]]:
    """Bold names joined by commas and "and"; beyond NAMED_WORDS, a count of the rest."""
    names = [["strong", _name(word)] for word in words[:NAMED_WORDS]]
    if (rest := len(words) - len(names)) > 0:
        names.append(["text", f"{rest} more"])
    parts = []
    for i, name in enumerate(names):
        if i:
            parts.append(["text", " and " if i == len(names) - 1 else ", "])
        parts.append(name)
    return parts


def _name(word: str) -> str:
    name = visible_name(word)
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1].rstrip() + "…"


def _effect(ratio: float) -> str:
    if ratio <= 0:
        return "becomes impossible"
    times, direction = (1 / ratio, "less") if ratio < 1 else (ratio, "more")
    if times < 1.005:
        return "stays as likely as before"
    return f"becomes {_times(times)} {direction} likely"


def _times(times: float) -> str:
    """Two or three significant digits: 1.04×, 3.1×, 42×, 1,200×."""
    if times < 1.1:
        return f"{times:.2f}×"
    if times < 9.95:
        return f"{times:.1f}×"
    if times < 1000:
        return f"{times:.0f}×"
    return f"{float(f'{times:.2g}'):,.0f}×" if times < 1e6 else "over a million times"


def _facts(explanation: dict) -> list[list[str]]:
    before, after = explanation["log_prob"], explanation["log_prob_masked"]
    whole = "part" if explanation.get("part") else "answer"
    facts = [
        [f"log p of the {whole}", f"{fixed(before)} → {fixed(after)} nats"],
        ["probability ratio", f"{explanation['probability_ratio']:.3g}"],
        ["evaluations", f"{explanation['evaluations']:,}"],
        ["time", f"{explanation['seconds']:.1f} s"],
    ]
    if certificate := explanation.get("certificate"):
        facts.append(["certificate", certificate])
    return facts
