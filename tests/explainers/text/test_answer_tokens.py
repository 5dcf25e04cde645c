"""An answer that is given has the tokens that it has behind the prompt, whatever its tokenizer sets before a
text that stands alone."""

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from explainers.core.types import Task
from explainers.models.loaded import LoadedModel
from explainers.targets.answers.given_answer import encode_given, opening_before
from explainers.text.prompts import encode_in_place, encode_response, render_prompt
from explainers.text.template_choices import TemplateChoices
from tests.tiny_models import SENTENCES, tiny_causal

MARKS = ("<s>", "</s>", "<|user|>", "<|bot|>")
ZEPHYR = (
    "{% for m in messages %}{{ '<|user|>' if m['role'] == 'user' else '<|bot|>' }}\n{{ m['content'] }}</s>\n"
    "{% endfor %}{% if add_generation_prompt %}<|bot|>\n{% endif %}"
)
LLAMA = (  # a space before each answer, which is no part of what asks for one
    "{% for m in messages %}{% if m['role'] == 'user' %}<s>[INST] {{ m['content'] }} [/INST]"
    "{% else %} {{ m['content'] }}</s>{% endif %}{% endfor %}"
)


def tokenizer(kind, template=None):
    """Whole words and letters. As Llama's first: a space before every text; Metaspace: before the first."""
    words = sorted({word for sentence in SENTENCES for word in sentence.split()})
    letters = sorted({letter for word in words for letter in word} | set("[]/INST\n"))
    vocabulary = {piece: n for n, piece in enumerate([*MARKS, "▁", "▁▁", *letters])}
    made = Tokenizer(models.BPE(vocabulary, [("▁", "▁")], unk_token="</s>"))
    if kind == "prepended":
        steps = [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
        made.normalizer = normalizers.Sequence(steps)
    else:
        made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=kind, split=False)
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.Fuse(), decoders.Strip(" ", 1 if kind != "never" else 0, 0)]
    )
    made.add_special_tokens([AddedToken(mark, normalized=False, special=True) for mark in MARKS])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<s>", eos_token="</s>", unk_token="</s>", pad_token="</s>"
    )
    fast.chat_template = template
    return fast


def behind(fast, answer, text="Write a book"):
    """The prompt's tokens and the answer's, as they are read."""
    tiny = tiny_causal("llama")
    loaded = LoadedModel("m", "r", Task.GENERATION, tiny.model, fast, tiny.device, tiny.dtype)
    prompt, choices = render_prompt(fast, text), TemplateChoices()
    opening = opening_before(answer, fast, choices)
    return prompt, encode_given(loaded, prompt, answer, opening)


KINDS = ("prepended", "always", "first", "never")


@pytest.mark.parametrize("template", [ZEPHYR, LLAMA, None], ids=["Zephyr", "Llama 2", "none"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_is_read_as_a_whole_conversation_would_be(kind, template):
    fast = tokenizer(kind, template)
    prompt, ids = behind(fast, "Once upon")
    space = "" if template is ZEPHYR else " "
    whole = fast(f"{prompt.rendered}{space}Once upon", add_special_tokens=False).input_ids
    assert [*prompt.input_ids, *ids] == whole
    assert [*prompt.input_ids, *behind(fast, " Once upon")[1]] == (
        fast(f"{prompt.rendered} Once upon", add_special_tokens=False).input_ids
    )


@pytest.mark.parametrize("kind", KINDS)
def test_no_second_space_is_set_behind_white_space(kind):
    fast = tokenizer(kind)
    prompt, ids = behind(fast, "Once", text="Write a book\n")
    assert [*prompt.input_ids, *ids] == fast("Write a book\nOnce", add_special_tokens=False).input_ids


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_in_the_place_of_a_token_has_its_space(kind):
    fast = tokenizer(kind)
    whole = fast("Write a book", add_special_tokens=False).input_ids
    place = fast.convert_ids_to_tokens(whole).index("▁", 1)
    space, letter = fast.convert_tokens_to_ids(["▁", "b"])
    assert encode_in_place(fast, whole[:place], space, "b") == [space, letter]
    assert encode_in_place(fast, whole[: place + 1], whole[place + 1], "b") == [letter]


def test_an_answer_alone_is_read_as_it_was():
    fast = tokenizer("always")
    assert list(encode_response(fast, "Once")) == fast(" Once", add_special_tokens=False).input_ids
