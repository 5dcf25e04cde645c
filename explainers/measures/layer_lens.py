"""What the MLM head reads at every token: after the last layer, and after each layer on the way there."""

from __future__ import annotations

from dataclasses import dataclass

from explainers.core.deferred_torch import no_grad, torch
from explainers.targets.label import LabelTarget
from explainers.targets.mlm_head import MlmReader

TOP_WORDS = 5


@dataclass(frozen=True, slots=True)
class TokenReading:
    """What the MLM head reads at one position. words: the likeliest with their probabilities.

    span: index of the span the position belongs to, None in the template. class_shares: one of C, sum 1.
    """

    token: str
    span: int | None
    words: tuple[tuple[str, float], ...]
    class_shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LayerLens:
    """PromptExplainer's Figure 5. tokens and spans: L, as in TokenReading.

    words and ranks: one row per layer, from the embeddings (0) to the last, and L values in each: the word
    that the MLM head decodes there, and the place (1 the first) of the word that the last layer decodes.
    """

    tokens: tuple[str, ...]
    spans: tuple[int | None, ...]
    words: tuple[tuple[str, ...], ...]
    ranks: tuple[tuple[int, ...], ...]


@no_grad
def token_readings(target: LabelTarget, top: int = TOP_WORDS) -> tuple[TokenReading, ...]:
    """The last layer's reading of each of the L positions, in one pass."""
    head = target.forward().logits[0]  # (L, V), or (L, d) where the verbalizer reads hidden states
    shares = target.class_log_probs_from_logits(head).exp().tolist()
    logits = target.model.get_output_embeddings()(head) if target.verbalizer.reads_hidden else head
    best = logits.float().softmax(-1).topk(top)
    rows = zip(
        _tokens(target), _spans(target), best.indices.tolist(), best.values.tolist(), shares, strict=True
    )
    return tuple(
        TokenReading(token, span, tuple(zip(_decode(target, ids), values, strict=True)), tuple(of_class))
        for token, span, ids, values, of_class in rows
    )


@no_grad
def layer_lens(target: LabelTarget) -> LayerLens:
    """What the MLM head reads after every layer: one pass of the model, and one of the head per layer."""
    states = target.forward(output_hidden_states=True).hidden_states
    norm = getattr(target.model.base_model, "final_norm", torch.nn.Identity())
    states = [*(norm(state) for state in states[:-1]), states[-1]]  # the last is given normalised
    read = MlmReader(target.loaded).head
    final = read(states[-1])[0].argmax(-1)  # (L,)
    words, ranks = zip(*(_decode_layer(target, read(state)[0], final) for state in states), strict=True)
    return LayerLens(_tokens(target), _spans(target), words, ranks)


def _decode_layer(target: LabelTarget, logits: torch.Tensor, final: torch.Tensor) -> tuple[tuple, tuple]:
    """Words and ranks of one layer; logits (L, V), final (L,)."""
    ranks = 1 + (logits > logits.gather(1, final[:, None])).sum(-1)
    return _decode(target, logits.argmax(-1).tolist()), tuple(ranks.tolist())


def _tokens(target: LabelTarget) -> tuple[str, ...]:
    return _decode(target, target.prompt.input_ids)


def _decode(target: LabelTarget, ids) -> tuple[str, ...]:
    """The text of each token by itself, without the space before it."""
    return tuple(str(target.tokenizer.decode([token])).strip() for token in ids)


def _spans(target: LabelTarget) -> tuple[int | None, ...]:
    owner = {position: t for t, span in enumerate(target.spans) for position in span.positions}
    return tuple(owner.get(position) for position in range(len(target.prompt.input_ids)))
