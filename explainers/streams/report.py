"""What a target and a method's findings say as plain JSON values: spans, measures, provenance."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

from explainers.core.base import EXPLAINERS
from explainers.core.deferred_torch import torch
from explainers.core.types import Explanation, Mask, MetricScore, TokenSpan
from explainers.measures.faithfulness import FaithfulnessCurve
from explainers.measures.text import METRICS, kl_divergence, kl_published, probability_ratio, text_metrics
from explainers.streams.events.classification import Curve
from explainers.streams.events.generation import Metric, ResponseToken, UnprovedSets
from explainers.streams.events.shared import InteractingSet, Provenance, ScoredSpan, Span
from explainers.targets.base import ModelTarget, dtype_name
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import decode_answer, decode_pieces

LIBRARIES = ("torch", "transformers", "captum", "sacrebleu", "rouge-score", "sentence-transformers")


@dataclass(frozen=True)
class RemovalReport:
    """An answer with the whole prompt and without the removed spans; None where the latter was not written.
    cut_off: it was not written to its end, and has no text measures.

    log_prob, log_prob_masked (nats), probability_ratio and KL are those of the part that is explained; the
    text measures and response_tokens those of the whole response.
    """

    response: str
    masked_response: str | None
    response_tokens: list[ResponseToken]
    log_prob: float
    log_prob_masked: float
    probability_ratio: float
    metrics: list[Metric]
    cut_off: bool = False

    def is_whole(self) -> bool:
        return self.masked_response is not None and not self.cut_off


def report(
    target: ResponseTarget, mask: Mask, masked_response: str | None, cut_off: bool = False
) -> RemovalReport:
    """masked_response: the answer without the removed spans, None where it was not written. Its text measures
    are left out there, and where it was cut off."""
    kept, masked = (target.next_token_log_probs(each) for each in (target.full_mask(), mask))
    before, after = (distribution.gather(1, target.response_column()) for distribution in (kept, masked))
    log_prob, log_prob_masked = (values[slice(*target.part)].sum().item() for values in (before, after))
    metrics = removal_metrics(target, kept, masked, None if cut_off else masked_response)
    return RemovalReport(
        response=decode_answer(target.tokenizer, target.response_ids),
        masked_response=masked_response,
        response_tokens=_response_tokens(target, before, after),
        log_prob=log_prob,
        log_prob_masked=log_prob_masked,
        probability_ratio=probability_ratio(log_prob, log_prob_masked, target.length),
        metrics=[{"name": m.name, "value": m.value, "lower_is_better": m.lower_is_better} for m in metrics],
        cut_off=cut_off,
    )


def removal_metrics(
    target: ResponseTarget, kept: torch.Tensor, masked: torch.Tensor, masked_response: str | None
) -> list[MetricScore]:
    """All measures of one removal; those of the text only where the masked response was written.

    kept, masked: (R, V), next-token log-probabilities at the whole response, before and after. Probability
    ratio and KL are taken over the part that is explained.
    """
    part = slice(*target.part)
    kept, masked, column = kept[part], masked[part], target.response_column()[part]
    before, after = (distribution.gather(1, column)[:, 0] for distribution in (kept, masked))
    response = decode_answer(target.tokenizer, target.response_ids)
    ratio = probability_ratio(before.sum().item(), after.sum().item(), len(before))
    return [
        *([] if masked_response is None else text_metrics(response, masked_response)),
        MetricScore("probability_ratio", ratio, METRICS["probability_ratio"]),
        MetricScore("kl", kl_divergence(masked, kept), METRICS["kl"]),
        MetricScore("kl_published", kl_published(before, after), METRICS["kl_published"]),
    ]


def provenance(target: ModelTarget, explanation: Explanation) -> Provenance:
    """Which model, method and versions made a result."""
    method = EXPLAINERS[explanation.method]
    return {
        "model": target.loaded.name,
        "revision": target.loaded.revision,
        "device": str(target.device),
        "dtype": dtype_name(target.loaded.dtype),
        "title": method.title,
        "reference": method.reference,
        "score_meaning": explanation.score_meaning or method.score_meaning,
        "versions": {"python": platform.python_version()} | library_versions(),
    }


@cache
def library_versions() -> dict[str, str]:
    """By their names, read from the disk once."""
    return {name: version(name) for name in LIBRARIES}


def span_values(spans: tuple[TokenSpan, ...]) -> list[Span]:
    return [{"text": span.text, "start": span.chars[0], "end": span.chars[1]} for span in spans]


def scored_spans(explanation: Explanation) -> list[ScoredSpan]:
    rows = zip(span_values(explanation.spans), explanation.scores, explanation.mask, strict=True)
    scored: list[ScoredSpan] = [{**span, "score": score, "removed": not kept} for span, score, kept in rows]
    for span, *hops in zip(scored, *explanation.hops, strict=True):
        if hops:
            span["hops"] = hops
    return scored


def curve_values(curve: FaithfulnessCurve) -> Curve:
    return {"fractions": list(curve.fractions), "values": list(curve.values), "score": curve.score}


def interacting_sets(explanation: Explanation) -> list[InteractingSet]:
    return [{"members": list(each.members), "nats": each.nats} for each in explanation.interactions]


def unproved_sets(explanation: Explanation) -> UnprovedSets | None:
    if (unproved := explanation.unproved) is None:
        return None
    return {"left": unproved.left, "wanted": unproved.wanted, "options": unproved.options}


def _response_tokens(
    target: ResponseTarget, before: torch.Tensor, after: torch.Tensor
) -> list[ResponseToken]:
    """before, after: log p of each token, (R, 1)."""
    pieces = decode_pieces(target.tokenizer, target.response_ids)
    rows = zip(target.response_ids, pieces, before[:, 0].tolist(), after[:, 0].tolist(), strict=True)
    return [{"id": i, "text": text, "log_prob": b, "log_prob_masked": a} for i, text, b, a in rows]
