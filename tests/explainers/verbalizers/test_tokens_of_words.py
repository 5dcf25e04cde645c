"""Which token a label word is read at, and KPT's two settings."""

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from explainers.core.errors import MaskwiseError
from explainers.text.prompts import render_prompt
from explainers.text.tasks import TASKS
from explainers.text.templates import render_cloze
from explainers.verbalizers.build import VerbalizerInputs, build_verbalizer
from explainers.verbalizers.knowledgeable import RARE_SENTIMENT, refine
from explainers.verbalizers.words import build_word_verbalizer, word_tokens
from tests.tiny_models import tiny_masked


def sentencepiece_like() -> PreTrainedTokenizerFast:
    """A Unigram vocabulary in which some words have no piece with the space before them."""
    pieces = ["<unk>", "▁", "商业", "体育", "foot", "ball", "▁sports", "<mask>"]
    unigram = Tokenizer(models.Unigram([(piece, -float(n)) for n, piece in enumerate(pieces)], unk_id=0))
    unigram.pre_tokenizer, unigram.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    return PreTrainedTokenizerFast(tokenizer_object=unigram, unk_token="<unk>", mask_token="<mask>")


class Loaded:
    tokenizer, name, title, embeds = sentencepiece_like(), "tiny", "tiny", lambda ids: True


def test_a_bare_space_never_stands_for_a_word():
    tokenizer = sentencepiece_like()
    read = {
        w: tokenizer.convert_ids_to_tokens(word_tokens(tokenizer, w)) for w in ("商业", "football", "sports")
    }
    assert read == {"商业": ["商业"], "football": ["foot", "ball"], "sports": ["▁sports"]}
    verbalizer = build_word_verbalizer(Loaded, {"Business": ["商业"], "Sports": ["体育", "football"]})
    assert tokenizer.convert_tokens_to_ids("▁") not in sum(verbalizer.ids, ())


def test_a_word_of_nothing_but_the_space_is_refused():
    with pytest.raises(MaskwiseError, match="'Business' are in the vocabulary"):
        build_word_verbalizer(Loaded, {"Business": ["▁"], "Sports": ["体育"]})


def test_a_mark_that_is_a_piece_like_any_other_is_neither_word_nor_text():
    with pytest.raises(MaskwiseError, match="Leave out <mask>: this model's tokenizer reads it as a mark"):
        build_word_verbalizer(Loaded, {"Business": ["<mask>"], "Sports": ["体育"]})
    with pytest.raises(MaskwiseError, match="Leave out <mask>"):
        render_prompt(sentencepiece_like(), "sports <mask> football")


def test_few_shot_kpt_keeps_every_word_of_one_token():
    loaded, task = tiny_masked("bert"), TASKS["sst2"]
    words = {"Negative": ["bad", "terrible", "unheard"], "Positive": ["great", "good"]}
    inputs = VerbalizerInputs(loaded, task, task.templates[0], words, words, task.example_texts())
    few_shot = build_verbalizer("knowledgeable_few_shot", inputs)
    assert few_shot.words == (("bad", "terrible"), ("great", "good"))
    logits = torch.randn(3, len(loaded.tokenizer), generator=torch.Generator().manual_seed(0))
    expected = torch.stack([logits[:, list(ids)].mean(1) for ids in few_shot.ids], 1)
    assert torch.allclose(few_shot.class_scores(logits), expected, atol=1e-6)
    assert "unheard" in few_shot.notes[1]


def test_sentiment_words_are_not_dropped_for_being_rare():
    z = torch.randn(40, 9, generator=torch.Generator().manual_seed(1))
    z[:, 2:5], z[:, 5:8] = z[:, :1] - torch.tensor([3.0, 6, 9]), z[:, 1:2] - torch.tensor([3.0, 6, 9])
    ids = {"bad": [0, 2, 3, 4], "good": [1, 5, 6, 7]}
    assert all(map(all, refine(ids, z, RARE_SENTIMENT).values()))
    assert not all(map(all, refine(ids, z).values()))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("🎉🎉", "1 of 1 token is unknown"),
        ("หุ้นตก ขึ้น", "2 of 2 tokens are unknown"),
        ("The movie was great.", ""),
    ],
)
def test_a_text_that_the_model_hardly_knows_says_so(text, said):
    notes = render_cloze(tiny_masked("bert"), "{text} It was <mask> .", text).notes
    assert said in notes[0] if said else not notes


def sst2_verbalizer(name, words):
    loaded, task = tiny_masked("bert"), TASKS["sst2"]
    inputs = VerbalizerInputs(loaded, task, task.templates[0], words, words, task.example_texts())
    return build_verbalizer(name, inputs)


WORD_READERS = pytest.mark.parametrize(
    "name", ["manual", "whole_words", "knowledgeable", "knowledgeable_few_shot", "soft"]
)


@WORD_READERS
@pytest.mark.parametrize("word", ["\ue000", "\ufffd", "商"])  # BERT takes two out
def test_a_class_of_unknown_words_is_refused_by_every_verbalizer(name, word):
    with pytest.raises(MaskwiseError, match="None of the label words of 'Negative' are in the vocabulary"):
        sst2_verbalizer(name, {"Negative": [word], "Positive": ["good"]})


@WORD_READERS
def test_an_unknown_first_word_leaves_the_others(name):
    verbalizer = sst2_verbalizer(name, {"Negative": ["\ufffd", "bad"], "Positive": ["商", "good"]})
    assert verbalizer.words == (("bad",), ("good",))
    assert any("unknown" in note and "商" in note for note in verbalizer.notes)


def test_classes_that_begin_with_one_token_are_told_apart_by_whole_words():
    words = {"Negative": ["very bad"], "Positive": ["very good"]}
    with pytest.raises(MaskwiseError, match="same token.*choose the verbalizer whole_words"):
        sst2_verbalizer("manual", words)
    assert sst2_verbalizer("whole_words", words).mask_counts[-1] > 1


@pytest.mark.parametrize("name", ["manual", "knowledgeable", "knowledgeable_few_shot", "soft"])
def test_a_word_read_by_its_first_token_is_said_by_every_verbalizer(name):
    verbalizer = sst2_verbalizer(name, {"Negative": ["unheard", "bad"], "Positive": ["good"]})
    assert verbalizer.words[0][0] == "unheard"
    assert any(note.startswith("Read by their first token") for note in verbalizer.notes)


def test_words_that_begin_alike_are_one_and_keep_the_order_that_was_typed():
    words = {"good": ["great", "story", "greatest"], "bad": ["bad"]}
    assert build_word_verbalizer(tiny_masked("bert"), words).words == (("great", "story"), ("bad",))
