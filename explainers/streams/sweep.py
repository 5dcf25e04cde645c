"""Two charts of a comparison: probability ratio against k (the paper's Figure 3), and how XPrompt and its two
ablations converge (Figure 4, Table 4). Streams of plain JSON events.

Neither reports a cost, so one target serves all runs: a mask that one has evaluated costs the others nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from explainers.core.base import EXPLAINERS, Explainer, top_k_mask
from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError, Stopped
from explainers.core.types import Mask, OnForward, SearchStep
from explainers.measures.flatness import flat_notes
from explainers.measures.intervals import interval
from explainers.measures.text import probability_ratio
from explainers.streams.comparison import prompt_event
from explainers.streams.events.comparison import ConvergenceEvent, PointEvent, SweepEvent
from explainers.streams.generation import answered_target
from explainers.streams.removals import random_masks
from explainers.streams.requests.checks import check_range
from explainers.streams.requests.comparison import ComparisonRequest
from explainers.targets.response import ResponseTarget

MAX_K, MAX_SEEDS, MAX_ITERATIONS = 30, 30, 1000
VARIANTS = ("xprompt", "xprompt_random_start", "xprompt_uniform_swaps")


def sweep(request: ComparisonRequest, most: int, on_forward: OnForward | None = None) -> Iterator[SweepEvent]:
    """A `point` for each method and k = 1 … most (no more than there are spans), after those of `random`: the
    mean over the request's draws and the ends of its 95 % interval. Last `swept`, with what refused and why,
    and a note where nothing can be told apart.
    """
    check_range("most", most, 1, MAX_K)
    first = request.single(request.methods[0], k=1)
    target = yield from answered_target(first, on_forward or (lambda rows: None))
    most = min(most, len(target.spans))
    yield prompt_event(target, _sweep_passes(request, most, len(target.spans)))
    refused, stopped = {}, False
    try:
        yield from _random_points(request, target, most)
        for method in request.methods:
            try:
                for k, mask in enumerate(removed_sets(request, method, target, most), start=1):
                    (ratio,) = _ratios(target, [mask])
                    yield {"type": "point", "method": method, "k": k, "probability_ratio": ratio}
            except MaskwiseError as error:
                refused[method] = str(error)
    except Stopped:
        stopped = True
    notes = [] if stopped else [*flat_notes(target)]
    yield {"type": "swept", "refused": refused, "stopped": stopped, "notes": notes}


def convergence(
    request: ComparisonRequest, seeds: int, iterations: int, on_forward: OnForward | None = None
) -> Iterator[ConvergenceEvent]:
    """A `curve` for each seed and each of VARIANTS: best log p after each iteration. Last `converged`.

    The seeds are the request's and those after it; its methods play no part.
    """
    check_range("seeds", seeds, 1, MAX_SEEDS)
    check_range("iterations", iterations, 1, MAX_ITERATIONS)
    options = {"iterations": iterations}
    target = yield from answered_target(request.single(VARIANTS[0]), on_forward or (lambda rows: None))
    runs = [
        request.single(method, seed=(request.seed + n) % 2**31, options=options)
        for n in range(seeds)
        for method in VARIANTS
    ]
    yield prompt_event(target, sum(run.explainer().passes(len(target.spans)) for run in runs))
    stopped = False
    try:
        for run in runs:
            # one step per iteration; what follows them, the scores of the set that was found, is not needed
            steps = islice(run.explainer().stream(target), iterations)
            y = [step.log_prob for step in steps if isinstance(step, SearchStep)]
            title = EXPLAINERS[run.method].title
            yield {"type": "curve", "method": run.method, "title": title, "seed": run.seed, "y": y}
    except Stopped:
        stopped = True
    notes = [] if stopped else [*flat_notes(target)]
    yield {"type": "converged", "stopped": stopped, "notes": notes}


def removed_sets(
    request: ComparisonRequest, method: str, target: ResponseTarget, most: int
) -> Iterator[Mask]:
    """The set that a method removes for each k = 1 … most. Scores are the same for every k, so a method that
    only scores runs once; a search runs for each."""
    if _only_scores(method):
        scores = request.single(method, k=1).explainer().attribute(target)
        yield from (top_k_mask(scores, k) for k in range(1, most + 1))
    else:
        for k in range(1, most + 1):
            yield request.single(method, k=k).explainer().explain(target).mask


def _only_scores(method: str) -> bool:
    return EXPLAINERS[method].stream is Explainer.stream


def _random_points(request: ComparisonRequest, target: ResponseTarget, most: int) -> Iterator[PointEvent]:
    for k in range(1, most + 1):
        masks = random_masks(len(target.spans), k, request.draws, request.seed)
        values = interval(_ratios(target, masks))
        yield {
            "type": "point",
            "method": "random",
            "k": k,
            "probability_ratio": values["mean"],
            "low": values["low"],
            "high": values["high"],
        }


def _ratios(target: ResponseTarget, masks: list[Mask]) -> list[float]:
    full, *masked = target.log_prob(torch.tensor([target.full_mask(), *masks])).tolist()
    return [probability_ratio(full, value, target.length) for value in masked]


def _sweep_passes(request: ComparisonRequest, most: int, spans: int) -> int:
    """About how many sequences the sweep sends through the model."""
    passes = most * (request.draws + len(request.methods))
    for method in request.methods:
        sizes = [1] if _only_scores(method) else range(1, most + 1)
        passes += sum(request.single(method, k=k).explainer().passes(spans) for k in sizes)
    return passes
