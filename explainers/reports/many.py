"""Many texts explained in one call, and results as tables of pandas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from explainers.core.errors import MaskwiseError, shown
from explainers.core.types import OnForward, Task
from explainers.reports.result import Result, with_result
from explainers.streams import classification, generation
from explainers.streams.given_model import name_of, ready_model
from explainers.streams.requests.classification import ClassificationRequest
from explainers.streams.requests.generation import GenerationRequest

if TYPE_CHECKING:
    from pandas import DataFrame
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

REQUESTS: dict[Task, Any] = {
    Task.GENERATION: GenerationRequest,
    Task.CLASSIFICATION: ClassificationRequest,
}
RUNS: dict[Task, Any] = {Task.GENERATION: generation.run, Task.CLASSIFICATION: classification.run}


class Refused(dict):
    """Stands in for the Result of a text that cannot be explained: the text as "prompt" or "text", and
    "error", a sentence that says what to do."""


def explain_many(
    texts: Iterable[str],
    kind: str = "generation",
    on_forward: OnForward | None = None,
    *,
    model: str | PreTrainedModel = "",
    tokenizer: PreTrainedTokenizerBase | None = None,
    device: str = "",
    dtype: str = "",
    **settings,
) -> Iterator[Result | Refused]:
    """Explain each of many prompts ("generation") or texts to classify ("classification") with one model.

    The model is loaded once; the masks of each text go through it in batches. Results come in the order of
    the texts, each as soon as it is there, so that a data set of any size may be walked through.

    texts: any iterable, also a column of pandas. model, tokenizer, device, dtype, on_forward, settings: as in
    `explain_generation` and `explain_classification`.

    Yields one item per text: a Result (log-probabilities in nats, times in seconds), or Refused where this
    one text cannot be explained. Raises MaskwiseError where model or settings are not right. `to_frame` makes
    a table of them. Stopped, raised by on_forward, ends the run.
    """
    task = _read_kind(kind)
    if isinstance(texts, str | bytes) or hasattr(texts, "columns") or not isinstance(texts, Iterable):
        raise MaskwiseError("texts must be a list of texts, or a column of them, not one text or a table.")
    if not isinstance(model, str) and task is Task.GENERATION:
        settings = {"screening": False, **settings}  # estimates keep a copy of weights that may change
    settings["model"] = name_of(model)
    REQUESTS[task]("", **settings)  # which refuses wrong settings before the model is loaded

    def results() -> Iterator[Result | Refused]:
        with ready_model(model, tokenizer, task, device, dtype) as loaded:
            for text in texts:
                yield _explained(task, text, settings, on_forward, loaded)

    return results()


def to_frame(results: Iterable[Mapping[str, Any]] | Mapping[str, Any]) -> DataFrame:
    """A row per result, one or many, or per method of a comparison: a pandas DataFrame.

    Columns are the result's plain values (log_prob in nats, seconds, …), each measure and each class's
    probability under its name, and removed, the texts of the removed spans. A refused text has its error.
    """
    from pandas import DataFrame

    return DataFrame([_row(result) for result in _listed(results)])


def spans_to_frame(results: Iterable[Mapping[str, Any]] | Mapping[str, Any]) -> DataFrame:
    """A row per span of every result: a pandas DataFrame with the columns result (its number), span, text,
    start and end (characters), score (in the unit that the method states) and removed."""
    from pandas import DataFrame

    rows = [
        {"result": number, "span": t, **span}
        for number, result in enumerate(_listed(results))
        for t, span in enumerate(result.get("spans", []))
    ]
    return DataFrame(rows, columns=["result", "span", "text", "start", "end", "score", "removed"])


def _listed(results: object) -> Iterator[Mapping[str, Any]]:
    """One result alone, the rows of a comparison, or many results. Raises MaskwiseError for anything else."""
    found = results.get("rows", [results]) if isinstance(results, Mapping) else results
    for each in found if isinstance(found, Iterable) else [found]:
        if not isinstance(each, Mapping):
            raise MaskwiseError(f"{shown(each)} is no result. Give those of explain_many, or a comparison.")
        yield each


def _read_kind(kind: str) -> Task:
    if kind not in list(Task):
        raise MaskwiseError(f"kind must be one of {', '.join(Task)}, not {shown(kind)}.")
    return Task(kind)


def _explained(task: Task, text: str, settings: dict, on_forward, loaded) -> Result | Refused:
    try:
        events = RUNS[task](REQUESTS[task](text, **settings), on_forward, loaded)
        *_, result = with_result(task.value, events)
        assert isinstance(result, Result)
        return result
    except MaskwiseError as error:
        return Refused({"prompt" if task is Task.GENERATION else "text": text, "error": str(error)})


def _row(result: Mapping[str, Any]) -> dict[str, Any]:
    plain = {
        name: value
        for name, value in result.items()
        if name != "type" and (value is None or isinstance(value, str | int | float))
    }
    metrics = result.get("metrics", {})
    if not isinstance(metrics, Mapping):
        metrics = {metric["name"]: metric["value"] for metric in metrics}
    classes = {f"p({each['label']})": each["probability"] for each in result.get("labels", [])}
    curves = {name: result[name]["score"] for name in ("activation", "pruning") if name in result}
    removed = [span["text"] for span in result.get("spans", []) if span["removed"]]
    return {**plain, **metrics, **classes, **curves, "removed": removed}
