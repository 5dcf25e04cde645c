"""What the What-if tab shows at opening, after a click, and while the model works. Plain values, no Gradio.

An "explanation" is the last event of a record (GenerationView.record); "removed" are indices of its spans.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from components.generation.view import GenerationView
from components.page.progress import status
from components.page.stream_view import StreamView
from components.page.views import Values
from components.sharing.records import needed
from components.what_if.values import JOINT_EMPTY, joint, measured, why_not, with_removed
from explainers.reports.answer_diff import diff_words
from explainers.reports.numbers import unit_of
from explainers.reports.record import explanation_of
from explainers.streams.requests.generation import GenerationRequest

STRIP_LEGEND = "Click a word, or press Enter on it, to remove it or put it back. Colours, from the method: "
DIFF_WAITING = "Press “Write the answer again” to see what the model writes without these words."
PART_EMPTY = "Drag over some words of the answer, then press “Explain this part”."
WHY_EMPTY = "Type another answer to see which words of the prompt prefer it."
KEPT = (
    "prompt",
    "model",
    "granularity",
    "mask_operator",
    "max_new_tokens",
    "system_prompt",
    "system_prompt_placement",
    "thinking",
    "date",
    "seed",
    "screening",
)


def needed_explanation(record: dict | None) -> dict:
    """The explanation that a record holds; MaskwiseError where there is no record."""
    return explanation_of(needed(record))


def method_set(explanation: dict) -> list[int]:
    """The spans that the method removed."""
    return [index for index, span in enumerate(explanation["spans"]) if span["removed"]]


def toggled(removed: Sequence[int], index: object, spans: int) -> list[int]:
    """`removed` with or without `index`, which comes from the page and may be anything."""
    if type(index) is not int or not 0 <= index < spans:
        return sorted(removed)
    return sorted({*removed} ^ {index})


def opened(record: dict) -> Values:
    """All views of a record: its method's set removed, and what the record tells of it."""
    explanation = needed_explanation(record)
    removed, nothing = method_set(explanation), {"text": "", "spans": []}
    return {
        **chosen(explanation, removed),
        **(recorded(explanation, removed) or {}),
        "part_result": {},
        "part_strip": nothing | {"empty": PART_EMPTY},
        "why_result": {},
        "why_strip": nothing | {"empty": WHY_EMPTY},
    }


def of_link(explanation: dict, inputs: dict, text: str = "prompt") -> tuple[list[int], str]:
    """The set that a What-if link removes of this result, and in words what of it is left out.

    inputs: of the link. Its numbers mean words of its own text, and may be of none. text: the name of that,
    as in `tab_fields`.
    """
    same = explanation[text].split() == inputs.get(text, explanation[text]).split()
    if not same or explanation["granularity"] != inputs.get("granularity", explanation["granularity"]):
        return method_set(explanation), f"The link chose words of another {text}; they are left out."
    numbers, spans, unit = {*inputs["removed"]}, len(explanation["spans"]), explanation["granularity"]
    removed = sorted(number for number in numbers if number < spans)
    missing = len(numbers) - len(removed)
    note = f"Left out: {missing} of the link's {unit}s, for this {text} has only {spans}." if missing else ""
    return removed, note


def chosen(explanation: dict, removed: Sequence[int], note: str = "") -> Values:
    """The views at once after a click; what was found of another set is taken away. note: on the set, in
    words."""
    strip = {
        "text": explanation["prompt"],
        "spans": with_removed(explanation, removed),
        "unit": unit_of(explanation["score_meaning"]),
        "granularity": explanation["granularity"],
        "legend": f"{note} {STRIP_LEGEND}{explanation['score_meaning']}".strip(),
        "selectable": True,
        "selected": list(removed),
    }
    own = list(removed) == method_set(explanation)
    rewritten = (explanation["masked_response"] or None) if own else None
    diff = diff_words(explanation["response"], rewritten) | {"waiting": DIFF_WAITING}
    return {"strip": strip, "diff": diff, "joint": {"empty": JOINT_EMPTY}}


def recorded(explanation: dict, removed: Sequence[int]) -> Values | None:
    """The effect of a set as the record itself tells it: of the method's own set, and of none removed."""
    fields = ("log_prob", "log_prob_masked", "probability_ratio", "response_tokens")
    removal, said = {"removed": list(removed)} | {name: explanation[name] for name in fields}, ""
    if list(removed) == method_set(explanation):
        said = f" {explanation['title']} chose this set on the Generation tab."
    elif not removed:
        tokens = [{**token, "log_prob_masked": token["log_prob"]} for token in removal["response_tokens"]]
        same = {"log_prob_masked": removal["log_prob"], "probability_ratio": 1.0}
        removal |= same | {"response_tokens": tokens}
    else:
        return None
    return measured(explanation, removal) | {"status": status("done", count(explanation, removed) + said)}


def count(explanation: dict, removed: Sequence[int]) -> str:
    """How many spans are removed, in words."""
    return f"{len(removed)} of {len(explanation['spans'])} {explanation['granularity']}s removed."


@dataclass
class ActionView(StreamView):
    """Feed it the events of one action with `add`; `values` holds only the views that it changes.

    failed: views to show where it ends early: nothing half done is left, nor the numbers of another set.
    """

    explanation: dict
    failed: Values = field(default_factory=dict)
    shown: Values = field(default_factory=dict)

    def values(self, passes_done: int = 0) -> Values:
        return self.shown | super().values(passes_done)

    def on_done(self, event: dict) -> None:
        self.progress.end("done", event["text"])

    def on_removal(self, event: dict) -> None:
        self.shown |= measured(self.explanation, event)

    def on_masked_response(self, event: dict) -> None:
        self.shown["diff"] = diff_words(self.explanation["response"], event["text"])

    def on_joint_effect(self, event: dict) -> None:
        self.shown["joint"] = joint(self.explanation, event)

    def on_why_not(self, event: dict) -> None:
        self.shown |= why_not(self.explanation, event)

    def on_stopped(self, event: dict) -> None:
        super().on_stopped(event)
        self.shown |= self.failed

    def on_error(self, event: dict) -> None:
        super().on_error(event)
        self.shown |= self.failed


class PartView(GenerationView):
    """The views of an explanation of a part of the answer. part: its text."""

    def __init__(self, explanation: dict, part: str):
        super().__init__(explanation["prompt"], explanation["granularity"])
        self.part = part

    def values(self, passes_done: int = 0) -> Values:
        shown = super().values(passes_done)
        result = shown["result"]
        if result:
            result = {**result, "facts": [["part", f"“{self.part.strip()}”"], *result["facts"]]}
        strip = {**shown["strip"], "empty": PART_EMPTY}
        return {"status": shown["status"], "part_result": result, "part_strip": strip}


def part_of(explanation: dict, ends: object) -> tuple[list[int], str] | None:
    """A range of the answer's tokens [first, last] from the page, which may be anything → [start, end) in
    code points of the answer, and its text; None where nothing that can be read is chosen."""
    tokens = [token["text"] for token in explanation["response_tokens"]]
    if not (isinstance(ends, list) and len(ends) == 2 and all(type(end) is int for end in ends)):
        return None
    first, last = ends
    if not 0 <= first <= last < len(tokens):
        return None
    text, start = "".join(tokens[first : last + 1]), len("".join(tokens[:first]))
    return ([start, start + len(text)], text) if text.strip() else None


def part_request(explanation: dict, part: list[int], **method) -> GenerationRequest:
    """Explain a part of the recorded answer as the record was made, by another choice of method, k and
    options. Raises MaskwiseError."""
    response = "".join(token["text"] for token in explanation["response_tokens"])
    settings = {name: explanation[name] for name in KEPT if name in explanation}
    return GenerationRequest(**settings, **method, response=response, part=part)
