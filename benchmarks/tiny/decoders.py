"""Tiny random decoders of many kinds, to be held against a slow computation: nothing is downloaded.

Weights are large (standard deviation 0.3), so that removing one word visibly moves every log-probability.
"""

from __future__ import annotations

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

Settings = dict[str, object]

BASE: Settings = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 512,
    "initializer_range": 0.3,
}
GROUPED = BASE | {"num_key_value_heads": 2, "head_dim": 8}
HALVED = BASE | {"num_key_value_heads": 2}
GPT = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512, "initializer_range": 0.3}
FEW = {"num_experts": 2, "num_experts_per_tok": 1, "moe_intermediate_size": 32}
EXPERTS = GROUPED | FEW | {  # each kind has its own name for the same thing
    "num_local_experts": 2, "n_routed_experts": 2, "moe_num_experts": 2,
    "moe_topk": 1, "moe_k": 1, "num_experts_per_token": 1, "n_group": 1, "topk_group": 1,
    "n_shared_experts": 1, "num_shared_experts": 1, "moe_num_shared_experts": 1,
    "first_k_dense_replace": 1, "num_dense_layers": 1, "moe_layer_start_index": 1,
    "shared_intermediate_size": 32, "moe_shared_expert_intermediate_size": 32, "ffn_hidden_size": 64,
}  # fmt: skip
LATENT = EXPERTS | {
    "num_key_value_heads": 4, "q_lora_rank": 16, "kv_lora_rank": 16,
    "qk_nope_head_dim": 8, "qk_rope_head_dim": 8, "qk_head_dim": 16, "v_head_dim": 8,
}  # fmt: skip
MAMBA = {"mamba_n_heads": 8, "mamba_d_head": 8, "mamba_n_groups": 1, "mamba_d_state": 8}
STATE = {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 8, "initializer_range": 0.3}
FOUR = GROUPED | {"num_hidden_layers": 4}
LINEAR = FOUR | {
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "layer_types": ["linear_attention", "full_attention"] * 2,
}
PER_LAYER = {"vocab_size_per_layer_input": 512, "hidden_size_per_layer_input": 8, "num_kv_shared_layers": 0}
LONG_ROPE = {"rope_type": "longrope", "rope_theta": 10000.0, "original_max_position_embeddings": 56,
             "short_factor": [1.0] * 4, "long_factor": [3.0] * 4}  # fmt: skip
SLIDING = {"sliding_window": 12}

DECODERS: dict[str, tuple[str, Settings]] = {
    **{kind: (kind, GROUPED) for kind in (
        "llama", "mistral", "qwen3", "gemma", "gemma2", "gemma3_text", "smollm3", "helium", "glm", "seed_oss",
        "ministral", "arcee", "exaone4", "vaultgemma", "hunyuan_v1_dense", "minimax", "bitnet", "cwm", "doge",
        "glm4", "granite_swa", "internlm3", "iquestcoder", "ministral3", "nanochat", "hrm_text",
    )},
    **{kind: (kind, HALVED) for kind in (
        "qwen2", "phi3", "phi", "stablelm", "starcoder2", "olmo", "olmo2", "granite", "cohere", "cohere2",
        "nemotron", "diffllama", "olmo3", "apertus", "ernie4_5", "hyperclovax", "jais2",
    )},
    **{kind: (kind, BASE) for kind in ("gpt_neox", "persimmon", "biogpt", "gpt_neox_japanese")},
    **{kind: (kind, EXPERTS) for kind in (
        "mixtral", "qwen2_moe", "qwen3_moe", "olmoe", "granitemoe", "afmoe", "aria_text", "cohere2_moe",
        "ernie4_5_moe", "exaone_moe", "flex_olmo", "glm4_moe", "gpt_oss", "granitemoe_swa",
        "granitemoeshared", "hunyuan_v1_moe", "jetmoe", "llama4_text", "minimax_m2", "mellum",
        "mimo_v2_flash", "phimoe", "solar_open", "laguna", "dots1", "hy_v3", "zaya", "kolibri1", "flint",
    )},
    **{kind: (kind, LATENT) for kind in (
        "deepseek_v2", "deepseek_v3", "deepseek_v32", "deepseek_v4", "glm4_moe_lite", "glm_moe_dsa",
        "minicpm3", "youtu", "axk1", "axk2",
    )},
    **{kind: (kind, GPT) for kind in ("gpt2", "gpt_bigcode", "openai-gpt")},
    "gptj": ("gptj", GPT | {"rotary_dim": 4}),
    "codegen": ("codegen", GPT | {"rotary_dim": 4}),
    "ctrl": ("ctrl", GPT | {"dff": 64}),
    "gpt_neo": ("gpt_neo", BASE | {"num_layers": 2, "num_heads": 4, "window_size": 12,
                "attention_types": [[["global", "local"], 1]]}),
    "opt": ("opt", BASE | {"word_embed_proj_dim": 32, "ffn_dim": 64, "init_std": 0.3}),
    "bloom": ("bloom", {"hidden_size": 32, "n_layer": 2, "n_head": 4, "initializer_range": 0.3}),
    "mpt": ("mpt", {"d_model": 32, "n_heads": 4, "n_layers": 2, "max_seq_len": 512,
            "initializer_range": 0.3}),
    "falcon": ("falcon", BASE),
    "falcon with ALiBi": ("falcon", BASE | {"alibi": True, "new_decoder_architecture": False}),
    "mistral beyond its window": ("mistral", GROUPED | SLIDING),
    "gemma3_text beyond its window": ("gemma3_text", GROUPED | SLIDING | {
        "layer_types": ["sliding_attention", "full_attention"]}),
    "phi3 beyond its short positions": ("phi3", HALVED | {"rope_parameters": LONG_ROPE}),
    "deepseek_v32 beyond its index": ("deepseek_v32", LATENT | {
        "index_topk": 8, "index_head_dim": 8, "index_n_heads": 32}),  # so many that few words score alike
    "minimax_m3_vl_text beyond its index": ("minimax_m3_vl_text", EXPERTS | {
        "rotary_dim": 4, "index_n_heads": 2, "index_head_dim": 8, "index_block_size": 4,
        "index_topk_blocks": 2, "layer_types": ["minimax_m3_sparse", "full_attention"]}),
    "doge beyond its window": ("doge", GROUPED | {"keep_window_size": 8}),
    "gemma4_text": ("gemma4_text", GROUPED | PER_LAYER | {
        "layer_types": ["sliding_attention", "full_attention"], "global_head_dim": 8}),
    "gemma3n_text": ("gemma3n_text", FOUR | PER_LAYER | {
        "layer_types": ["sliding_attention", "full_attention"] * 2, "laurel_rank": 4, "altup_num_inputs": 2,
        "activation_sparsity_pattern": [0.0] * 4}),
    "qwen3_5_text": ("qwen3_5_text", LINEAR),
    "qwen3_next": ("qwen3_next", LINEAR | FEW | {"shared_expert_intermediate_size": 32}),
    "lfm2": ("lfm2", GROUPED | {"layer_types": ["conv", "full_attention"], "full_attn_idxs": [1]}),
    "jamba": ("jamba", GROUPED | {"attn_layer_period": 2, "attn_layer_offset": 1, "expert_layer_period": 2,
              "expert_layer_offset": 1, "num_experts": 2, "mamba_d_state": 8, "use_mamba_kernels": False}),
    "falcon_h1": ("falcon_h1", GROUPED | MAMBA | {"mamba_d_ssm": 64}),
    "bamba": ("bamba", GROUPED | MAMBA | {"attn_layer_indices": [1]}),
    "granitemoehybrid": ("granitemoehybrid", HALVED | MAMBA | {"layer_types": ["mamba", "attention"],
                         "num_local_experts": 2, "num_experts_per_tok": 1, "shared_intermediate_size": 32}),
    "kimi_linear": ("kimi_linear", LATENT | {"linear_head_dim": 8, "linear_num_heads": 4,
                    "layer_types": ["linear_attention", "full_attention"],
                    "mlp_layer_types": ["dense", "sparse"]}),
    "bailing_hybrid": ("bailing_hybrid", LATENT | {"layer_types": ["linear_attention", "full_attention"],
                       "mlp_layer_types": ["dense", "sparse"]}),
    "longcat_flash": ("longcat_flash", LATENT | {"num_layers": 2, "num_experts_per_tok": 2, "moe_topk": 2,
                      "zero_expert_num": 1, "expert_ffn_hidden_size": 32}),
    "qwen3_5_moe_text": ("qwen3_5_moe_text", LINEAR | FEW | {"shared_expert_intermediate_size": 32}),
    "olmo_hybrid": ("olmo_hybrid", LINEAR),
    "lfm2_moe": ("lfm2_moe", EXPERTS | {"layer_types": ["conv", "full_attention"]}),
    "lfm3": ("lfm3", GROUPED | {"layer_types": ["conv", "full_attention"]}),
    "nemotron_h": ("nemotron_h", EXPERTS | {"layers_block_type": ["mamba", "attention", "mlp"],
                   "num_hidden_layers": 3, "mamba_num_heads": 8, "mamba_head_dim": 8, "n_groups": 1,
                   "ssm_state_size": 8}),
    "zamba": ("zamba", BASE | {"num_hidden_layers": 4, "layers_block_type": ["mamba", "hybrid"] * 2,
              "mamba_d_state": 8, "attention_hidden_size": 64, "attention_head_dim": 16,
              "num_key_value_heads": 4}),
    "zamba2": ("zamba2", BASE | {"num_hidden_layers": 4, "layers_block_type": ["mamba", "hybrid"] * 2,
               "mamba_d_state": 8, "adapter_rank": 8, "num_key_value_heads": 4}),
    "xlstm": ("xlstm", {"hidden_size": 64, "embedding_dim": 64, "num_hidden_layers": 2, "num_blocks": 2,
              "num_heads": 4, "qk_dim_factor": 1.0}),
    "dbrx": ("dbrx", {"d_model": 32, "n_heads": 4, "n_layers": 2, "max_seq_len": 512,
             "attn_config": {"kv_n_heads": 2, "rope_theta": 10000.0, "clip_qkv": 8.0},
             "ffn_config": {"ffn_hidden_size": 64, "moe_num_experts": 2, "moe_top_k": 1},
             "initializer_range": 0.3}),
    "xglm": ("xglm", {"d_model": 32, "ffn_dim": 64, "num_layers": 2, "attention_heads": 4, "init_std": 0.3}),
    "modernbert-decoder": ("modernbert-decoder", BASE | {"cls_token_id": 0, "sep_token_id": 1}),
    "reformer": ("reformer", {"hidden_size": 32, "num_attention_heads": 4, "attention_head_size": 8,
                 "is_decoder": True, "feed_forward_size": 64, "axial_pos_shape": [16, 32],
                 "axial_pos_embds_dim": [16, 16], "attn_layers": ["local", "local"],
                 "initializer_range": 0.3}),
    "xlm": ("xlm", {"emb_dim": 32, "n_layers": 2, "n_heads": 4, "causal": True, "embed_init_std": 0.3,
            "init_std": 0.3}),
    "falcon_mamba": ("falcon_mamba", STATE),
    "mamba": ("mamba", STATE),
    "mamba2": ("mamba2", STATE | {"num_heads": 8, "head_dim": 8, "n_groups": 1}),
    "rwkv": ("rwkv", {"hidden_size": 32, "attention_hidden_size": 32, "num_hidden_layers": 2,
             "context_length": 512}),
    "recurrent_gemma": ("recurrent_gemma", GROUPED | {"num_hidden_layers": 3, "lru_width": 32,
                        "attention_window_size": 64}),
    "xlnet": ("xlnet", {"d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 64, "initializer_range": 0.3}),
    "bert": ("bert", BASE),
    "cpmant": ("cpmant", BASE | {"dim_head": 8, "dim_ff": 64, "prompt_types": 4, "init_std": 0.3}),
    **{f"{kind} as a decoder": (kind, BASE | {"is_decoder": True, "embedding_size": 32}) for kind in (
        "bert", "roberta", "electra", "camembert", "megatron-bert", "rembert", "roformer", "ernie",
        "bert-generation", "data2vec-text", "xlm-roberta", "roberta-prelayernorm",
    )},
    "roc_bert as a decoder": ("roc_bert", BASE | {
        "is_decoder": True, "embedding_size": 32, "initializer_range": 0.5}),
}  # fmt: skip


def tiny_decoder(name: str, vocabulary: int) -> PreTrainedModel:
    """A random model of one of DECODERS on the CPU, in fp32."""
    kind, settings = DECODERS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        tokens = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": vocabulary - 1}
        config = AutoConfig.for_model(kind, vocab_size=vocabulary, **tokens, **settings)
        return AutoModelForCausalLM.from_config(config).eval().requires_grad_(False)
