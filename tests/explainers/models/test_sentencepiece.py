"""Folders whose tokenizer is SentencePiece's own file, as Vicuna's."""

import json
import shutil

import pytest
import sentencepiece

from benchmarks.tiny.encoder_decoders import tiny_encoder_decoder
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.models import held, loading
from explainers.models.held import load_model
from explainers.text.prompts import render_prompt
from tests.tiny_models import SENTENCES, tiny_causal

SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, "
    "detailed, and polite answers to the user's questions."
)
TEXT = "Write a short story about a doctor."


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A tiny Llama with tokenizer.model alone, published as Vicuna is."""
    return make_folder(tmp_path, monkeypatch, "bpe", pieces=400)


def make_folder(tmp_path, monkeypatch, kind, pieces):
    monkeypatch.setattr(held, "kept_models", type(held.kept_models)())
    folder = tmp_path / "vicuna-7b-v1.5"
    folder.mkdir()
    tiny_causal("llama").model.save_pretrained(folder)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 20),
        model_prefix=str(folder / "tokenizer"),
        vocab_size=pieces,
        model_type=kind,
        byte_fallback=True,
        minloglevel=2,
    )
    (folder / "tokenizer.vocab").unlink()
    settings = {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "add_eos_token": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def test_a_folder_with_tokenizer_model_alone_loads(folder):
    loaded = load_model(str(folder), Task.GENERATION)
    own = sentencepiece.SentencePieceProcessor(str(folder / "tokenizer.model"))
    encoded = loaded.tokenizer(TEXT, return_offsets_mapping=True)
    assert encoded.input_ids == [own.bos_id(), *own.encode(TEXT)]
    assert "".join(TEXT[start:end] for start, end in encoded.offset_mapping) == TEXT


def test_vicuna_reads_its_own_template(folder):
    loaded = load_model(str(folder), Task.GENERATION)
    prompt = render_prompt(loaded.tokenizer, TEXT)
    fastchat = f"{SYSTEM} USER: {TEXT} ASSISTANT:"
    assert list(prompt.input_ids) == loaded.tokenizer(fastchat).input_ids
    assert prompt.input_ids.count(loaded.tokenizer.bos_token_id) == 1
    assert "".join(span.text for span in prompt.spans).replace(" ", "") == TEXT.replace(" ", "")


def test_other_models_without_a_template_stay_without(folder):
    other = folder.rename(folder.with_name("llama-7b"))
    assert not load_model(str(other), Task.GENERATION).tokenizer.chat_template


def test_a_unigram_vocabulary_read_as_another_kind_is_refused(tmp_path, monkeypatch):
    folder = make_folder(tmp_path, monkeypatch, "unigram", pieces=340)
    with pytest.raises(MaskwiseError, match="other pieces than SentencePiece does.*has a tokenizer.json"):
        load_model(str(folder), Task.GENERATION)


def test_a_tokenizer_model_of_another_format_is_not_held_against_sentencepiece(tmp_path):
    (tmp_path / "tokenizer.model").write_text("IQ== 0\nIg== 1\n")  # as tiktoken writes it
    loading.check_conversion("llama-3", tmp_path, None)


def test_a_tokenizer_that_gives_no_offsets_is_refused_in_words(tmp_path, monkeypatch):
    folder = make_folder(tmp_path, monkeypatch, "unigram", pieces=340)
    vocabulary = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    pieces = {vocabulary.id_to_piece(i): i for i in range(len(vocabulary))} | {"<pad>": len(vocabulary)}
    (folder / "vocab.json").write_text(json.dumps(pieces))
    for name in ("source.spm", "target.spm"):
        shutil.copy(folder / "tokenizer.model", folder / name)
    (folder / "tokenizer.model").unlink()
    about = {"tokenizer_class": "MarianTokenizer", "source_lang": "en", "target_lang": "de"}
    (folder / "tokenizer_config.json").write_text(json.dumps(about))
    tiny_encoder_decoder("marian", len(pieces)).save_pretrained(folder)
    with pytest.raises(MaskwiseError, match="has no fast tokenizer.*Choose a model that has one"):
        load_model(str(folder), Task.GENERATION)
