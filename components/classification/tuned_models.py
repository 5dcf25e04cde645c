"""Models tuned at the page on a few labelled texts, kept in memory for the session that tuned them."""

from __future__ import annotations

import tempfile
from collections import OrderedDict
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from components.page.models_menu import TUNED
from explainers.core.errors import MaskwiseError
from explainers.core.types import OnForward, Task
from explainers.models import held
from explainers.models.checkpoint import sha256
from explainers.models.loaded import LoadedModel
from explainers.streams.requests.classification import ClassificationRequest

MOST_SESSIONS = 3
MOST_PARAMETERS = 150e6
MOST_SECONDS = 120
STEPS, BATCH = 40, 8


@dataclass(frozen=True)
class Tuned:
    loaded: LoadedModel
    file: Path


class TunedModels:
    """The last few sessions' tuned models, by session."""

    def __init__(self):
        self._kept: OrderedDict[str, Tuned] = OrderedDict()

    def keep(self, session: str | None, tuned: Tuned) -> None:
        self.forget(session)
        self._kept[session or ""] = tuned
        while len(self._kept) > MOST_SESSIONS:
            self.forget(next(iter(self._kept)))

    def forget(self, session: str | None) -> None:
        if tuned := self._kept.pop(session or "", None):
            tuned.file.unlink(missing_ok=True)

    def find(self, session: str | None, model: str) -> LoadedModel | None:
        """The session's model where `model` asks for it, None for any other model; raises MaskwiseError."""
        if model != TUNED:
            return None
        if not (tuned := self._kept.get(session or "")):
            raise MaskwiseError("Your tuned model is no longer in memory. Tune it again.")
        return tuned.loaded

    def tune(
        self, session: str | None, request: ClassificationRequest, on_forward: OnForward
    ) -> Iterator[dict]:
        """Tune a copy of the request's model on its examples: `tuning` events, and last `tuned`."""
        from training.few_shot import TuningStep, few_shot_tune  # peft takes seconds to import

        base = yield from _base_model(request)
        words, examples = request.words(), request.settings().examples
        if not examples:
            raise MaskwiseError("Write some labelled texts first, one per line: “Class: text”.")
        rows = [(text, c) for c, label in enumerate(words) for text in examples[label]]
        shots, deadline = max(map(len, examples.values())), monotonic() + MOST_SECONDS
        tuning = few_shot_tune(
            base.model, base.tokenizer, rows, request.used_template(), list(words.values()),
            whole_words=request.verbalizer == "whole_words", shots=shots, steps=STEPS, seed=request.seed,
        )  # fmt: skip
        for event in tuning:
            if isinstance(event, TuningStep):
                on_forward(BATCH)
                if monotonic() > deadline:
                    raise MaskwiseError(
                        f"Tuning takes more than {MOST_SECONDS} seconds here. Use shorter texts, or run "
                        "python -m training.few_shot."
                    )
                yield {"type": "tuning", "step": event.step, "total": event.total, "loss": event.loss}
            else:
                yield self._finish(session, base, event, f"Tuned on {len(rows)} texts")

    def read(
        self, path: Path, session: str | None, request: ClassificationRequest, on_forward: OnForward
    ) -> Iterator[dict]:
        """Apply a saved adapter to the request's model; the last event is `tuned`."""
        from safetensors import SafetensorError

        from training.adapter import TunedAdapter

        base = yield from _base_model(request)
        try:
            adapter = TunedAdapter.load(path)
        except SafetensorError as error:
            raise MaskwiseError(
                "This is no safetensors file. Pick one saved here or by training.few_shot."
            ) from error
        words = " / ".join(", ".join(of_class) for of_class in adapter.label_words)
        yield self._finish(
            session, base, adapter, f"Read: tuned for “{adapter.template}” and the words {words}"
        )

    def _finish(self, session: str | None, base: LoadedModel, adapter, text: str) -> dict:
        model = adapter.apply(base.model)
        with tempfile.NamedTemporaryFile(prefix="maskwise-", suffix=".safetensors", delete=False) as opened:
            file = Path(opened.name)
        adapter.save(file)
        name, revision = f"{base.name}, tuned on a few texts", sha256(file)[:12]
        self.keep(session, Tuned(replace(base, model=model, name=name, revision=revision), file))
        return {"type": "tuned", "text": text, "file": str(file)}


def _base_model(request: ClassificationRequest) -> Generator[dict, None, LoadedModel]:
    """Returns the model that is to be tuned."""
    yield {"type": "status", "text": "Loading the model"}
    base = held.load_model("" if request.model == TUNED else request.model, Task.CLASSIFICATION)
    if sum(weight.numel() for weight in base.model.parameters()) > MOST_PARAMETERS:
        raise MaskwiseError(
            f"{base.title} is too large to be tuned at the page. Choose a smaller model, or run "
            "python -m training.few_shot."
        )
    yield {"type": "status", "text": "Preparing to tune"}
    return base
