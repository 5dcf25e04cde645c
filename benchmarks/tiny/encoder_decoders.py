"""Tiny random encoder–decoder models of many kinds, and log p as they give it when read slowly."""

from __future__ import annotations

import torch
from transformers import AutoConfig, AutoModelForSeq2SeqLM, PreTrainedModel

from explainers.core.types import Mask
from explainers.targets.masked_prompt import MaskOperator
from explainers.targets.response import ResponseTarget

Settings = dict[str, object]

BASE: Settings = {"d_model": 32, "decoder_start_token_id": 0, "eos_token_id": 1}
T5 = BASE | {"d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4, "initializer_factor": 1.0}
BART = BASE | {
    "bos_token_id": 0,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_position_embeddings": 256,
    "init_std": 0.3,
}
SCALED = BART | {"scale_embedding": True}
EXPERTS = {
    "num_experts": 2,
    "expert_capacity": 64,
    "num_sparse_encoder_layers": 1,
    "num_sparse_decoder_layers": 1,
}
BERT: Settings = {
    "model_type": "bert",
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 256,
    "initializer_range": 0.3,
}
GEMMA = BERT | {
    "model_type": "t5_gemma_module",
    "num_key_value_heads": 2,
    "head_dim": 8,
    "query_pre_attn_scalar": 8,
}
GROUPED = {name: value for name, value in GEMMA.items() if name != "model_type"}
PICTURES: Settings = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2,
    "image_size": 28, "patch_size": 14,
}  # fmt: skip
STARTED: Settings = {"decoder_start_token_id": 0, "bos_token_id": 0, "eos_token_id": 1}

ENCODER_DECODERS: dict[str, Settings] = {
    **dict.fromkeys(("t5", "mt5", "umt5"), T5),
    "longt5": T5 | {"local_radius": 7},
    "switch_transformers": T5 | EXPERTS,
    **dict.fromkeys(
        ("mbart", "pegasus", "marian", "blenderbot", "blenderbot-small", "m2m_100", "plbart", "mvp"), SCALED
    ),
    "bart": SCALED | {"forced_bos_token_id": 2},
    "led": BART | {
        "attention_window": 8, "max_encoder_position_embeddings": 256, "max_decoder_position_embeddings": 256,
    },
    "bigbird_pegasus": SCALED | {"attention_type": "original_full"},
    "pegasus_x": SCALED | {"block_size": 8, "num_global_tokens": 2},
    "nllb-moe": SCALED | EXPERTS | {"encoder_sparse_step": 1, "decoder_sparse_step": 1},
    "prophetnet": BASE | {
        "hidden_size": 32, "num_encoder_layers": 2, "num_decoder_layers": 2, "num_encoder_attention_heads": 4,
        "num_decoder_attention_heads": 4, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64,
        "max_position_embeddings": 512, "init_std": 0.3,
    },
    "m2m_100 whose answers start with padding": SCALED | {"decoder_start_token_id": "pad"},
    "fsmt": BART | {"langs": ["en", "de"]},
    "encoder-decoder": STARTED | {
        "encoder": BERT, "decoder": BERT | {"is_decoder": True, "add_cross_attention": True},
    },
    "t5gemma": STARTED | {"encoder": GEMMA, "decoder": GEMMA, "initializer_range": 0.3},
    "t5gemma2": STARTED | {
        "encoder": {"text_config": GROUPED, "vision_config": PICTURES, "mm_tokens_per_image": 4},
        "decoder": GROUPED, "initializer_range": 0.3,
    },
    **dict.fromkeys(("seamless_m4t", "seamless_m4t_v2"), SCALED | {
        "hidden_size": 32, "initializer_range": 0.3, "speech_encoder_layers": 1, "t2u_encoder_layers": 1,
        "t2u_decoder_layers": 1,
    }),
}  # fmt: skip

READ_SOUND = (  # decoders that transformers lists beside encoder–decoders
    "audioflamingo3", "glmasr", "granite_speech", "granite_speech_plus", "musicflamingo", "nemo_speechlm",
    "qwen2_audio", "qwen3_asr", "vibevoice_asr", "voxtral", "voxtral_realtime",
)  # fmt: skip


def tiny_encoder_decoder(kind: str, vocabulary: int) -> PreTrainedModel:
    """A random model of one of ENCODER_DECODERS on the CPU, in fp32."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = AutoConfig.for_model(kind.split()[0], **_sized(ENCODER_DECODERS[kind], vocabulary))
        return AutoModelForSeq2SeqLM.from_config(config).eval().requires_grad_(False)


def _sized(settings: Settings, vocabulary: int) -> Settings:
    """With a vocabulary, whose last token is the padding: no text holds it. By it some kinds count the
    positions of ids, but not those of embeddings."""
    pad = vocabulary - 1
    names = ("vocab_size", "src_vocab_size", "tgt_vocab_size")
    found: Settings = dict.fromkeys(names, vocabulary) | {"pad_token_id": pad}
    for name, value in settings.items():
        found[name] = (
            _sized(value, vocabulary) if isinstance(value, dict) else pad if value == "pad" else value
        )
    return found


@torch.no_grad()
def slow_log_prob(target: ResponseTarget, mask: Mask) -> float:
    """log p of the whole response for one mask: one prompt, no cache, read by ids. What is zeroed is zeroed
    where the encoder looks its ids up."""
    model, embedding = target.model, target.model.get_encoder().get_input_embeddings()
    removed = {p for span, kept in zip(target.spans, mask, strict=True) if not kept for p in span.positions}
    ids = torch.tensor(target.prompt.input_ids)
    gone = torch.tensor([position in removed for position in range(len(ids))])
    if target.operator is MaskOperator.DELETE:
        ids = ids[~gone]
    elif target.operator is MaskOperator.REPLACE:
        ids = ids.where(~gone, target.masked.replacement_id())
    calls = []

    def zero(module, given, found):
        calls.append(module)  # the decoder's words may be looked up in the same table, after the encoder's
        if len(calls) == 1:
            found[:, : len(gone)][:, gone] = 0  # behind it some kinds pad
        return found

    forced = model.generation_config.forced_bos_token_id
    before = [model.config.decoder_start_token_id, *([] if forced is None else [forced])]
    written = torch.tensor([[*before, *target.response_ids[:-1]]])
    hook = embedding.register_forward_hook(zero) if target.operator is MaskOperator.ZERO else None
    try:
        logits = model(input_ids=ids[None], decoder_input_ids=written, use_cache=False).logits[0]
    finally:
        if hook:
            hook.remove()
    log_probs = logits[len(before) - 1 :].log_softmax(-1)
    return log_probs.gather(1, torch.tensor(target.response_ids)[:, None]).sum().item()
