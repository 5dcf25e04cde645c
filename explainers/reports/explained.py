"""The two functions for Python: the streams, with a last event that a notebook can show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from explainers.core.types import OnForward, Task
from explainers.reports.result import with_result
from explainers.streams import classification, generation
from explainers.streams.events.classification import ClassificationEvent
from explainers.streams.events.generation import GenerationEvent
from explainers.streams.given_model import name_of, ready_model
from explainers.streams.requests.classification import ClassificationRequest
from explainers.streams.requests.generation import GenerationRequest

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def explain_generation(
    prompt: str,
    on_forward: OnForward | None = None,
    *,
    model: str | PreTrainedModel = "",
    tokenizer: PreTrainedTokenizerBase | None = None,
    device: str = "",
    dtype: str = "",
    **settings,
) -> Iterator[dict]:
    """Explain the model's answer to `prompt` by the spans it could not do without (XPrompt, arXiv 2405.20404,
    and the other methods).

    model: "" for the built-in model, a Hub id, a folder, or a causal model of transformers with its
    tokenizer. device, dtype: for a model given by name, such as "cuda:1" and "bfloat16"; "" chooses.
    settings: as in GenerationRequest. on_forward: called with the number of sequences before each pass
    through the model; where it raises Stopped, a search that has begun ends with the best mask so far.

    Yields events as in `explainers.streams.events.generation`, the last a Result, which holds one score per
    span. log-probabilities are in nats, time is in seconds. Raises MaskwiseError, which says what to do.
    """
    if not isinstance(model, str):
        settings = {"screening": False, **settings}  # estimates keep a copy of weights that may change
    request = GenerationRequest(prompt, model=name_of(model), **settings)

    def events() -> Iterator[GenerationEvent]:
        yield {"type": "status", "text": "Loading the model"}
        with ready_model(model, tokenizer, Task.GENERATION, device, dtype) as loaded:
            yield from generation.run(request, on_forward, loaded)

    return with_result("generation", events())


def explain_classification(
    text: str,
    on_forward: OnForward | None = None,
    *,
    model: str | PreTrainedModel = "",
    tokenizer: PreTrainedTokenizerBase | None = None,
    device: str = "",
    dtype: str = "",
    **settings,
) -> Iterator[dict]:
    """Explain the class of `text` under a masked language model by its spans (PromptExplainer, Findings of
    EACL 2024, and the other methods).

    model, tokenizer, device, dtype, on_forward: as in `explain_generation`, the model a masked one.
    settings: as in ClassificationRequest.

    Yields events as in `explainers.streams.events.classification`, the last a Result, which holds one score
    per span and one probability per class. Raises MaskwiseError, which says what to do.
    """
    request = ClassificationRequest(text, model=name_of(model), **settings)

    def events() -> Iterator[ClassificationEvent]:
        yield {"type": "status", "text": "Loading the model"}
        with ready_model(model, tokenizer, Task.CLASSIFICATION, device, dtype) as loaded:
            yield from classification.run(request, on_forward, loaded)

    return with_result("classification", events())
