"""Cloze templates: checks, tokens equal to the tokenizer's own, hostile texts, cutting."""

from dataclasses import replace
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from explainers.core.errors import MaskwiseError
from explainers.models.builtin import MINILM
from explainers.text.prompts import sequence_ends
from explainers.text.tasks import TASKS
from explainers.text.templates import max_positions, render_cloze, split_template
from tests.tiny_models import CONTEXT, MASKED_KINDS, SENTENCES, tiny_masked

TEXT = "The quick brown fox, it was great!"
TEMPLATES = (
    "A <mask> news : {text}",
    "{text} It was <mask> .",
    "One {text} is a <mask> text",
    "<mask>{text}",
)


@cache
def bert(kind="bert"):
    return tiny_masked(kind)


@cache
def roberta():
    """A tiny model behind a tokenizer as RoBERTa's: spaces within tokens, <mask> takes the one before."""
    specials = ["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True, special=True)]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    ends = [(token, tokenizer.token_to_id(token)) for token in ("</s>", "<s>")]
    tokenizer.post_processor = processors.RobertaProcessing(*ends, add_prefix_space=False)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>", sep_token="</s>", cls_token="<s>", pad_token="<pad>",
        mask_token=AddedToken("<mask>", lstrip=True, special=True),
        model_max_length=CONTEXT,
    )  # fmt: skip
    return behind(fast, "roberta")


@cache
def wordpiece():
    return behind(AutoTokenizer.from_pretrained(MINILM.path().parent), "bert")


def behind(tokenizer, kind):
    """A tiny model with as many word embeddings as the tokenizer has tokens."""
    loaded = tiny_masked(kind)
    loaded.model.resize_token_embeddings(len(tokenizer))
    return replace(loaded, tokenizer=tokenizer)


@pytest.mark.parametrize("template", TEMPLATES[:3])
@pytest.mark.parametrize("load", [bert, roberta, wordpiece])
def test_tokens_are_those_of_the_whole_sentence(load, template):
    loaded = load()
    cloze = render_cloze(loaded, template, TEXT)
    mask = loaded.tokenizer.mask_token
    assert cloze.rendered == template.replace("<mask>", mask).replace("{text}", TEXT)
    whole = loaded.tokenizer(cloze.rendered).input_ids
    assert list(cloze.prompt.input_ids) == whole
    assert whole[cloze.mask_position] == loaded.tokenizer.mask_token_id


@pytest.mark.parametrize("name", TASKS)
def test_every_template_of_every_task_renders(name):
    for template in TASKS[name].templates:
        for loaded in (wordpiece(), roberta()):
            cloze = render_cloze(loaded, template, TEXT)
            assert list(cloze.prompt.input_ids) == loaded.tokenizer(cloze.rendered).input_ids


@pytest.mark.parametrize("load", [bert, roberta, wordpiece])
@pytest.mark.parametrize("mark", ["<mask>", "[MASK]", "</s>", "[SEP]", "{text}", "<unk>", "<pad>"])
def test_marks_within_the_text_stay_text(load, mark):
    loaded = load()
    text = f"The {mark} fox"
    cloze = render_cloze(loaded, TEMPLATES[0], text, "word")
    special = set(loaded.tokenizer.all_special_ids) - {loaded.tokenizer.unk_token_id}
    found = [i for i in cloze.prompt.input_ids if i in special]
    assert found == [found[0], loaded.tokenizer.mask_token_id, found[2]]
    pieces = {kind: piece for kind, piece in cloze.pieces}
    assert pieces["text"] == text and pieces["mask"] == loaded.tokenizer.mask_token
    assert "".join(span.text for span in cloze.prompt.spans) == text.replace(" ", "")


@settings(max_examples=60)
@given(text=st.text(max_size=60), template=st.sampled_from(TEMPLATES), word=st.booleans())
def test_any_text_keeps_mask_spans_and_characters(text, template, word):
    for loaded in (roberta(), wordpiece()):
        try:
            cloze = render_cloze(loaded, template, text, "word" if word else "token")
        except MaskwiseError:
            continue
        ids = cloze.prompt.input_ids
        assert ids.count(loaded.tokenizer.mask_token_id) == 1
        assert ids[cloze.mask_position] == loaded.tokenizer.mask_token_id
        positions = [p for span in cloze.prompt.spans for p in span.positions]
        assert len(set(positions)) == len(positions) and cloze.mask_position not in positions
        assert all(text[slice(*span.chars)] == span.text for span in cloze.prompt.spans)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("load", [bert, roberta])
def test_long_texts_lose_their_end_and_never_the_mask(load, template):
    loaded = load()
    text = "fox " * 1000
    cloze = render_cloze(loaded, template, text)
    ids = cloze.prompt.input_ids
    assert len(ids) == max_positions(loaded) == CONTEXT
    assert ids[cloze.mask_position] == loaded.tokenizer.mask_token_id
    ends = sequence_ends(loaded.tokenizer)
    assert list(ids[:1]) == ends[0] and list(ids[-1:]) == ends[1]
    (note,) = cloze.notes
    kept = sum(len(span.positions) for span in cloze.prompt.spans)
    assert note.startswith(f"The text is cut to its first {kept} of ")
    (body,) = (piece for kind, piece in cloze.pieces if kind == "text")
    assert text.startswith(body) and body.endswith("fox")


@pytest.mark.parametrize("kind", MASKED_KINDS)
def test_the_longest_prompt_fits_every_architecture(kind):
    loaded = bert(kind)
    cloze = render_cloze(loaded, TEMPLATES[0], "fox " * 1000)
    with torch.no_grad():
        output = loaded.model(torch.tensor([cloze.prompt.input_ids]))
    assert output.logits.shape[1] == CONTEXT


def test_short_texts_are_not_cut():
    assert render_cloze(bert(), TEMPLATES[0], TEXT).notes == ()


def test_spans_stand_in_the_text_as_it_was_typed():
    text = "\n  The quick\tfox \n"
    cloze = render_cloze(roberta(), TEMPLATES[0], text, "word")
    assert [text[slice(*span.chars)] for span in cloze.prompt.spans] == ["The", "quick", "fox"]


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("A news : {text}", "lacks <mask>"),
        ("A [MASK] news : {text}", "lacks <mask>"),
        ("A <mask> news :", "lacks {text}"),
        ("A <mask> <mask> : {text}", "<mask> 2 times"),
        ("{text} <mask> {text}", "{text} 2 times"),
        ("", "lacks <mask>"),
        ("<mask> {text}" + "x" * 500, "limited to 500"),
    ],
)
def test_faulty_templates_are_refused_with_the_fix(template, message):
    with pytest.raises(MaskwiseError, match=message):
        split_template(template)


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b"])
def test_texts_without_words_are_refused(text):
    with pytest.raises(MaskwiseError, match="empty|nothing that this model can read"):
        render_cloze(wordpiece(), TEMPLATES[0], text)


def test_a_template_longer_than_the_model_reads_is_refused(monkeypatch):
    monkeypatch.setattr(bert().tokenizer, "model_max_length", 8)
    with pytest.raises(MaskwiseError, match=r"takes \d+ of this model's 8 tokens"):
        render_cloze(bert(), "One two good bad was <mask> {text}", TEXT)


@pytest.mark.parametrize("template", ["A <mask> news : {text}", "{text} It was <mask> ."])
@pytest.mark.parametrize("kind", MASKED_KINDS)
def test_a_label_word_of_several_tokens_gets_as_many_masks(kind, template):
    loaded = tiny_masked(kind)
    one, three = (render_cloze(loaded, template, "sports of the world", masks=n) for n in (1, 3))
    at, ids = one.mask_position, one.prompt.input_ids
    assert three.prompt.input_ids == (*ids[:at], *[loaded.tokenizer.mask_token_id] * 3, *ids[at + 1 :])
    assert (three.mask_position, three.masks, one.masks) == (at, 3, 1)
    assert [span.chars for span in three.prompt.spans] == [span.chars for span in one.prompt.spans]
