"""Tiny random decoders of the kinds that stand within models of pictures and sound, and of rarer ones.

They are held against the slow computation by the command that writes the table, not by the tests.
"""

from __future__ import annotations

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from benchmarks.tiny.decoders import (
    BASE,
    DECODERS,
    EXPERTS,
    FEW,
    GPT,
    GROUPED,
    HALVED,
    LATENT,
    LINEAR,
    Settings,
)

LAYERS = {"layer_types": ["sliding_attention", "full_attention"]}
PICTURES: Settings = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "depth": 1,
    "num_heads": 2, "num_channels": 3, "in_channels": 3, "image_size": 28, "patch_size": 14,
    "out_hidden_size": 32, "num_position_embeddings": 16, "output_proj_dims": 32, "mm_embed_dim": 32,
    "mlp_dim": 64,
}  # fmt: skip
PLACES = {"image_token_id": 2, "video_token_id": 3, "audio_token_id": 4}
SOUND = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
INKLING = EXPERTS | {"swa_num_attention_heads": 4, "swa_num_key_value_heads": 2, "swa_head_dim": 8}
INDEXED = LATENT | {"index_head_dim": 8, "index_n_heads": 32, "shared_experts_intermediate_size": 32}
HALVES = {  # the decoder of an encoder–decoder, by itself
    "d_model": 32, "decoder_layers": 2, "decoder_attention_heads": 4, "decoder_ffn_dim": 64,
    "encoder_layers": 1, "encoder_attention_heads": 4, "encoder_ffn_dim": 64, "num_layers": 2,
    "max_position_embeddings": 512, "max_target_positions": 512, "init_std": 0.3, "is_decoder": True,
    "is_encoder_decoder": False,
}  # fmt: skip
N_GRAMS = LINEAR | FEW | {
    "indexer_n_heads": 4, "indexer_kv_heads": 1, "indexer_head_dim": 8, "indexer_budget": 2048,
    "indexer_compress_ratio": 1, "shared_expert_intermediate_size": 32, "hc_count": 2, "hc_lowrank": 8,
    "ngram_vocab_size_base": 200, "heads_per_ngram": 2, "split_ngram_parts": 1,
    "make_ngram_vocab_size_divisible_by": 8, "ple_layer_ids": [1, 3], "ple_embed_dim": 16,
}  # fmt: skip
DRAFTS = GROUPED | {
    "num_hidden_layers": 4,
    "num_kv_shared_layers": 2,
    "layer_types": ["sliding_attention", "full_attention"] * 2,
}


def within(kind: str, text: Settings, **rest: object) -> tuple[str, Settings]:
    """A decoder with settings of its own beside an encoder of pictures."""
    return kind, {"text_config": text, "vision_config": PICTURES, **rest}


OTHER_DECODERS: dict[str, tuple[str, Settings]] = {
    "beam": ("beam", EXPERTS),
    "gpt-sw3": ("gpt-sw3", GPT),
    "hy_v4": ("hy_v4", INDEXED),
    "inkling_text": ("inkling_text", INKLING),
    "inkling2_text": ("inkling2_text", INKLING | {"unpadded_vocab_size": 257}),
    "minimax_m3_vl_text": ("minimax_m3_vl_text", EXPERTS | {
        "rotary_dim": 4, "index_n_heads": 2, "index_head_dim": 8, "dense_intermediate_size": 64}),
    "qwen4_exp_text": ("qwen4_exp_text", N_GRAMS),
    "qwen4_exp": within("qwen4_exp", N_GRAMS),
    "qwen3_5": within("qwen3_5", LINEAR),
    "qwen3_5_moe": within("qwen3_5_moe", LINEAR | FEW | {"shared_expert_intermediate_size": 32}),
    "dots3_note_text": ("dots3_note_text", INDEXED),
    "dots3_note": within("dots3_note", INDEXED, vision_config=PICTURES | {
        "num_hidden_layers": 42, "num_attention_heads": 4, "adapter_in_dim": 32, "adapter_out_dim": 32,
        "num_local_experts": 2, "moe_intermediate_size": 32}, audio_config=SOUND | {
        "adapter_input_size": 32, "adapter_out_dim": 32, "downsample_hidden_size": 8}),
    "cohere_compass_text": ("cohere_compass_text", HALVED | LAYERS | {"rope_parameters": {
        layer: {"rope_type": "default", "rope_theta": 10000.0} for layer in LAYERS["layer_types"]}}),
    "emu3": ("emu3", {"text_config": HALVED, "vocabulary_map": {"<image>": 5}, "vq_config": {
        "base_channels": 32, "channel_multiplier": [1], "hidden_size": 32, "num_res_blocks": 1}}),
    "fuyu": ("fuyu", {"text_config": BASE}),
    "gemma3": within("gemma3", GROUPED),
    "gemma4": within("gemma4", DECODERS["gemma4_text"][1], **PLACES),
    "gemma4_unified": within("gemma4_unified", GROUPED | LAYERS | {"global_head_dim": 8}, **PLACES),
    "gemma4_unified_text": ("gemma4_unified_text", GROUPED | LAYERS | {"global_head_dim": 8}),
    "gemma4_unified_assistant": ("gemma4_unified_assistant", {
        "text_config": DRAFTS, "backbone_hidden_size": 32}),
    "git": ("git", BASE | {"vision_config": PICTURES}),
    "got_ocr2": within("got_ocr2", GROUPED | {"model_type": "qwen2"}, vision_config=PICTURES | {
        "output_channels": 16, "global_attn_indexes": [0]}),
    "llama4": within("llama4", EXPERTS),
    "mllama": within("mllama", HALVED | {"cross_attention_layers": [1]}, vision_config=PICTURES | {
        "attention_heads": 2, "num_global_layers": 1, "vision_output_dim": 64,
        "intermediate_layers_indices": [0]}),
    "moshi": ("moshi", HALVED | {"ffn_dim": 64, "audio_vocab_size": 16, "num_codebooks": 2}),
    "moss_transcribe_diarize": ("moss_transcribe_diarize", {
        "text_config": GROUPED | {"model_type": "qwen3"},
        "audio_config": SOUND | {"num_mel_bins": 8, "max_source_positions": 20}}),
    "phi4_multimodal": ("phi4_multimodal", HALVED | {"vision_config": PICTURES, "audio_config": {
        "hidden_size": 32, "num_blocks": 1, "num_attention_heads": 2, "intermediate_size": 64,
        "ext_pw_out_channel": 32, "depthwise_separable_out_channel": 32, "nemo_conv_channels": 32}}),
    "blt": ("blt", {part: {"hidden_size": 32, "hidden_size_global": 32, "intermediate_size": 64,
            "num_hidden_layers": 1, "num_attention_heads": 4}
            for part in ("patcher_config", "encoder_config", "decoder_config", "global_config")}),
    **{f"{kind} as a decoder": (kind, BASE | {"is_decoder": True}) for kind in (
        "big_bird", "xlm-roberta-xl", "xmod")},
    "xmod of one language as a decoder": ("xmod", BASE | {"is_decoder": True, "default_language": "en_XX"}),
    "prophetnet as a decoder": ("prophetnet", {
        "hidden_size": 32, "num_decoder_layers": 2, "num_decoder_attention_heads": 4, "decoder_ffn_dim": 64,
        "max_position_embeddings": 512, "init_std": 0.3, "is_decoder": True, "is_encoder_decoder": False}),
    **{f"{kind} as a decoder": (kind, HALVES) for kind in (
        "bart", "bigbird_pegasus", "blenderbot", "blenderbot-small", "marian", "mbart", "mvp", "pegasus",
        "plbart", "trocr", "whisper")},
}  # fmt: skip
NOT_TRIED = {
    "gemma4_assistant": "drafts for gemma4 and reads its cache",
    "gemma3n": "needs timm for its pictures; its text model is above",
    "musicgen": "writes sound, and is refused when it is loaded",
    "musicgen_melody": "writes sound, and is refused when it is loaded",
}


def tiny_other_decoder(name: str, vocabulary: int) -> PreTrainedModel:
    """A random model of one of OTHER_DECODERS on the CPU, in fp32.

    What is initialised small or alike is spread out, so that removing a word moves log p everywhere.
    """
    kind, settings = OTHER_DECODERS[name]
    own = {"vocab_size": vocabulary, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": vocabulary - 1}
    parts = {
        part: values | own if part == "text_config" or kind == "blt" else values
        for part, values in settings.items()
        if isinstance(values, dict)
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = AutoConfig.for_model(kind, **own | settings | parts)
        model = AutoModelForCausalLM.from_config(config).eval().requires_grad_(False)
        for weight in model.parameters():
            if weight.dim() > 1 and weight.std() < 0.1:
                weight.normal_(0, 0.3)
        return model
