"""Tiny random models of many architectures, made from configs: nothing is downloaded.

Two layers, four heads, width 32, and weights large enough (standard deviation 0.3) that removing one
token visibly moves every log-probability.
"""

from __future__ import annotations

from functools import cache

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AlbertConfig,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    BertConfig,
    DistilBertConfig,
    ElectraConfig,
    ElectraForPreTraining,
    Gemma2Config,
    Gemma3TextConfig,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    MistralConfig,
    ModernBertConfig,
    OPTConfig,
    Phi3Config,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
    RobertaConfig,
)

from explainers.core.types import Task
from explainers.models.loaded import LoadedModel

SENTENCES = (
    "Write a short story about a doctor and his patient.",
    "Once upon a time, in a magazine, there was a book to be published.",
    "The movie was great, but the ending was bad; sports and business news of the world.",
    "Paris is the capital of France. It was good! Technology is terrible, is it not?",
    "You are a helpful assistant. The quick brown fox jumps over the lazy dog.",
)
CONTEXT = 512
STD = 0.3

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

_LLAMA_LIKE = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": CONTEXT,
    "initializer_range": STD,
}
_GROUPED = _LLAMA_LIKE | {"num_key_value_heads": 2, "head_dim": 8}
_BERT_LIKE = _LLAMA_LIKE

_CAUSAL = {
    "llama": (LlamaConfig, _GROUPED),
    "mistral": (MistralConfig, _GROUPED),
    "qwen2": (Qwen2Config, _LLAMA_LIKE | {"num_key_value_heads": 2}),
    "qwen3": (Qwen3Config, _GROUPED),
    "gemma2": (Gemma2Config, _GROUPED | {"query_pre_attn_scalar": 8}),
    "gemma3": (Gemma3TextConfig, _GROUPED | {"query_pre_attn_scalar": 8}),
    "phi3": (Phi3Config, _LLAMA_LIKE | {"num_key_value_heads": 2}),
    "gpt2": (
        GPT2Config,
        {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": CONTEXT, "initializer_range": STD},
    ),
    "gpt_neox": (GPTNeoXConfig, _LLAMA_LIKE),
    "opt": (
        OPTConfig,
        {
            "hidden_size": 32,
            "word_embed_proj_dim": 32,
            "ffn_dim": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "max_position_embeddings": CONTEXT,
            "init_std": STD,
        },
    ),
}
_MASKED = {
    "bert": (BertConfig, _BERT_LIKE),
    "roberta": (RobertaConfig, _BERT_LIKE | {"max_position_embeddings": CONTEXT + 2, "type_vocab_size": 1}),
    "distilbert": (
        DistilBertConfig,
        {
            "dim": 32,
            "hidden_dim": 64,
            "n_layers": 2,
            "n_heads": 4,
            "max_position_embeddings": CONTEXT,
            "initializer_range": STD,
        },
    ),
    "albert": (AlbertConfig, _BERT_LIKE | {"embedding_size": 16}),
    "electra": (ElectraConfig, _BERT_LIKE | {"embedding_size": 16}),
    "modernbert": (ModernBertConfig, _BERT_LIKE | {"initializer_cutoff_factor": 3.0}),
}

CAUSAL_KINDS = tuple(_CAUSAL)
MASKED_KINDS = tuple(_MASKED)


def tiny_causal(kind: str, seed: int = 0, chat: bool = False) -> LoadedModel:
    """A random causal LM on the CPU in fp32; `chat` gives its tokenizer a ChatML template.

    As in their published tokenizers, llama, mistral, gemma and opt begin every text with a special token.
    """
    starts = kind in ("llama", "mistral", "gemma2", "gemma3", "opt")
    tokenizer = byte_level_tokenizer(chat=chat, starts=starts)
    config = _config(*_CAUSAL[kind], tokenizer)
    return _loaded(kind, Task.GENERATION, _build(AutoModelForCausalLM.from_config, config, seed), tokenizer)


def tiny_masked(kind: str, seed: int = 0) -> LoadedModel:
    """A random masked LM on the CPU in fp32."""
    tokenizer = wordpiece_tokenizer()
    config = _config(*_MASKED[kind], tokenizer)
    model = _build(AutoModelForMaskedLM.from_config, config, seed)
    return _loaded(kind, Task.CLASSIFICATION, model, tokenizer)


def tiny_discriminator(seed: int = 0) -> tuple[ElectraForPreTraining, PreTrainedTokenizerFast]:
    """An ELECTRA discriminator: an encoder with no MLM head."""
    tokenizer = wordpiece_tokenizer()
    return _build(ElectraForPreTraining, _config(*_MASKED["electra"], tokenizer), seed), tokenizer


def byte_level_tokenizer(*, chat: bool = False, starts: bool = False) -> PreTrainedTokenizerFast:
    """A byte-level BPE that can spell any text; `starts`: puts <|endoftext|> before every text."""
    tokenizer = Tokenizer.from_str(_trained_bpe())
    if starts:
        end = tokenizer.token_to_id("<|endoftext|>")
        tokenizer.post_processor = processors.Sequence(
            [
                processors.ByteLevel(trim_offsets=False),
                processors.TemplateProcessing("<|endoftext|> $A", special_tokens=[("<|endoftext|>", end)]),
            ]
        )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|endoftext|>",
        eos_token="<|im_end|>" if chat else "<|endoftext|>",
        pad_token="<|endoftext|>",
        model_max_length=CONTEXT,
    )
    if chat:
        fast.chat_template = CHATML
    return fast


def wordpiece_tokenizer() -> PreTrainedTokenizerFast:
    """A lower-casing WordPiece with BERT's special tokens; it knows the words of SENTENCES."""
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(_wordpiece()),
        unk_token="[UNK]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        mask_token="[MASK]",
        model_max_length=CONTEXT,
    )


@cache
def _trained_bpe() -> str:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return tokenizer.to_str()


@cache
def _wordpiece() -> str:
    """Whole words, and letters for all else. Not trained: the trainer numbers its pieces at random, and
    with the numbers a random model's every output would change from run to run."""
    normalizer, splitter = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    texts = [normalizer.normalize_str(sentence) for sentence in SENTENCES]
    words = {word for text in texts for word, _ in splitter.pre_tokenize_str(text)}
    letters = {letter for word in words for letter in word}
    inner = {f"##{letter}" for letter in letters if letter.isalpha()}
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {piece: i for i, piece in enumerate(specials + sorted(words | letters | inner))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, splitter
    tokenizer.decoder = decoders.WordPiece()
    ends = [(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends
    )
    return tokenizer.to_str()


def _config(config_class, settings: dict, tokenizer: PreTrainedTokenizerFast):
    ids = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    if tokenizer.cls_token_id is not None:
        ids |= {"cls_token_id": tokenizer.cls_token_id, "sep_token_id": tokenizer.sep_token_id}
    return config_class(vocab_size=len(tokenizer), **settings, **ids)


def _build(make, config, seed: int):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make(config).eval().requires_grad_(False)


def _loaded(kind: str, task: Task, model, tokenizer) -> LoadedModel:
    return LoadedModel(
        name=f"tiny-{kind}",
        revision="random",
        task=task,
        model=model,
        tokenizer=tokenizer,
        device=torch.device("cpu"),
        dtype=torch.float32,
    )
