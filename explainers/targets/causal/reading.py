"""How a model may be read: tried out on a few tokens, against the slow way that is right for every kind."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from explainers.core.deferred_torch import no_grad, torch
from explainers.core.errors import MaskwiseError
from explainers.models.loaded import embedded_tokens
from explainers.targets.batching import is_out_of_memory
from explainers.targets.causal.cache import Cache, cache_arguments, is_croppable
from explainers.targets.causal.logits import Readout, readout_on
from explainers.targets.causal.token_inputs import TokenInputs

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TRIED, HEAD, GONE = 8, 2, (3, 4)  # tokens, how many of them are shared, and those that are removed
FP32_ERROR, HALF_ERROR = 1e-4, 0.05  # largest error of logits, as a share of their root mean square
HIDING_ERROR = 0.01  # of hiding in half precision: what MPT's distances make of it, 0.03, is no rounding
# Most kinds make 4 to 9 steps of one on their embeddings, and are off by up to 31 (see docs/decisions.md).
ROUNDING, AMPLIFIED = 60.0, 8.0
EXPERTS = re.compile("Expert|MoE|MOE|MoeBlock")  # modules that each word is sent to by scores
FAILURES = (TypeError, ValueError, AttributeError, RuntimeError, IndexError)  # of a forward pass

READS_ON = (
    "This {} model reads words that come later, so it has no log p of an answer token by token. Choose a "
    "model that writes text from left to right."
)
ROUNDS_TOGETHER = (
    "The way in which this model is quantized rounds all words of a text together, so that what it says of "
    "one word hangs on those that come later. Choose the model it was made from."
)

known_readings: WeakKeyDictionary[PreTrainedModel, Reading] = WeakKeyDictionary()
known_roundings: WeakKeyDictionary[PreTrainedModel, float] = WeakKeyDictionary()


@dataclass(frozen=True)
class Reading:
    """What of the fast ways gives what the slow way gives: the whole prompt, one sequence, no cache.

    readout: from last hidden states to logits; None where only the model's own forward pass knows them.
    caches: a forward pass returns a cache. shares: several sequences may go on from a copy of one's cache.
    crops: and from the first part of it, whatever came after.
    hides: a removed position may stay in place, hidden from attention, with those behind it moved up.
    """

    readout: Readout | None
    caches: bool
    shares: bool
    crops: bool
    hides: bool


PLAIN = Reading(readout=None, caches=False, shares=False, crops=False, hides=False)


def reading_of(model: PreTrainedModel) -> Reading:
    """Tried once per model; raises MaskwiseError where not even the slow way is right."""
    if model not in known_readings:
        known_readings[model] = _Trial(model).reading()
    return known_readings[model]


def is_tried(model: PreTrainedModel) -> bool:
    return model in known_readings


class _Trial:
    """Reads a few tokens in each way, once."""

    def __init__(self, model: PreTrainedModel):
        self._model, self._inputs, self.kind = model, TokenInputs(model), model.config.model_type
        self._rest = torch.tensor([n for n in range(TRIED) if n not in GONE], device=model.device)
        self._ids = tried_ids(model)

    @no_grad
    def reading(self) -> Reading:
        whole = self._plain(self._ids)
        embeds = self._inputs.of(self._ids)
        read = self._try(lambda: self._logits(embeds, use_cache=False))
        if whole.isfinite().all():
            short = self._plain(self._ids[:, self._rest])
            self._check(whole, short)
        elif read is not None:
            return PLAIN  # what is scored says so, in a sentence of its own
        if read is None or not self._same(read, whole):
            raise MaskwiseError(
                f"{self.kind} models read more of a word than its embedding, so none can be removed from "
                "what they read. Choose a model of another kind."
            )
        readout = self._try(lambda: readout_on(self._model, self._inputs.arguments(embeds), whole))
        cache = self._try(lambda: self._cache(embeds[:, :HEAD]))
        shares = cache is not None and bool(self._try(lambda: self._shares(embeds, cache, whole)))
        hides = bool(self._try(lambda: self._hides(embeds, cache if shares else None, short)))
        # Quantized layers may round what flows between them, which makes more of hiding's tiny differences.
        hides = hides and not is_quantized(self._model)
        crops = shares and is_croppable(cache)
        return Reading(readout or None, cache is not None, shares, crops, hides)

    def _plain(self, ids: torch.Tensor) -> torch.Tensor:
        """Logits of token ids, (1, L) → (1, L, V); raises MaskwiseError where the model cannot be run."""
        try:
            return self._model(input_ids=ids, use_cache=False).logits.float()
        except FAILURES as error:
            if is_out_of_memory(error):
                raise
            choose = "Load it in fp32, or choose" if _is_half(self._model) else "Choose"
            raise MaskwiseError(
                f"This {self.kind} model cannot be run on a text alone. {choose} a model of another kind."
            ) from error

    def _check(self, whole: torch.Tensor, short: torch.Tensor) -> None:
        first = GONE[0]
        if not self._same(whole[:, :first], short[:, :first]):
            raise MaskwiseError(ROUNDS_TOGETHER if is_quantized(self._model) else READS_ON.format(self.kind))

    def _logits(self, inputs: torch.Tensor, **arguments) -> torch.Tensor:
        return self._model(**self._inputs.arguments(inputs), **arguments).logits.float()

    def _cache(self, inputs: torch.Tensor) -> Cache | None:
        output = self._model.base_model(**self._inputs.arguments(inputs), use_cache=True)
        return getattr(output, "past_key_values", None)

    def _shares(self, embeds: torch.Tensor, cache: Cache, whole: torch.Tensor) -> bool:
        """Twice, for the first pass must leave the cache as it was."""
        tail = embeds[:, HEAD:].expand(2, -1, -1)
        passes = (self._logits(tail, **cache_arguments(cache, 2, HEAD)) for _ in range(2))
        return all(self._same(logits, whole[:, HEAD:].expand(2, -1, -1)) for logits in passes)

    def _hides(self, embeds: torch.Tensor, cache: Cache | None, short: torch.Tensor) -> bool:
        start = HEAD if cache else 0
        attention = torch.ones_like(self._ids)
        attention[:, list(GONE)] = 0
        positions = (attention.cumsum(1) - 1).clamp(min=0)[:, start:]
        shared = cache_arguments(cache, 1, HEAD)
        logits = self._logits(embeds[:, start:], attention_mask=attention, position_ids=positions, **shared)
        kept = attention[0, start:].bool()
        return self._same(logits[:, kept], short[:, start:], HIDING_ERROR)

    def _same(self, logits: torch.Tensor, expected: torch.Tensor, half_error: float = HALF_ERROR) -> bool:
        error = half_error if _is_half(self._model) else FP32_ERROR
        off, size = (logits - expected).square().mean().sqrt(), expected.square().mean().sqrt()
        return logits.shape == expected.shape and bool(off <= error * size + error)

    @staticmethod
    def _try(way: Callable):
        """What a way gives; None where the model does not know it."""
        try:
            return way()
        except FAILURES:
            return None


def rounding_of(model: PreTrainedModel) -> float:
    """How far rounding may move log p of a token, in steps of the model's own precision; infinite where it
    may turn what the model chooses. Tried once per model in half precision."""
    if model.dtype not in (torch.bfloat16, torch.float16):
        return ROUNDING
    if model not in known_roundings:
        chooses = any(EXPERTS.search(type(module).__name__) for module in model.modules())
        known_roundings[model] = math.inf if chooses else max(ROUNDING, AMPLIFIED * _amplified(model))
    return known_roundings[model]


@no_grad
def _amplified(model: PreTrainedModel) -> float:
    """Steps of its precision by which log p moves, as a root mean square, where every number of a few
    embeddings moves by one. HRM's loops make thirty times what most kinds make of it."""
    if model.config.is_encoder_decoder:
        return 0.0
    inputs, width = TokenInputs(model), model.config.get_text_config().hidden_size
    read, step = inputs.of(tried_ids(model)), torch.finfo(model.dtype).eps
    signs = (
        torch.randint(0, 2, read.shape, generator=torch.Generator().manual_seed(0)).to(read.device) * 2 - 1
    )
    signs[..., width:] = 0  # per-layer inputs, and ids that stand beside the embeddings
    plain, moved = (
        model(**inputs.arguments(each), use_cache=False).logits.float().log_softmax(-1)
        for each in (read, read * (1 + step * signs).to(read))
    )
    off = (moved - plain).square().mean().sqrt().item() / step
    return off if math.isfinite(off) else 0.0


def tried_ids(model: PreTrainedModel) -> torch.Tensor:
    """Some of its tokens, (1, TRIED)."""
    return ((torch.arange(1, 1 + TRIED, device=model.device) * 7) % embedded_tokens(model))[None]


def is_quantized(model: PreTrainedModel) -> bool:
    return bool(getattr(model.config, "quantization_config", None))


def _is_half(model: PreTrainedModel) -> bool:
    """Whether a model computes in less than fp32, as a whole or in some layers."""
    held = chain(model.parameters(), model.buffers())
    return any(tensor.dtype in (torch.bfloat16, torch.float16) for tensor in held)
