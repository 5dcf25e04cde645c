"""Texts of which a model reads little, or that its tokenizer cannot read: said in a sentence."""

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from explainers import explain_generation
from explainers.core.errors import MaskwiseError
from explainers.text.prompts import render_prompt, sequence_ends
from explainers.text.templates import render_cloze
from explainers.text.unread import left_out_note, unknown_note
from tests.tiny_models import byte_level_tokenizer, tiny_causal, tiny_masked

MARKS = ("<s>", "</s>", "<unk>")


def words_alone(unknown: bool):
    """A tokenizer of whole words, with and without a sign for all others."""
    marks = MARKS if unknown else MARKS[:2]
    vocabulary = {word: n for n, word in enumerate([*marks, "Write", "story", "Once"])}
    sign = {"unk_token": "<unk>"} if unknown else {}
    made = Tokenizer(models.WordLevel(vocabulary, **sign))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>", **sign)


def letters_alone():
    """A tokenizer that drops what is not in its vocabulary, which holds no small letters."""
    made = Tokenizer(models.BPE({letter: n for n, letter in enumerate([*MARKS, *"ACGT"])}, []))
    made.pre_tokenizer, made.decoder = pre_tokenizers.Whitespace(), decoders.Fuse()
    ends = [(mark, made.token_to_id(mark)) for mark in MARKS[:2]]
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>", pad_token="</s>")


def explained(tokenizer, text, response):
    model = tiny_causal("llama").model
    settings = {"method": "feature_ablation", "k": 1, "max_new_tokens": 2, "response": response}
    *_, found = explain_generation(text, model=model, tokenizer=tokenizer, **settings)
    return found


def test_words_that_a_model_does_not_know_are_said_of_prompt_and_answer():
    prompt, answer = explained(words_alone(True), "Write 今天 🎉", "Once 今天")["notes"]
    assert prompt.startswith("2 of 3 tokens are unknown to this model")
    assert answer.startswith("Of the given answer, 1 of 2 tokens are unknown to this model")
    assert explained(words_alone(True), "Write story", "Once")["notes"] == []


@pytest.mark.parametrize(("text", "response"), [("Write 今天", "Once"), ("Write story", "Once 今天")])
def test_a_tokenizer_that_cannot_read_a_text_says_so(text, response):
    with pytest.raises(MaskwiseError, match="tokenizer cannot read the text .*choose another model"):
        explained(words_alone(False), text, response)


def test_what_a_tokenizer_leaves_out_is_named():
    (note,) = explained(letters_alone(), "ACG 今天 TT", "GATTACA")["notes"]
    assert "leaves out 2 characters of the text, which it does not know: 今 天. The model does not" in note
    with pytest.raises(MaskwiseError, match="nothing that can be removed"):
        explained(letters_alone(), "今天", "GATTACA")


def test_the_ends_of_a_text_are_found_without_its_first_letter():
    assert sequence_ends(letters_alone()) == ([0], [1])
    assert sequence_ends(words_alone(False)) == ([], [])
    assert render_prompt(letters_alone(), "ACGT").input_ids == (0, 3, 4, 5, 6)


def test_nothing_is_said_of_what_cannot_be_seen():
    text = "Once\u200d\0 upon"
    assert left_out_note(text, [(0, 4), (7, 11)]) == ()
    assert (
        unknown_note(byte_level_tokenizer(), [5, 6])
        == ()
        == render_prompt(byte_level_tokenizer(), text).notes
    )
    assert (
        render_cloze(tiny_masked("bert"), "It was <mask> . {text}", "the story\0 was good\ufeff").notes == ()
    )
