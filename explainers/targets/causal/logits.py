"""log p of given tokens from a causal model's last hidden states, without all logits in memory at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from explainers.core.deferred_torch import torch

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SLICE_BYTES = 32 * 2**20

Readout = Callable[["torch.Tensor"], "torch.Tensor"]


def token_log_probs(
    readout: Readout, hidden: torch.Tensor, ids: torch.Tensor, vocabulary: int
) -> torch.Tensor:
    """log p of tokens, (1, S), from the hidden states before them, (B, S, d) → (B, S), nats, fp32.

    Slices of positions bound the memory, whatever B, S and the vocabulary. They are contiguous, because
    a matrix product over a strided view copies the vocabulary's weights for each row of the batch.
    """
    states = hidden.reshape(-1, hidden.shape[-1])  # (B·S, d)
    tokens = ids.expand(len(hidden), -1).reshape(-1)  # (B·S,)
    size = max(1, SLICE_BYTES // (4 * vocabulary))
    slices = zip(states.split(size), tokens.split(size), strict=True)
    return torch.cat([chosen(readout(part), wanted) for part, wanted in slices]).view(len(hidden), -1)


def chosen(logits: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """log-softmax at the given ids, (…, V) and (…) → (…), summed in fp32 whatever the model's precision."""
    logits = logits.float()
    return logits.gather(-1, ids[..., None])[..., 0] - logits.logsumexp(-1)


def readout_on(model: PreTrainedModel, inputs: dict, expected: torch.Tensor) -> Readout | None:
    """The map from last hidden states to logits, (N, d) → (N, V), held against those of inputs, (1, L, V).

    None where the model does more than its output layer and a soft cap between the two: then only its
    own forward pass knows the logits.
    """
    decoder = model.get_output_embeddings()
    if decoder is None or model.base_model is model:
        return None
    cap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)

    def readout(states: torch.Tensor) -> torch.Tensor:
        logits = fp32_product(decoder, states)
        return torch.tanh(logits / cap) * cap if cap else logits

    hidden = model.base_model(**inputs).last_hidden_state
    logits = readout(hidden).float()
    tolerance = 4 * torch.finfo(model.dtype).eps * expected.abs().max() + 1e-4
    same = logits.shape == expected.shape and (logits - expected).abs().max() <= tolerance
    return readout if same else None


def fp32_product(decoder: torch.nn.Module, states: torch.Tensor) -> torch.Tensor:
    """The output layer's logits, (…, d) → (…, V), multiplied in fp32 also where it is held in half precision:
    bfloat16 would round a logit of 20 by up to 0.06.

    Its weights are widened a slice at a time. A gradient would hold every slice: it takes the layer as it is.
    """
    if type(decoder) is not torch.nn.Linear or decoder.weight.dtype is torch.float32 or states.requires_grad:
        return decoder(states)
    size = max(1, SLICE_BYTES // (4 * decoder.in_features))
    slices = (rows.float() for rows in decoder.weight.split(size))
    logits = torch.cat([torch.nn.functional.linear(states.float(), rows) for rows in slices], -1)
    return logits if decoder.bias is None else logits + decoder.bias
