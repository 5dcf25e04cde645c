"""AttnLRP: layer-wise relevance propagation through attention, as gradient × input under changed rules."""

from __future__ import annotations

from explainers.core.base import Explainer, register
from explainers.core.deferred_torch import torch
from explainers.core.types import Task
from explainers.models.copies.variants import with_eager_attention
from explainers.models.fast_fp32 import fast_fp32
from explainers.targets.causal.model import CausalModel
from explainers.targets.encoder_decoder.scorer import check_decoder_only
from explainers.targets.gradients import check_gradients
from explainers.targets.remembered import check_finite
from explainers.targets.response import ResponseTarget


@register
class AttnLrp(Explainer[ResponseTarget]):
    """R_i = Σ_d x_i,d · ∂f/∂x_i,d under AttnLRP's rules; f = Σ_s z(y_s), the logits of the explained tokens.

    The paper explains one logit; an answer's tokens are explained together, each given those before it, so
    that one pass forward and one back are enough. A span's score sums its positions.
    """

    title = "AttnLRP"
    reference = (
        "Achtibat et al. 2024, arXiv 2402.05602. Written from the paper's rules alone: the licence of the "
        "authors' code grants no patents, so none of it is used"
    )
    tasks = frozenset({Task.GENERATION})
    score_meaning = "The part of the answer's logits that flows back to this span."

    def passes(self, spans):
        return 1

    def attribute(self, target: ResponseTarget) -> torch.Tensor:
        check_decoder_only(target.model, self.title)
        relevance, logit = propagate(target)
        scores = target.pool(relevance)
        self.notes.append(conservation(scores.sum().item(), relevance.sum().item(), logit))
        return scores


def propagate(target: ResponseTarget) -> tuple[torch.Tensor, float]:
    """Relevance of every position of the prompt and of the answer but its last token, (L + R − 1,), and f."""
    from explainers.models.lrp_rules import attn_lrp_rules  # here, because its tables need torch

    check_gradients(target.model)
    rules = attn_lrp_rules(target.model.config)
    causal = CausalModel(with_eager_attention(target.model))
    start, end = target.part
    ids = torch.tensor([target.response_ids[:end]], device=target.device)
    inputs = torch.cat([target.masked.inputs[None], target.masked.token_inputs.of(ids[:, :-1])], 1)
    inputs = inputs.detach().requires_grad_()  # (1, L + R - 1, d)
    target.evaluations += 1
    target.count(1)
    with fast_fp32(target.device), rules:
        logits = causal.logits(inputs, end - start, use_cache=False)  # (1, S, V)
        logit = logits.gather(-1, ids[:, start:, None]).sum()
    (gradient,) = torch.autograd.grad(logit, inputs)
    check_finite(gradient)
    return (gradient * inputs)[0].detach().float().sum(-1).cpu(), logit.item()


def conservation(spans: float, total: float, logit: float) -> str:
    """How much of f the relevance of the spans and of all positions accounts for, in a sentence."""
    return (
        f"The answer's logits add up to {logit:.2f}. {spans:.2f} of that flows back to the spans, and "
        f"{total - spans:.2f} to the template and to the answer's own tokens. Biases, and the constant of "
        "each softmax, take up the rest."
    )
