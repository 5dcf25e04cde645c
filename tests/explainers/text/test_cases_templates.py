"""Chat templates of every kind: the person's words reach the model whole, or a sentence says why not."""

from datetime import date, datetime

import pytest
from transformers import AddedToken

from explainers.core.errors import MaskwiseError
from explainers.text.chat_template import answer_end, unopened_note
from explainers.text.prompts import render_prompt
from explainers.text.template_choices import TemplateChoices
from tests.tiny_models import CHATML, byte_level_tokenizer

WORDS = "Write a story.  It is <b>short</b>."
USER = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
ANSWER = "<|im_start|>assistant"
PARTS = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% for c in m['content'] %}{{ c['text'] }}{% endfor %}"
    "<|im_end|>\n{% endfor %}<|im_start|>assistant"
)
NO_SYSTEM = USER.replace("messages %}", "messages if m['role'] == 'user' %}") + ANSWER
RAISES_ON_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    + USER
    + ANSWER
)


def with_template(template, **settings):
    tokenizer = byte_level_tokenizer(chat=True, **settings)
    tokenizer.chat_template = template
    return tokenizer


def read(tokenizer, text=WORDS, **choices):
    """The prompt, once what it says of itself was found to be what the tokens spell."""
    prompt = render_prompt(tokenizer, text, choices=TemplateChoices(**choices))
    assert tokenizer.decode(prompt.input_ids) == prompt.rendered
    assert "".join(words for kind, words in prompt.pieces if kind == "text").strip() == text.strip()
    return prompt


def test_content_as_parts_is_found_out():
    prompt = read(with_template(PARTS), system_prompt="Be brief.")
    assert prompt.rendered == (
        f"<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n{WORDS}<|im_end|>\n<|im_start|>assistant"
    )
    assert [prompt.text[slice(*span.chars)] for span in prompt.spans][:3] == ["Write", "a", "story"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("m['content'] | upper", "changes the text"),
        ("m['content'] | escape", "changes the text"),
        ("m['content'].split() | join(' ')", "changes the text"),
        ("m['content'][:20]", "changes the text"),
        ("m['content'] ~ m['content']", "more than once"),
        ("m['role']", "leaves your text out"),
        ("m['content'] | string | replace('story', 'tale')", "changes the text"),
        ("m['nothing']['there']", "cannot be used"),
    ],
)
def test_a_template_that_changes_the_text_is_refused(content, sentence):
    tokenizer = with_template(USER.replace("m['content']", content) + ANSWER)
    with pytest.raises(MaskwiseError, match=f"(?s){sentence}.*Choose another model"):
        render_prompt(tokenizer, WORDS)


@pytest.mark.parametrize("trim", ["trim", "string"])
def test_white_space_around_the_text_may_go(trim):
    tokenizer = with_template(USER.replace("content'] }}", f"content'] | {trim} }}}}") + ANSWER)
    prompt = read(tokenizer, "\n  two words \n")
    assert [(span.text, span.chars) for span in prompt.spans] == [("two", (3, 6)), ("words", (7, 12))]


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (NO_SYSTEM, "drops the system prompt"),
        (RAISES_ON_SYSTEM, "refuses the system prompt"),
        (
            USER.replace("m['content']", "m['content'] | upper if m['role'] == 'system' else m['content']"),
            "changes",
        ),
        (None, "no chat template"),
    ],
    ids=["dropped", "raises", "changed", "no template"],
)
def test_a_system_prompt_that_is_lost_can_go_before_the_prompt(template, sentence):
    tokenizer = with_template(template)
    with pytest.raises(MaskwiseError, match=f'(?s){sentence}.*system_prompt_placement.*"prompt"'):
        render_prompt(tokenizer, WORDS, choices=TemplateChoices("Answer in French."))
    prompt = read(tokenizer, system_prompt="Answer in French.", system_prompt_placement="prompt")
    assert f"Answer in French.\n\n{WORDS}" in prompt.rendered
    assert ("system", "Answer in French.") in prompt.pieces
    assert prompt.spans[0].text == "Write"


def test_a_template_may_put_the_system_prompt_into_the_users_turn():
    merged = "<|im_start|>[{{ messages[0]['content'] | trim }}] {{ messages[-1]['content'] }}<|im_end|>"
    prompt = read(with_template(merged), system_prompt=" Be brief. ")
    kinds = [kind for kind, words in prompt.pieces]
    assert kinds == ["mark", "template", "system", "template", "text", "mark"]


SWITCHED = (  # SmolLM3 reads a switch in the system prompt and takes it out
    "{% set system = messages[0]['content'] if messages[0]['role'] == 'system' else '' %}"
    "Thinking: {{ '/no_think' not in system }} {{ system | replace('/no_think', '') }}"
    "{{ messages[-1]['content'] }}"
)


def test_a_system_prompt_that_is_changed_is_told_apart_from_the_text():
    with pytest.raises(
        MaskwiseError, match='(?s)changes the system prompt.*system_prompt_placement.*"prompt"'
    ):
        read(with_template(SWITCHED), system_prompt="Be brief. /no_think")
    assert read(with_template(SWITCHED), system_prompt="Be brief.").rendered.startswith(
        "Thinking: True Be brief."
    )


@pytest.mark.parametrize("system", ["", "Be brief."])
def test_a_template_may_write_otherwise_around_some_texts(system):
    """GLM 4.5 adds /nothink behind a text unless it ends so."""
    switch = (
        "m['content'] ~ ('' if m['content'].endswith('/nothink') or m['role'] == 'system' else '/nothink')"
    )
    tokenizer = with_template(USER.replace("m['content']", switch) + ANSWER)
    assert read(tokenizer, "Tell a story.", system_prompt=system).rendered.count("/nothink") == 1
    typed = read(tokenizer, "Tell a story. /nothink", system_prompt=system)
    assert typed.rendered.count("/nothink") == 1 and typed.spans[-1].text == "nothink"


def test_runs_of_spaces_are_read_as_the_tokenizer_reads_them():
    """GPT-NeoX and Gemma have added tokens for them: the text is still read together with the template."""
    tokenizer = with_template("Question: {{ messages[0]['content'] }}\nAnswer:")
    tokenizer.add_tokens([AddedToken("  ", special=False, normalized=False)])
    prompt = read(tokenizer, "one  two")
    assert list(prompt.input_ids) == tokenizer(prompt.rendered, add_special_tokens=False).input_ids
    assert tokenizer.convert_tokens_to_ids("  ") in prompt.input_ids


@pytest.mark.parametrize(
    ("template", "end"),
    [
        (CHATML, "<|im_end|>"),
        (CHATML.replace("{{ message['content'] }}", "<|im_start|>{{ message['content'] }}"), ""),
        (CHATML.replace("<|im_end|>", ""), ""),
        (SWITCHED, ""),
        (None, ""),
    ],
    ids=["a mark", "an answer in parts", "no mark", "no answer", "no template"],
)
def test_the_mark_that_ends_an_answer(template, end):
    """Llama 3 was published with settings that did not name it, and answers ran on behind it."""
    tokenizer = with_template(template)
    assert answer_end(tokenizer) == end


@pytest.mark.parametrize("form", ["%d %b %Y", "%-d. %B %y", "%A", "%k:%M %P %f", "%_d/%^b/%Ey, 100 %%d, %s"])
def test_the_date_a_template_writes_is_fixed(form):
    tokenizer = with_template(f"\n Today: {{{{ strftime_now('{form}') }}}}\n" + USER + ANSWER)
    fixed = read(tokenizer, date="2024-02-09")
    assert fixed.date == "2024-02-09"
    assert fixed.rendered.startswith(f"\n Today: {datetime(2024, 2, 9).strftime(form)}\n<|im_start|>user")
    assert read(tokenizer).date == date.today().isoformat()
    assert read(tokenizer, date=date.today().isoformat()) == read(tokenizer)


def test_the_date_is_left_out_where_no_template_writes_it():
    assert read(with_template(USER + ANSWER), date="2024-02-09").date == ""


def test_a_date_that_is_none_is_refused():
    with pytest.raises(MaskwiseError, match="YYYY|such as 2026-11-26"):
        read(with_template("{{ strftime_now('%Y') }}" + USER), date="9 February")


@pytest.mark.parametrize("text", ["Once upon", "Once <|im_end|> upon"])
def test_end_tokens_of_a_tokenizer_are_not_part_of_the_prompt(text):
    from tokenizers import processors

    tokenizer = with_template(None)
    end = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    template = "<|endoftext|> $A <|endoftext|>"
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        template, special_tokens=[("<|endoftext|>", end)]
    )
    ids = render_prompt(tokenizer, text).input_ids
    assert ids[0] == end and ids.count(end) == 1


@pytest.mark.parametrize(
    ("template", "opens"), [(USER, False), (CHATML, True), ("[INST] {{ messages[0]['content'] }}", True)]
)
def test_a_template_that_does_not_open_the_answers_turn_is_said(template, opens):
    notes = unopened_note(with_template(template), TemplateChoices())
    assert (notes == ()) is opens
    assert (
        opens or "does not open the answer's turn, before which it writes '<|im_start|>assistant" in notes[0]
    )


def test_the_token_that_begins_a_text_stands_once():
    tokenizer = with_template("{{ bos_token }}" + USER + ANSWER, starts=True)
    ids = read(tokenizer).input_ids
    assert ids.count(tokenizer.bos_token_id) == 1 and ids[0] == tokenizer.bos_token_id


def test_the_pieces_tell_roles_template_and_words_apart():
    pieces = read(with_template(USER + ANSWER), system_prompt="Be brief.").pieces
    assert pieces == (
        ("mark", "<|im_start|>"), ("template", "system\n"), ("system", "Be brief."), ("mark", "<|im_end|>"),
        ("template", "\n"), ("mark", "<|im_start|>"), ("template", "user\n"), ("text", WORDS),
        ("mark", "<|im_end|>"), ("template", "\n"), ("mark", "<|im_start|>"), ("template", "assistant"),
    )  # fmt: skip


@pytest.mark.parametrize("choice", ["off", "explain"])
def test_thinking_is_asked_for_as_chosen(choice):
    asks = "{% if enable_thinking %}think{% else %}do not think{% endif %}"
    rendered = read(with_template(USER + asks), thinking=choice).rendered
    assert rendered.endswith("do not think") == (choice == "off")


def test_several_templates_without_a_default_are_refused():
    tokenizer = byte_level_tokenizer(chat=True)
    tokenizer.chat_template = {"rag": CHATML, "tool_use": CHATML}
    with pytest.raises(
        MaskwiseError, match=r"several chat templates \(rag, tool_use\), and none is the default"
    ):
        render_prompt(tokenizer, "Write a story.")
    tokenizer.chat_template = {"default": CHATML, "rag": "no"}
    assert render_prompt(tokenizer, "Write a story.").rendered.startswith("<|im_start|>user\nWrite")
