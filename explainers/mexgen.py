"""MExGen: parts of a prompt from coarse to fine, by what removing them changes of log p or of the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

from explainers.core import base
from explainers.core.base import Explainer, option, register
from explainers.core.coarse_to_fine import COARSE, MOST_PARTS, PHRASE, Part, finer, sentences
from explainers.core.deferred_torch import torch
from explainers.core.types import Task
from explainers.models.builtin import sentence_encoder
from explainers.targets.answers.decoding import masked_answers
from explainers.targets.base import as_masks
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import decode_answer

WORDS = 24  # that are removed one by one; a longer prompt begins with sentences
AT_ONCE = 2  # parts that a mask removes at most
DECIMALS = 6  # of a weight: what is less is rounding, which differs from machine to machine

Scalariser = Callable[["torch.Tensor"], "torch.Tensor"]  # masks, (B, T) → what they leave, (B,)


@register
class MExGen(Explainer[ResponseTarget]):
    """C-LIME: a linear model of what masks leave that remove one part of the prompt or two.

    Parts are words in a prompt of up to 24; else sentences, then phrases of those that weigh most, then their
    words. A span whose part is not looked into has an even share of the part's weight. What a mask leaves is
    log p of the answer, or, as where a model gives no probabilities, how similar the answer written without
    the removed parts is to the answer. The masks of each size (none, one or two parts removed) weigh the same
    in all; the authors' weights within C-LIME were not at hand.
    """

    title = "MExGen (C-LIME)"
    reference = "Monteiro Paes et al. 2025, arXiv 2403.14459"
    tasks = frozenset({Task.GENERATION})
    score_meaning = (
        "This span's weight in a linear model: nats of log p, or for sentence_bert the cosine that is lost."
    )

    @dataclass(frozen=True)
    class Options(base.Options):
        scalariser: str = option(
            "log_prob",
            "What is compared",
            "log_prob: of the answer. sentence_bert: the cosine of the answers written with and without the "
            "removed parts, which needs no probabilities but an answer per mask.",
            choices=("log_prob", "sentence_bert"),
        )
        per_part: int = option(10, "Masks per part", "At most.", minimum=1, maximum=50)
        answer_tokens: int = option(
            24, "Tokens per answer", "Of sentence_bert: a pass each for every mask.", minimum=1, maximum=200
        )

    def passes(self, spans):
        parts = spans if spans <= WORDS else MOST_PARTS + int(COARSE * WORDS / PHRASE) + WORDS
        tokens = 1 if self.options.scalariser == "log_prob" else self.options.answer_tokens
        return (1 + self.options.per_part * parts) * tokens

    def attribute(self, target: ResponseTarget) -> torch.Tensor:
        o, spans = self.options, len(target.spans)
        scalariser: Scalariser = target.log_prob
        if o.scalariser == "sentence_bert":
            scalariser = similarity_to_answer(target, o.answer_tokens)
        generator = torch.Generator().manual_seed(o.seed)
        scores = torch.zeros(spans, dtype=torch.float64)
        rounds = [[[t] for t in range(spans)] if spans <= WORDS else sentences(target.spans)]
        while True:
            parts = rounds[-1]
            weights = part_weights(scalariser, parts, spans, o.per_part, generator)
            for part, weight in zip(parts, weights.tolist(), strict=True):
                scores[part] = weight / len(part)
            if all(len(part) == 1 for part in parts):
                self.notes.append(rounds_note(rounds, spans))
                return scores
            rounds.append(finer(parts, (-weights).tolist(), WORDS, o.k))


def rounds_note(rounds: list[list[Part]], spans: int) -> str:
    """What was weighed, from coarse to fine, in sentences. rounds: the parts of each."""
    *coarser, last = rounds
    if not coarser:
        return f"Each of the {spans} spans was weighed by itself." if spans > 1 else "There is one span."
    weighed = ", then ".join(f"{len(parts)} parts of up to {max(map(len, parts))} spans" for parts in coarser)
    return (
        f"Weighed were {weighed}, then {len(last)} spans one by one. Each of the other {spans - len(last)} "
        "spans has an even share of its part's weight."
    )


def part_weights(
    scalariser: Scalariser, parts: list[Part], spans: int, per_part: int, generator: torch.Generator
) -> torch.Tensor:
    """Weight of each part in the linear model of the scalariser, (U,). per_part: masks for each, at most."""
    from sklearn.linear_model import LinearRegression  # only when needed: it takes seconds to import

    kept = kept_parts(len(parts), per_part, generator)  # (N, U)
    belongs = torch.zeros(len(parts), spans, dtype=torch.long)
    for row, part in enumerate(parts):
        belongs[row, part] = 1
    values = scalariser(1 - (1 - kept) @ belongs)
    sizes = (1 - kept).sum(1)  # removed parts, (N,)
    alike = sizes.bincount()[sizes]  # masks of the same size, which weigh the same in all, (N,)
    model = LinearRegression().fit(kept.numpy(), values.numpy(), sample_weight=1 / alike.numpy())
    return torch.from_numpy(model.coef_).round(decimals=DECIMALS)


def kept_parts(parts: int, per_part: int, generator: torch.Generator) -> torch.Tensor:
    """Masks over parts, (N, U): all kept, each one removed, then random pairs up to per_part · U in all."""
    pairs = list(combinations(range(parts), AT_ONCE))
    drawn = torch.randperm(len(pairs), generator=generator)[: (per_part - 1) * parts]
    removed: list[tuple[int, ...]] = [(), *((u,) for u in range(parts)), *(pairs[n] for n in drawn.tolist())]
    kept = torch.ones(len(removed), parts, dtype=torch.long)
    for row, gone in enumerate(removed):
        kept[row, list(gone)] = 0
    return kept


def similarity_to_answer(target: ResponseTarget, tokens: int) -> Scalariser:
    """The scalariser for answers without probabilities: the cosine of SentenceBERT's embeddings of the answer
    to the masked prompt and of the answer, both of that many tokens at most. −1 to 1."""
    answer = decode_answer(target.tokenizer, target.response_ids[:tokens])

    def similarity(masks: torch.Tensor) -> torch.Tensor:
        texts = masked_answers(target, as_masks(masks), tokens)
        # The answer, then the texts: (1 + B, d).
        encoded = sentence_encoder().encode(
            [answer, *texts], normalize_embeddings=True, show_progress_bar=False
        )
        return torch.from_numpy(encoded[1:] @ encoded[0]).double()

    return similarity
