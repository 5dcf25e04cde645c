"""How long a comparison takes, before it is run."""

from __future__ import annotations

from time import perf_counter

from explainers.streams.generation import OnForward
from explainers.streams.removals import TEXT_DRAWS
from explainers.text.spans import SENTENCE, WORD

CHARS_A_TOKEN = 4  # of English

_speeds: dict[str, float] = {}  # passes a second of a model's last comparison


class Meter:
    """An on_forward that counts the sequences, and the seconds since the first of them."""

    def __init__(self, on_forward: OnForward | None = None):
        self._on_forward = on_forward or (lambda rows: None)
        self._passes, self._started = 0, None

    def __call__(self, rows: int) -> None:
        self._on_forward(rows)
        self._started = self._started or perf_counter()
        self._passes += rows

    def keep(self, model: str) -> None:
        """Remember the speed of a comparison that is complete."""
        _speeds[model] = self._passes / (perf_counter() - self._started)


def estimate(request) -> dict:
    """About what a ComparisonRequest takes: "passes", sequences through the model, and "seconds", None
    before this model's first comparison. Loads nothing, so tokens are guessed from the length."""
    answer = 0 if request.response.strip() else request.max_new_tokens
    passes = answer + planned_passes(request, _about_spans(request.prompt, request.granularity))
    speed = _speeds.get(request.model)
    return {"passes": passes, "seconds": passes / speed if speed else None}


def planned_passes(request, spans: int) -> int:
    """About how many sequences go through the model once the answer to the whole prompt is there."""
    searched = sum(request.single(method).explainer().passes(spans) for method in request.methods)
    answers = min(TEXT_DRAWS, request.draws) + len(request.methods)
    measured = request.draws + 2 * len(request.methods)
    return searched + answers * request.max_new_tokens + measured


def _about_spans(text: str, granularity: str) -> int:
    if granularity == "token":
        return 1 + len(text) // CHARS_A_TOKEN
    return len((WORD if granularity == "word" else SENTENCE).findall(text))
