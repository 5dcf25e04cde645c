"""Thinking before an answer: recognised, said, and explained or skipped as chosen."""

import re

import pytest
from tokenizers import AddedToken

from explainers.core.errors import MaskwiseError
from explainers.core.types import Prompt
from explainers.models import held
from explainers.streams import generation, what_if
from explainers.streams.comparison import compare
from explainers.streams.game import guessing
from explainers.streams.game.known_rounds import kept_rounds
from explainers.streams.game.rounds import Round
from explainers.streams.requests.comparison import ComparisonRequest
from explainers.streams.requests.generation import GenerationRequest
from explainers.text.prompts import encode_response, render_prompt
from explainers.text.template_choices import TemplateChoices, Thinking
from explainers.text.thinking import heed_thinking
from tests.tiny_models import CHATML, byte_level_tokenizer, tiny_causal

OPENED = CHATML.replace("assistant\n", "assistant\n<think>\n")
TOKENIZER = byte_level_tokenizer(chat=True)


def written_by(template):
    return Prompt("Hi", (), (), (("text", "Hi"), ("template", template)))


def heeded(response, choice, rendered="<|im_start|>assistant\n"):
    return heed_thinking(TOKENIZER, written_by(rendered), encode_response(TOKENIZER, response), choice)


PUBLISHED = {  # as the templates of these models write it: opening → closing
    "Qwen3, DeepSeek R1, SmolLM3": ("<think>", "</think>"),
    "EXAONE Deep": ("<thought>", "</thought>"),
    "Reka Flash": ("<reasoning>", "</reasoning>"),
    "Reflection": ("<thinking>", "</thinking>"),
    "Seed-OSS": ("<seed:think>", "</seed:think>"),
    "LongCat": ("<longcat_think>", "</longcat_think>"),
    "Magistral": ("[THINK]", "[/THINK]"),
    "Command A": ("<|START_THINKING|>", "<|END_THINKING|><|START_RESPONSE|>"),
    "OpenThinker": ("<|begin_of_thought|>", "<|end_of_thought|>\n\n<|begin_of_solution|>"),
    "Hunyuan": ("<think>", "</think>\n<answer>"),
    "Kimi": ("◁think▷", "◁/think▷"),
    "gpt-oss": ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    "gpt-oss in JSON": (
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>",
    ),
    "Gemma 4": ("<|channel>thought\n", "<channel|>"),
    "Solar Open": ("<|think|>", "<|end|><|begin|>assistant<|content|>"),
    "Apertus": ("<|inner_prefix|>", "<|inner_suffix|>"),
    "MedGemma": ("<unused94>thought\n", "<unused95>"),
    "Granite 3": ("Here is my thought process:", "Here is my response:"),
    "of no known model": ("<deep_thoughts>", "</deep_thoughts>"),
}
every_model = pytest.mark.parametrize(("begins", "ends"), PUBLISHED.values(), ids=PUBLISHED)


@pytest.mark.parametrize("special", [False, True])
@every_model
def test_the_answer_after_the_thinking(begins, ends, special):
    tokenizer, marks = byte_level_tokenizer(chat=True), re.findall(r"[<\[◁][^\s<\[◁]+[>\]▷]", begins + ends)
    tokenizer.add_tokens([AddedToken(mark, special=special) for mark in marks], special_tokens=special)
    ids = tokenizer(f"{begins}\nLet me see: 4.\n{ends}\n\nIt is 🎉 four.", add_special_tokens=False).input_ids
    prompt, (start, end) = heed_thinking(tokenizer, written_by("<|im_start|>assistant\n"), ids, "skip")
    assert tokenizer.decode(ids[start:end]).lstrip() == "It is 🎉 four." and end == len(ids)
    assert "the answer after the model's thinking" in prompt.notes[0]


@every_model
def test_opened_thinking_is_said_whatever_opens_it(begins, ends):
    (said,) = heeded(f"Let me see.{ends}Four.", "off", f"assistant\n{begins}")[0].notes
    assert "opens its thinking, so what is explained is the thinking" in said
    prompt, part = heeded("Four.", "skip", f"assistant\n{begins}\n\n{ends}")  # told not to think
    assert prompt.notes == () and part is None


@pytest.mark.parametrize("tag", ["scratchpad", "analysis", "self-reflection", "|inner_monologue|"])
def test_a_template_may_call_thinking_otherwise(tag):
    begins, ends = f"<{tag}>", f"<{tag.replace('|', '|/', 1) if '|' in tag else '/' + tag}>"
    prompt, (start, end) = heeded(f"Let me see.{ends}Four.", "skip", f"assistant\n{begins}\n")
    assert "the answer after the model's thinking" in prompt.notes[0] and end - start < 8
    assert heeded("Four.", "skip", f"assistant\n{begins}\n{ends}")[1] is None
    assert heeded(f"{begins}Two.{ends}", "off")[0].notes == (), "what an answer holds may be XML"


def test_what_a_person_writes_opens_no_thinking():
    prompt = render_prompt(TOKENIZER, "Explain the tag <think> and [THINK]")
    assert heed_thinking(TOKENIZER, prompt, encode_response(TOKENIZER, "Well."), "skip") == (prompt, None)


def test_a_closing_mark_alone_tells_of_thinking():
    prompt, (start, end) = heeded("Let me see.</think>Four.", "skip")
    assert "the answer after the model's thinking" in prompt.notes[0] and end - start < 8


@pytest.mark.parametrize("switch", ["enable_thinking", "thinking", "reasoning"])
def test_a_template_is_told_whether_to_think(switch):
    tokenizer = byte_level_tokenizer(chat=True)
    tokenizer.chat_template = CHATML.replace(
        "assistant\n", f"assistant\n{{% endif %}}{{% if add_generation_prompt and {switch} %}}<think>"
    )
    said = [
        render_prompt(tokenizer, "Hi", choices=TemplateChoices(thinking=choice)).rendered[-7:]
        for choice in Thinking
    ]
    assert [end == "<think>" for end in said] == [False, True, True]


def test_an_answer_may_begin_with_a_character_of_several_tokens():
    ids = encode_response(TOKENIZER, "hm</think>🎉")
    _, (start, end) = heeded("hm</think>🎉", "skip", "<think>")
    assert TOKENIZER.decode(ids[start:end]) == "🎉"


@pytest.mark.parametrize("choice", ["off", "explain", "skip"])
def test_where_nothing_thinks_nothing_is_said(choice):
    prompt, part = heeded("It is four.", choice)
    assert prompt.notes == () and part is None


@pytest.mark.parametrize(
    ("rendered", "choice", "said"),
    [
        ("assistant\n<think>\n", "off", "opens its thinking, so what is explained is the thinking.*skip"),
        ("assistant\n<think>\n", "explain", "begins with the model's thinking.*skip"),
        ("assistant\n[THINK]", "off", "opens its thinking"),
        ("assistant\n<think>\n", "skip", "the answer after the model's thinking"),
    ],
)
def test_opened_thinking_is_said(rendered, choice, said):
    prompt, _ = heeded("hm</think>[/THINK] Four.", choice, rendered)
    (note,) = prompt.notes
    assert re.search(said, note)


@pytest.mark.parametrize("choice", ["off", "explain"])
@pytest.mark.parametrize(
    ("response", "rendered", "said"),
    [
        ("Let me see, two and", "assistant\n<think>\n", "opens its thinking, and the answer does not end it"),
        ("It is four.", "assistant\n<think>\n", "reads all that is explained as thinking"),
        ("<think>\nLet me", "assistant\n", "All that is explained is the model's thinking, which .* not end"),
        ("Hm.</think>\n\n", "assistant\n<think>\n", "All that is explained .* stops where it ends"),
        ("\n</think>\n\nIt is four.", "assistant\n<think>\n", "which the answer ends at once.*skip"),
    ],
)
def test_thinking_without_an_answer_or_the_reverse_is_said(response, rendered, said, choice):
    prompt, part = heeded(response, choice, rendered)
    (note,) = prompt.notes
    assert re.search(said, note) and part is None
    assert ("skip" in note) == ("skip" in said), "what is offered would be refused"


def test_thinking_without_an_end_is_refused_where_it_is_skipped():
    with pytest.raises(MaskwiseError, match="not come to its end.*longer answer"):
        heeded("hm, let me", "skip", "<think>\n")
    with pytest.raises(MaskwiseError, match="stops where the thinking ends"):
        heeded("hm</think>\n\n", "skip", "<think>\n")


ASKED = "What is 2 + 2?"
SKIP = {
    "k": 1,
    "max_new_tokens": 2,
    "response": "Two and two</think>\n\nFour.",
    "thinking": "skip",
}


@pytest.fixture
def thinking(on_tiny_models, monkeypatch):
    """A model whose template opens its thinking."""
    loaded = tiny_causal("llama", chat=True)
    loaded.tokenizer.chat_template = OPENED
    monkeypatch.setattr(held, "load_model", lambda *name: loaded)


def test_a_result_says_that_thinking_was_explained_and_can_skip_it(thinking):
    settings = SKIP | {"method": "feature_ablation"}
    *_, whole = generation.run(GenerationRequest(ASKED, **settings | {"thinking": "off"}))
    *_, after = generation.run(GenerationRequest(ASKED, **settings))
    assert "so what is explained is the thinking" in whole["notes"][0] and whole["part"] is None
    assert "the answer after" in after["notes"][0]
    tokens = after["response_tokens"][slice(*after["part"])]
    assert "".join(token["text"] for token in tokens).strip() == "Four."
    assert after["log_prob"] == pytest.approx(sum(token["log_prob"] for token in tokens), abs=1e-4)
    again = what_if.removal(after, [t for t, span in enumerate(after["spans"]) if span["removed"]])
    assert again["log_prob_masked"] == pytest.approx(after["log_prob_masked"], abs=1e-4)


def explained_after(thinking_skipped: dict) -> float:
    *_, explanation = generation.run(GenerationRequest(ASKED, method="feature_ablation", **thinking_skipped))
    return explanation["log_prob"]


def test_the_comparison_explains_the_same_part_and_says_so(thinking):
    events = list(compare(ComparisonRequest(ASKED, ["feature_ablation"], draws=2, **SKIP)))
    (prompt,) = (event for event in events if event["type"] == "prompt")
    assert prompt["log_prob"] == pytest.approx(explained_after(SKIP), abs=1e-4)
    assert "the answer after" in events[-1]["notes"][0]


def test_the_game_is_about_the_same_part_and_says_so(thinking):
    kept_rounds.clear()
    settings = {name: value for name, value in SKIP.items() if name != "k"}
    events = list(guessing.play(Round("Sum", ASKED, 1, settings=settings), [0]))
    kinds = {event["type"]: event for event in events}
    assert kinds["revealed"]["log_prob"] == pytest.approx(explained_after(SKIP), abs=1e-4)
    assert "the answer after" in kinds["prepared"]["notes"][0]
