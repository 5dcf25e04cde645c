"""Tiny random masked LMs of the kinds that AutoModelForMaskedLM offers.

RIGHT: settings by kind; the probabilities of each must be right. REFUSED: kinds that must be refused by name.
"""

from __future__ import annotations

import torch
from transformers import AutoConfig, AutoModelForMaskedLM

from explainers.core.types import Task
from explainers.models.loaded import LoadedModel
from tests.tiny_models import CONTEXT, STD, wordpiece_tokenizer

_SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": CONTEXT,
    "initializer_range": STD,
}
_FACTORED = _SIZES | {"embedding_size": 16}
_OFFSET = _SIZES | {"max_position_embeddings": CONTEXT + 2}
_XLM = {"emb_dim": 32, "n_layers": 2, "n_heads": 4, "embed_init_std": STD, "init_std": STD}
_GROUPS = (
    "q_groups",
    "k_groups",
    "v_groups",
    "post_attention_groups",
    "intermediate_groups",
    "output_groups",
)
_DEBERTA = _SIZES | {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]}
RIGHT = {
    "albert": _FACTORED,
    "bert": _SIZES,
    "big_bird": _SIZES | {"block_size": 4},
    "camembert": _OFFSET,
    "convbert": _SIZES,
    "data2vec-text": _OFFSET,
    "deberta": _DEBERTA | {"max_relative_positions": -1},
    "deberta-v2": _DEBERTA | {"position_buckets": 32},
    "distilbert": {"dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 4, "initializer_range": STD},
    "electra": _FACTORED,
    "ernie": _SIZES,
    "eurobert": _SIZES | {"mask_token_id": 4},
    "flaubert": _XLM,
    "fnet": _SIZES,
    "funnel": {
        "block_sizes": [1, 1],
        "d_model": 32,
        "n_head": 4,
        "d_head": 8,
        "d_inner": 64,
        "initializer_range": STD,
    },
    "gte": _SIZES,
    "jina_embeddings_v3": _SIZES,
    "layoutlm": _SIZES,
    "longformer": _OFFSET | {"attention_window": 8},
    "luke": _OFFSET | {"entity_vocab_size": 20, "entity_emb_size": 16},
    "megatron-bert": _SIZES,
    "mobilebert": {
        "hidden_size": 32,
        "embedding_size": 16,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intra_bottleneck_size": 16,
        "true_hidden_size": 16,
        "initializer_range": STD,
    },
    "modernbert": _SIZES | {"initializer_cutoff_factor": 3.0},
    "mpnet": _SIZES,
    "nomic_bert": _SIZES,
    "rembert": _SIZES | {"input_embedding_size": 16, "output_embedding_size": 24},
    "roberta": _OFFSET,
    "roberta-prelayernorm": _OFFSET,
    "roformer": _FACTORED,
    "squeezebert": _SIZES | {"embedding_size": 32} | dict.fromkeys(_GROUPS, 1),
    "xlm": _XLM,
    "xlm-roberta": _OFFSET,
    "xlm-roberta-xl": _OFFSET,
    "yoso": _SIZES,
    "nystromformer": _SIZES | {"num_landmarks": 8, "segment_means_seq_len": 8},
    "roc_bert": _SIZES,
    "ultrabert": _SIZES,
    "reformer": {
        "hidden_size": 32,
        "num_attention_heads": 4,
        "attention_head_size": 8,
        "feed_forward_size": 64,
        "attn_layers": ["local", "local"],
        "axial_pos_embds": False,
        "max_position_embeddings": CONTEXT,
        "initializer_range": STD,
    },
    "tapas": _SIZES,
}
REFUSED = {
    "esm": _SIZES | {"position_embedding_type": "rotary", "token_dropout": True, "mask_token_id": 4},
    "esmc": _SIZES,
    "ibert": _OFFSET,
    "neomme": _SIZES,
    "mra": _SIZES,
    "perceiver": {
        "d_latents": 32,
        "d_model": 32,
        "num_latents": 4,
        "num_self_attends_per_block": 1,
        "num_self_attention_heads": 4,
        "num_cross_attention_heads": 4,
    },
    "xmod": _OFFSET,
}
ELSEWHERE = {  # kinds that are not made here, and why
    **dict.fromkeys(("bart", "mbart", "mvp"), "encoder–decoders are refused for this task"),
    **dict.fromkeys(("modernvbert", "ultravbert"), "read pictures beside texts; right when tried by hand"),
}


def tiny(kind: str, seed: int = 0) -> LoadedModel:
    """A random masked LM on the CPU in fp32."""
    tokenizer = wordpiece_tokenizer()
    names = ("pad_token_id", "cls_token_id", "sep_token_id")
    ids = {name: getattr(tokenizer, name) for name in names}
    ids |= {"bos_token_id": tokenizer.cls_token_id, "eos_token_id": tokenizer.sep_token_id}
    settings = ids | (RIGHT | REFUSED)[kind]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = AutoConfig.for_model(kind, vocab_size=len(tokenizer), **settings)
        model = AutoModelForMaskedLM.from_config(config).eval().requires_grad_(False)
    device = torch.device("cpu")
    return LoadedModel(f"tiny-{kind}", "random", Task.CLASSIFICATION, model, tokenizer, device, torch.float32)
