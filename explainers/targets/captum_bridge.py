"""Lets Captum's LLMAttribution explain a ResponseTarget under its own mask operator.

Captum perturbs a vector of T ones; here that vector becomes token ids, with a negative id where a zero
embedding belongs. Only `forward_in_tokens=False` is right with transformers 5: Captum's default feeds the
whole prompt again on top of the key-value cache at each token, and is wrong by several nats.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from captum.attr import LLMAttribution
from captum.attr._utils.interpretable_input import InterpretableInput

from explainers.targets.encoder_decoder.scorer import check_decoder_only
from explainers.targets.masked_prompt import MaskOperator
from explainers.targets.response import ResponseTarget

ZERO_ID = -1


class MaskInput(InterpretableInput):
    """T interpretable features, one per span: 1 keeps it, 0 removes it.

    The response up to the part that is explained follows every prompt.
    """

    def __init__(self, target: ResponseTarget):
        self.target = target
        self.n_itp_features = len(target.spans)
        self.values = [span.text for span in target.spans]

    def to_tensor(self):
        return torch.ones(1, self.n_itp_features)

    def original_input(self):
        return self.target.prompt.text

    def to_model_input(self, perturbed_tensor=None):
        """Token ids of the masked prompt and what precedes the part of the response, (1, L')."""
        mask = self.to_tensor() if perturbed_tensor is None else perturbed_tensor
        kept = self.target.masked.keep(mask.to(self.target.device).float())[0] > 0.5
        ids = torch.tensor(self.target.prompt.input_ids, device=self.target.device)
        before = ids.new_tensor(self.target.response_ids[: self.target.part[0]])
        match self.target.operator:
            case MaskOperator.DELETE:
                ids = ids[kept] if kept.any() else ids.new_tensor([ZERO_ID])  # as the target's scorer has it
            case MaskOperator.REPLACE:
                ids = ids.where(kept, self.target.masked.replacement_id())
            case MaskOperator.ZERO:
                ids = ids.where(kept, ZERO_ID)
        return torch.cat([ids, before])[None]

    def format_attr(self, itp_attr):
        return itp_attr


class CaptumModel(torch.nn.Module):
    """The target's model, reading ZERO_ID as a zero embedding and counting its passes."""

    def __init__(self, target: ResponseTarget):
        super().__init__()
        self.target = target
        self.device = target.device

    def forward(self, input_ids, attention_mask=None):
        self.target.count(len(input_ids))
        read = self.target.masked.token_inputs.arguments(self._inputs(input_ids))
        return self.target.model(**read)

    def _inputs(self, input_ids: torch.Tensor) -> torch.Tensor:
        known = self.target.masked.token_inputs.of(input_ids.clamp(min=0))
        zero = torch.zeros_like(known)
        return torch.where((input_ids == ZERO_ID)[..., None], zero, known)


class TokenNumbers:
    """In a tokenizer's place: names each token of the answer by its number.

    Captum names them in its result, which nobody reads here. By a tokenizer it fails on an answer that ends
    within a character.
    """

    def decode(self, ids: torch.Tensor) -> str:
        return " ".join(map(str, ids.tolist()))

    def __call__(self, text: str, **options) -> dict[str, list]:
        numbers = list(re.finditer(r"\d+", text))
        return {"input_ids": [int(n[0]) for n in numbers], "offset_mapping": [n.span() for n in numbers]}


class SpanAttribution(LLMAttribution):
    """Captum's LLMAttribution over spans."""

    SUPPORTED_INPUTS = (MaskInput,)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Within, the global random generators that Captum draws from start at a seed; after it they go on as if
    nothing had been drawn."""
    before = np.random.get_state()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        np.random.seed(seed)
        try:
            yield
        finally:
            np.random.set_state(before)


def captum_scores(target: ResponseTarget, method: type, seed: int = 0, **arguments) -> torch.Tensor:
    """Attributions of log p to the spans by one of Captum's perturbation methods, (T,), nats."""
    check_decoder_only(target.model, "Captum")
    model = CaptumModel(target)
    before = target.forward_passes
    with torch.no_grad(), seeded(seed):
        result = SpanAttribution(method(model), TokenNumbers()).attribute(
            MaskInput(target),
            target=torch.tensor(target.response_ids[slice(*target.part)]),
            forward_in_tokens=False,
            **arguments,
        )
    target.evaluations += target.forward_passes - before
    return result.seq_attr.detach().cpu()
