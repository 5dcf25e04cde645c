"""The network that is trained: MiniLM's encoder and an MLM head, with logits at chosen positions only."""

from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from transformers import BertConfig, BertForMaskedLM, BertModel


def initial_model(encoder_folder: Path, pieces: list[np.ndarray]) -> BertForMaskedLM:
    """The encoder with a fresh head: identity transform, decoder tied to the word embeddings, and the
    log-frequencies of the words in `pieces` as bias. Word embeddings are frozen."""
    config = BertConfig.from_pretrained(encoder_folder)
    config.tie_word_embeddings = True
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    # The fused CPU kernel is several times slower backwards in bfloat16.
    config._attn_implementation = "eager"
    model = BertForMaskedLM(config)
    encoder = BertModel.from_pretrained(encoder_folder, add_pooling_layer=False)
    model.bert.load_state_dict(encoder.state_dict())
    model.tie_weights()
    counts = np.bincount(np.concatenate(pieces), minlength=config.vocab_size) + 0.5
    with torch.no_grad():
        model.cls.predictions.transform.dense.weight.copy_(torch.eye(config.hidden_size))
        model.cls.predictions.bias.copy_(torch.tensor(np.log(counts / counts.sum())))
    model.bert.embeddings.word_embeddings.weight.requires_grad_(False)
    return model


def logits_at(model: BertForMaskedLM, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """MLM logits (M, V) at the M true entries of `positions` (B, L); the decoder runs there only."""
    attention = (ids != 0).long() if bool((ids == 0).any()) else None
    hidden = model.bert(input_ids=ids, attention_mask=attention).last_hidden_state  # (B, L, d)
    return model.cls(hidden[positions])


def masked_lm_loss(model, masked: torch.Tensor, ids: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy (nats) of the original words at the chosen positions."""
    return functional.cross_entropy(logits_at(model, masked, chosen).float(), ids[chosen])


def set_dropout(model: BertForMaskedLM, probability: float) -> None:
    """Set the dropout of hidden states; that of attention stays off, as drawing it costs most of a step.

    Phase one, which reads few texts twice, does without.
    """
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Dropout) and not name.endswith("attention.self.dropout"):
            module.p = probability
