"""Questions for Python and notebooks: methods side by side, other words removed, how faithful a result is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Integral, Real
from typing import TYPE_CHECKING, TypedDict

from explainers.core.errors import MaskwiseError, shown
from explainers.core.types import OnForward, Task
from explainers.measures.removal_faithfulness import RemovalFaithfulness, removal_faithfulness
from explainers.models.loaded import LoadedModel
from explainers.streams import class_what_if, comparison
from explainers.streams import what_if as answers
from explainers.streams.events.comparison import Interval, RowEvent
from explainers.streams.events.what_if import ClassRemoval, Removal
from explainers.streams.given_model import name_of, ready_model
from explainers.streams.rebuilt import target_of
from explainers.streams.requests.comparison import ComparisonRequest

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MOST_DRAWS = 1000
NO_EXPLANATION = "Give a result: the last event of explain_generation or explain_classification."


class Comparison(TypedDict):
    """Methods on one prompt. rows: one per method, with its spans, measures, seconds and forward_passes, or
    an error in words. floor: each measure's mean over random sets and the ends of its 95 % interval.
    agreement: |A ∩ B| / |A ∪ B| of the removed sets, methods × methods, None where one refused. votes: how
    many methods remove each span. best: by measure, the method with the best value, None where there is none.
    """

    response: str
    rows: list[RowEvent]
    floor: dict[str, Interval]
    agreement: list[list[float | None]]
    votes: list[int]
    best: dict[str, str | None]


def compare(
    prompt: str,
    methods: Sequence[str],
    on_forward: OnForward | None = None,
    *,
    model: str | PreTrainedModel = "",
    tokenizer: PreTrainedTokenizerBase | None = None,
    device: str = "",
    dtype: str = "",
    **settings,
) -> Comparison:
    """Run several methods on the model's answer to one prompt, each with its default options.

    methods: up to eight names of `EXPLAINERS`. settings: as in ComparisonRequest, such as k, response and
    draws, the random sets of the floor. The others: as in `explain_generation`.

    log-probabilities are in nats, time is in seconds; the measures are those of Tables 1 and 2 of XPrompt
    (JoPA), arXiv 2405.20404. `to_frame(comparison)` is a table of them. Raises MaskwiseError where
    the request cannot be.
    """
    if not isinstance(model, str):
        settings = {"screening": False, **settings}  # estimates keep a copy of weights that may change
    if isinstance(methods, str):
        raise MaskwiseError(f"methods must be a list of names, such as [{shown(methods)}].")
    request = ComparisonRequest(prompt, list(methods), model=name_of(model), **settings)
    with ready_model(model, tokenizer, Task.GENERATION, device, dtype) as loaded:
        events = list(comparison.compare(request, on_forward, loaded))
    last = events[-1]
    assert last["type"] == "compared"
    floors = [event["metrics"] for event in events if event["type"] == "floor"]
    return {
        "response": [event["text"] for event in events if event["type"] == "response"][-1],
        "rows": [event for event in events if event["type"] == "row"],
        "floor": floors[0] if floors else {},
        "agreement": last["agreement"],
        "votes": last["votes"],
        "best": last["best"],
    }


def what_if(
    explanation: dict,
    removed: Sequence[int],
    on_forward: OnForward | None = None,
    *,
    model: PreTrainedModel | None = None,
    tokenizer: PreTrainedTokenizerBase | None = None,
) -> Removal | ClassRemoval:
    """What changes where these spans are removed in place of those of the explanation.

    explanation: a Result of `explain_generation` or `explain_classification`, or such a result from a file.
    removed: numbers of its spans. model, tokenizer: the object that it was made with, where it was one.

    Of an answer: log_prob and log_prob_masked (nats), probability_ratio (the ratio of the geometric means of
    the token probabilities, arXiv 2405.20404), and response_tokens, one per token of the answer. Of a class:
    each class's probability before and after. Raises MaskwiseError where the explanation does not fit its
    model, or a number is not that of a span.
    """
    numbers = _numbers(removed)
    with _its_model(explanation, model, tokenizer) as loaded:
        ask = answers.removal if _task_of(explanation) is Task.GENERATION else class_what_if.class_removal
        return ask(explanation, numbers, on_forward, loaded)


def faithfulness(
    explanation: dict,
    on_forward: OnForward | None = None,
    *,
    retention: float = 0.5,
    draws: int = 32,
    seed: int = 0,
    model: PreTrainedModel | None = None,
    tokenizer: PreTrainedTokenizerBase | None = None,
) -> RemovalFaithfulness:
    """How far log p of what is explained follows an explanation: at equal k and at equal expected retention.

    explanation, model, tokenizer: as in `what_if`. retention: the share of spans that the soft measures keep
    in the mean, between 0 and 1. draws: random masks of each soft measure; the whole costs 3 + 2 · draws
    masks.

    Returns a RemovalFaithfulness, its values in nats of log p lost: comprehensiveness and sufficiency
    (DeYoung et al. 2020, arXiv 1911.03429) of the k removed spans, and both again with spans kept at random
    by their scores, after arXiv 2601.03089. Raises MaskwiseError as `what_if` does. For a class, the result
    itself holds the activation and the pruning curve of PromptExplainer's tables.
    """
    _check_soft(retention, draws, seed)
    with _its_model(explanation, model, tokenizer) as loaded:
        generates = _task_of(explanation) is Task.GENERATION
        rebuild = target_of if generates else class_what_if.class_target_of
        target = rebuild(explanation, on_forward, loaded)
        scores = [span["score"] for span in explanation["spans"]]
        mask = tuple(int(not span["removed"]) for span in explanation["spans"])
        return removal_faithfulness(target, scores, mask, retention, int(draws), int(seed))


def _numbers(removed: object) -> list:
    """The numbers of spans as plain numbers: numpy's count as well."""
    if isinstance(removed, str) or not isinstance(removed, Iterable):
        example = removed if isinstance(removed, Integral) else 0
        raise MaskwiseError(f"removed must be a list of span numbers, such as [{example}].")
    return [int(t) if isinstance(t, Integral) and not isinstance(t, bool) else t for t in removed]


def _check_soft(retention: object, draws: object, seed: object) -> None:
    share = isinstance(retention, Real) and 0 < float(retention) < 1
    count = isinstance(draws, Integral) and 1 <= int(draws) <= MOST_DRAWS
    if not (share and count and isinstance(seed, Integral) and 0 <= int(seed) < 2**31):
        raise MaskwiseError(
            f"retention must lie between 0 and 1, not {shown(retention)}, draws between 1 and {MOST_DRAWS}, "
            f"not {shown(draws)}, and seed must be a whole number from 0 on, not {shown(seed)}."
        )


def _task_of(explanation: Mapping) -> Task:
    return Task.GENERATION if "prompt" in explanation else Task.CLASSIFICATION


@contextmanager
def _its_model(
    explanation: Mapping, model: PreTrainedModel | None, tokenizer: PreTrainedTokenizerBase | None
) -> Iterator[LoadedModel | None]:
    """The given object, ready; None where the explanation's own name says which model it is.

    Raises MaskwiseError for what is no explanation, such as a text that was refused.
    """
    if not isinstance(explanation, Mapping) or "spans" not in explanation:
        refused = explanation if isinstance(explanation, Mapping) else {}
        why = refused.get("error", NO_EXPLANATION)
        raise MaskwiseError(f"This holds no explanation. {why}")
    if model is None:
        yield None
        return
    with ready_model(model, tokenizer, _task_of(explanation)) as loaded:
        yield loaded
