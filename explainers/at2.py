"""AT2: attention heads, weighted by what removals taught about each of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from explainers.core.base import Explainer, register
from explainers.core.deferred_torch import no_grad, torch
from explainers.core.errors import MaskwiseError, shown
from explainers.core.types import Task
from explainers.models.attentions import attentions_of
from explainers.models.copies.variants import with_eager_attention
from explainers.models.loaded import LoadedModel
from explainers.models.memory import available_bytes
from explainers.targets.encoder_decoder.scorer import check_decoder_only
from explainers.targets.remembered import check_finite
from explainers.targets.response import ResponseTarget

FOLDER = Path(__file__).parent.parent / "assets" / "at2"
BYTES = 4  # of an attention probability


@dataclass(frozen=True)
class HeadWeights:
    """What was learned about a model's attention heads, and how well it serves on prompts kept apart.

    model, revision: as of LoadedModel. weights: (layers, H), without a unit. prompts, masks: how many
    prompts they were fitted to, and random masks per prompt. held_out: how many prompts were kept apart.
    correlations: means over those of Pearson's r, of the drops in log p and the sums of the removed spans'
    scores, by the name of what scores.
    """

    model: str
    revision: str
    weights: list[list[float]]
    prompts: int
    masks: int
    held_out: int
    correlations: dict[str, float]


@register
class At2(Explainer[ResponseTarget]):
    """score_t = Σ_h θ_h · mean_s Σ_{i in span t} A^h_{s,i}: the attention that the answer's tokens s pay to a
    span, weighted by head.

    The weights θ are learned once per model, so that over random masks of many prompts the sum of the removed
    spans' scores correlates with the drop in log p (Pearson's r, averaged over prompts). One pass explains.
    `python -m benchmarks.at2_weights` learns them. Attention is read of the prompt as it stands, whatever the
    operator; masks are those of the operator "zero", where the paper drops sources.
    """

    title = "AT2: learned attention"
    reference = "Cohen-Wang et al. 2025, arXiv 2504.13752"
    tasks = frozenset({Task.GENERATION})
    score_meaning = (
        "The attention that the answer pays to this span, each head weighted by what removals taught about "
        "it. No unit."
    )

    def plan(self, target: ResponseTarget) -> str:
        weights_for(target.loaded)
        return ""

    def passes(self, spans):
        return 1

    def attribute(self, target: ResponseTarget) -> torch.Tensor:
        check_decoder_only(target.model, self.title)
        learned = weights_for(target.loaded)
        paid = attention_paid(target)  # (layers, H, T)
        self.notes.append(how_far(learned))
        return (torch.tensor(learned.weights)[..., None] * paid).sum((0, 1))


def weights_for(loaded: LoadedModel) -> HeadWeights:
    """Raises MaskwiseError for a model whose heads nothing is known of."""
    for learned in all_weights():
        if (learned.model, learned.revision) == (loaded.name, loaded.revision):
            return learned
    known = " or ".join(sorted({learned.model for learned in all_weights()}))
    raise MaskwiseError(
        f"AT2 has learned nothing of the attention heads of {shown(loaded.name)} in this version. Choose "
        f"{known}, or another method; or let it learn: python -m benchmarks.at2_weights --model NAME."
    )


@cache
def all_weights() -> tuple[HeadWeights, ...]:
    return tuple(
        HeadWeights(**json.loads(path.read_text(encoding="utf-8"))) for path in sorted(FOLDER.glob("*.json"))
    )


@no_grad
def attention_paid(target: ResponseTarget) -> torch.Tensor:
    """What the explained tokens pay to each span, their mean, (layers, H, T).

    A token's attention is that of the position which predicts it. Raises MaskwiseError where the
    probabilities of all layers would not fit in memory.
    """
    start, end = target.part
    length = len(target.prompt.input_ids)
    ids = torch.tensor([[*target.prompt.input_ids, *target.response_ids[: end - 1]]], device=target.device)
    check_room(target, ids.shape[1])
    target.evaluations += 1
    target.count(1)
    model = with_eager_attention(target.model)
    output = model(input_ids=ids, output_attentions=True, use_cache=False)
    rows = [each[0, :, length - 1 + start :, :length].mean(1) for each in attentions_of(output, model)]
    paid = torch.stack(rows).float().cpu()  # (layers, H, L)
    check_finite(paid)
    return torch.stack([paid[..., list(span.positions)].sum(-1) for span in target.spans], -1)


def check_room(target: ResponseTarget, length: int) -> None:
    config = target.model.config.get_text_config()
    needed = config.num_hidden_layers * config.num_attention_heads * length**2 * BYTES
    if needed > available_bytes(target.device) / 2:
        raise MaskwiseError(
            f"The attention of {length:,} tokens takes {needed / 1e9:.1f} GB, more than there is room for. "
            "Shorten the prompt or the answer, or choose another method."
        )


def how_far(learned: HeadWeights) -> str:
    """How far these scores may be trusted, in a sentence."""
    found = learned.correlations
    return (
        f"Learned from {learned.masks} removals from each of {learned.prompts} prompts. "
        f"On {learned.held_out} others, the drop in log p and the sum of the removed words' scores correlate "
        f"with r = {found['at2']:.2f}; with {found['mean_attention']:.2f} where all heads count alike, and "
        f"{found['feature_ablation']:.2f} where each word is scored by its own removal, a pass per word."
    )
