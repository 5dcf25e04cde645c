"""LRP-XAI: layer-wise relevance propagation for transformers, as gradient × input under changed rules."""

from __future__ import annotations

from explainers.core.base import Explainer, register
from explainers.core.deferred_torch import torch
from explainers.core.types import Task
from explainers.targets.gradients import check_gradients
from explainers.targets.label import LabelTarget


@register
class LrpXai(Explainer[LabelTarget]):
    """R_i = Σ_d x_i,d · ∂f_c/∂x_i,d, with attention probabilities and LayerNorm's σ held constant.

    x is what the first layer reads, so that the embeddings' own LayerNorm stays outside. Relevance is
    conserved (ΣR = f_c) but for what biases absorb. A span's score sums its positions.
    """

    title = "LRP-XAI"
    reference = "Ali et al. 2022, arXiv 2202.07304"
    tasks = frozenset({Task.CLASSIFICATION})
    score_meaning = "The part of the class's score that flows back to this span."

    def passes(self, spans):
        return 1

    def attribute(self, target: LabelTarget) -> torch.Tensor:
        relevance, score = propagate(target)
        self.notes.append(conservation(relevance.sum().item(), score))
        return target.pool(relevance)


def propagate(target: LabelTarget) -> tuple[torch.Tensor, float]:
    """Relevance of every position of the unmasked prompt, (L,), and the class's score f_c."""
    from explainers.models.lrp_rules import lrp_rules  # here, because its tables need torch

    check_gradients(target.model)
    embeds = target.embeds()[None].requires_grad_()  # (1, L, d)
    rules = lrp_rules(target.model.config.model_type)
    output = target.forward(embeds, eager=True, within=rules, output_hidden_states=True)
    inputs = output.hidden_states[0]  # (1, L, d)
    score = target.class_score(output).sum()
    (gradient,) = torch.autograd.grad(score, inputs)
    return (gradient * inputs)[0].detach().float().sum(-1).cpu(), score.item()


def conservation(total: float, score: float) -> str:
    """How much of the class's score the relevance of all positions accounts for, in a sentence."""
    ratio = f"{total / score:.2f}" if score else "undefined"
    return (
        f"Relevance of all positions, template included, adds up to {total:.2f}; the class's score f is "
        f"{score:.2f} (ΣR/f = {ratio}). Biases take up the rest."
    )
