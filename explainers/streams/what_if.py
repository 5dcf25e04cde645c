"""Questions put to an explained generation: what if other spans were removed, what do they do together, and
why not another answer.

The target is rebuilt from the explanation; what has been evaluated is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from explainers.core.deferred_torch import torch
from explainers.core.deployment import deployment
from explainers.core.errors import MaskwiseError
from explainers.core.target import Target
from explainers.core.types import Mask, OnForward, mask_without
from explainers.core.unicode import whole_characters
from explainers.measures.effect_sentences import describe_joint, describe_why_not, joint_kind
from explainers.measures.interactions import pairwise_interactions
from explainers.measures.text import probability_ratio
from explainers.models.loaded import LoadedModel
from explainers.streams.events.generation import MaskedResponseEvent
from explainers.streams.events.what_if import JointEffect, Removal, WhyNot
from explainers.streams.rebuilt import answer_ids, check_removed, knowing_target, request_of, target_of
from explainers.streams.report import span_values
from explainers.streams.requests.checks import check_text
from explainers.streams.requests.generation import GenerationRequest
from explainers.streams.writing import masked_response_event, write_answer
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import decode_pieces, encode_in_place

MOST_JOINT = 20  # spans whose joint effect is measured
PAIR_EVALUATIONS = 4000  # about as many masks a matrix of pairs may cost where it is sampled
MOST_SAMPLES = 64


def removal(
    explanation: dict,
    removed: list[int],
    on_forward: OnForward | None = None,
    loaded: LoadedModel | None = None,
    others: Sequence[list[int]] = (),
) -> Removal:
    """What the answer loses without these spans (their numbers): log p in nats, whole and token by token.

    others: sets that will be asked for next; they are evaluated in the same passes.
    """
    target = target_of(explanation, on_forward, loaded)
    removed = check_removed(removed, target.spans)
    sets = [removed, *(check_removed(other, target.spans) for other in others)]
    target.know_tokens([target.full_mask(), *(_without(target, each) for each in sets)])
    before, after = (target.token_log_probs(m) for m in (target.full_mask(), _without(target, removed)))
    start, end = target.part
    whole, masked = sum(before[start:end]), sum(after[start:end])
    rows = zip(decode_pieces(target.tokenizer, target.response_ids), before, after, strict=True)
    return {
        "removed": removed,
        "log_prob": whole,
        "log_prob_masked": masked,
        "probability_ratio": probability_ratio(whole, masked, target.length),
        "response_tokens": [{"text": text, "log_prob": b, "log_prob_masked": a} for text, b, a in rows],
    }


def rewrite(
    explanation: dict, removed: list[int], on_forward: OnForward | None = None
) -> Iterator[MaskedResponseEvent]:
    """What the model answers without these spans, as `masked_response` events, the last the whole text."""
    target = target_of(explanation, on_forward)
    embeds = target.kept_embeds(_without(target, check_removed(removed, target.spans)))
    most = request_of(explanation).max_new_tokens
    ids = yield from write_answer(target.loaded, embeds, most, target.on_forward, masked_response_event)
    if not ids:
        yield masked_response_event("")


def joint_effect(explanation: dict, removed: list[int], on_forward: OnForward | None = None) -> JointEffect:
    """The joint effect of these spans (their numbers) on the answer, as by `joint_effect_on`."""
    unit = explanation.get("granularity", "word")
    return joint_effect_on(target_of(explanation, on_forward), removed, unit)


def joint_effect_on(target: Target, removed: list[int], unit: str) -> JointEffect:
    """The drop in log p of the whole set beside the drops of its members one by one. unit: what a span is."""
    removed = check_removed(removed, target.spans)
    if len(removed) > MOST_JOINT:
        raise MaskwiseError(f"The joint effect is measured for up to {MOST_JOINT} spans. Remove fewer.")
    sets = [[], removed, *([t] for t in removed)]
    before, *after = target.log_prob(torch.tensor([_without(target, chosen) for chosen in sets])).tolist()
    together, *singles = (before - value for value in after)
    pairs, exact = _pairs(target, removed)
    total = sum(singles)
    return {
        "removed": removed,
        "together": together,
        "singles": singles,
        "sum": total,
        "difference": together - total,
        "kind": joint_kind(together, total),
        "pairs": pairs,
        "exact": exact,
        "sentences": describe_joint([target.spans[t].text for t in removed], unit, together, total, pairs),
    }


def why_not(explanation: dict, other: str, on_forward: OnForward | None = None) -> WhyNot:
    """Which spans speak for the answer that was given, and which for another one.

    Where a part of the answer is explained, the other text stands in for it.
    """
    given = target_of(explanation, on_forward)
    foil = _foil(given, other, request_of(explanation), on_forward)
    count = len(given.spans)
    masks = torch.cat([torch.ones(1, count), 1 - torch.eye(count)]).long()  # all kept, then one removed
    for_given, for_other = given.log_prob(masks), foil.log_prob(masks)  # (1 + T,)
    scores = ((for_given[0] - for_given[1:]) - (for_other[0] - for_other[1:])).tolist()
    rows = list(zip(span_values(given.spans), scores, strict=True))
    log_probs, tokens = (for_given[0].item(), for_other[0].item()), (given.length, foil.length)
    return {
        "other": other,
        "log_prob": log_probs[0],
        "log_prob_other": log_probs[1],
        "spans": [{**span, "score": score} for span, score in rows],
        "sentence": describe_why_not([(span["text"], score) for span, score in rows], log_probs, tokens),
    }


def _foil(given: ResponseTarget, other, asked: GenerationRequest, on_forward) -> ResponseTarget:
    """The target of another answer, or of another text in the place of the part that is explained."""
    other = whole_characters(other)
    check_text("The other answer", other, deployment().chars)
    if not other.strip():
        raise MaskwiseError("The other answer is empty. Type what the model might have said instead.")
    (start, end), ids = given.part, given.response_ids
    if given.is_whole():
        ids, part = answer_ids(other, asked, given.prompt, given.loaded), None
    else:
        before = (*given.prompt.input_ids, *ids[:start])
        ids = ids[:start] + tuple(encode_in_place(given.tokenizer, before, ids[start], other))
        part = (start, len(ids))
    if ids == given.response_ids[:end]:
        raise MaskwiseError("This is the answer that was given. Type another one.")
    return knowing_target(given.loaded, given.prompt, ids, part, given.operator, on_forward)


def _pairs(target: Target, removed: list[int]) -> tuple[list[list[float]], bool]:
    """Interactions of the removed spans, k × k, and whether they are exact."""

    def value(chosen: torch.Tensor) -> torch.Tensor:
        masks = torch.ones(len(chosen), len(target.spans), dtype=torch.long)
        masks[:, removed] = chosen.long().cpu()
        return target.log_prob(masks)

    n = len(removed)
    samples = min(MOST_SAMPLES, PAIR_EVALUATIONS // (1 + n + n * (n - 1) // 2))  # masks that a sample costs
    matrix, exact = pairwise_interactions(value, n, samples=samples)
    return matrix.tolist(), exact


def _without(target: Target, removed: list[int]) -> Mask:
    return mask_without(len(target.spans), set(removed))
