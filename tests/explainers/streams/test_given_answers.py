"""An answer that a person gives stands where the model's chat template puts answers."""

import re
from dataclasses import replace

import pytest
import torch
from tokenizers import AddedToken

from explainers.core.types import Task
from explainers.models import held
from explainers.streams import generation, report, what_if
from explainers.streams.game import guessing
from explainers.streams.game.known_rounds import kept_rounds
from explainers.streams.game.rounds import Round
from explainers.streams.rebuilt import target_of
from explainers.streams.requests.generation import GenerationRequest
from explainers.text.chat_template import answer_opening
from explainers.text.template_choices import TemplateChoices
from tests.slow_reference import slow_token_log_probs
from tests.tiny_models import CHATML, byte_level_tokenizer, tiny_causal

TURNS = "{{% for m in messages %}}{{% if m['role'] == 'assistant' %}}{answer}{{% else %}}{user}{{% endif %}}"
END = "{{% endfor %}}{{% if add_generation_prompt %}}{asks}{{% endif %}}"


def template(user, asks, answer):
    return (TURNS + END).format(user=user, asks=asks, answer=answer)


CONTENT = "{{ m['content'] }}"
TEMPLATES = {  # template, what stands before an answer
    "gpt-oss": (
        template(
            f"<|start|>{{{{ m['role'] }}}}<|message|>{CONTENT}<|end|>",
            "<|start|>assistant",
            f"<|start|>assistant<|channel|>final<|message|>{CONTENT}<|return|>",
        ),
        "<|channel|>final<|message|>",
    ),
    "Command A": (
        template(
            f"<|START|><|USER|>{CONTENT}<|END|>",
            "<|START|><|BOT|>",
            f"<|START|><|BOT|><|START_RESPONSE|>{CONTENT}<|END_RESPONSE|><|END|>",
        ),
        "<|START_RESPONSE|>",
    ),
    "Qwen3, thinking": (
        template(
            f"<|im_start|>user\n{CONTENT}<|im_end|>\n",
            "<|im_start|>assistant\n",
            f"<|im_start|>assistant\n<think>\n\n</think>\n\n{CONTENT}<|im_end|>\n",
        ),
        "<think>\n\n</think>\n\n",
    ),
    "ChatML": (CHATML, ""),
    "a space before an answer": (template(f"[INST]{CONTENT}[/INST]", "", f" {CONTENT}</s>"), " "),
    "another turn altogether": (template(f"<user>{CONTENT}", "<bot>", f"<said>{CONTENT}"), ""),
    "no answers": (template(f"<user>{CONTENT}", "<bot>", "{{ raise_exception('users only') }}"), ""),
    "of no known model": (
        template(f"<user>{CONTENT}", "<bot>", f"<bot><lane>say<go>{CONTENT}"),
        "<lane>say<go>",
    ),
}
MARKS = sorted({mark for text, _ in TEMPLATES.values() for mark in re.findall(r"<[^<>]+>", text)})
KNOWN = len(byte_level_tokenizer(chat=True))
PROMPT, ANSWER = "What is 2 + 2?", "It is four."
every_format = pytest.mark.parametrize(
    "name", [name for name, (_, opening) in TEMPLATES.items() if opening.strip()]
)


def tokenizer_of(name):
    tokenizer = byte_level_tokenizer(chat=True)
    tokenizer.add_tokens([AddedToken(mark, special=True) for mark in MARKS], special_tokens=True)
    tokenizer.chat_template = TEMPLATES[name][0]
    return tokenizer


@pytest.fixture
def loaded(monkeypatch, name):
    tiny = tiny_causal("llama", chat=True)
    tokenizer = tokenizer_of(name)
    with torch.no_grad():  # rows of marks, which the model then never writes
        tiny.model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
        tiny.model.get_input_embeddings().weight[KNOWN:] = 0.1
        tiny.model.get_output_embeddings().weight[KNOWN:] = 0
    model = replace(tiny, tokenizer=tokenizer)
    monkeypatch.setattr(held, "load_model", lambda name, task, *how: model)
    monkeypatch.setattr(report, "text_metrics", lambda response, masked: [])  # they take a second model
    return model


def explained(**settings):
    settings = {"k": 1, "max_new_tokens": 6, "method": "feature_ablation", "response": ANSWER} | settings
    *_, found = generation.run(GenerationRequest(PROMPT, **settings))
    return found


def rendered(found):
    return "".join(piece["text"] for piece in found["rendered"])


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_a_template_writes_before_an_answer(name):
    assert answer_opening(tokenizer_of(name), TemplateChoices()) == TEMPLATES[name][1]


def test_a_token_without_text_is_no_mark():
    tokenizer = tokenizer_of("ChatML")
    tokenizer.chat_template = template(f"<user>{CONTENT}", "<bot>", f"<bot>Sure: {CONTENT}")
    tokenizer.pad_token = ""  # as some tokenizers are saved
    assert answer_opening(tokenizer, TemplateChoices()) == ""


@every_format
def test_a_given_answer_stands_behind_what_opens_it(loaded, name):
    opening = TEMPLATES[name][1]
    found = explained()
    assert found["response"] == ANSWER and rendered(found).endswith(opening)
    assert (
        rendered(found)
        .removesuffix(opening)
        .endswith(("<|start|>assistant", "<|BOT|>", "assistant\n", "<bot>"))
    )
    assert any(f"stands behind {opening!r}" in note for note in found["notes"])
    target = target_of(found)
    read = loaded.tokenizer.decode([*target.prompt.input_ids, *target.response_ids])
    assert read == rendered(found) + ANSWER
    assert found["log_prob"] == pytest.approx(
        slow_token_log_probs(target, target.full_mask()).sum().item(), abs=1e-3
    )


@every_format
def test_questions_put_to_the_result_read_the_same(loaded, name):
    found = explained()
    again = what_if.removal(found, [t for t, span in enumerate(found["spans"]) if span["removed"]])
    assert again["log_prob_masked"] == pytest.approx(found["log_prob_masked"], abs=1e-3)
    assert again["log_prob"] == pytest.approx(found["log_prob"], abs=1e-3)


@pytest.mark.parametrize("name", ["gpt-oss"])
def test_the_game_reads_the_same_in_every_round(loaded, name):
    kept_rounds.clear()
    played = Round("Sum", PROMPT, 1, settings={"response": ANSWER, "max_new_tokens": 6})
    for _ in range(2):
        kinds = {event["type"]: event for event in guessing.play(played, [0])}
        assert kinds["revealed"]["log_prob"] == pytest.approx(explained()["log_prob"], abs=1e-3)


@every_format
def test_the_models_own_answer_stays_where_it_wrote_it(loaded, name):
    own = explained(response="")
    again = explained(response=own["response"])
    assert again["log_prob"] == pytest.approx(own["log_prob"], abs=1e-3)
    assert rendered(again) == rendered(own) and again["notes"] == own["notes"]


@pytest.mark.parametrize("name", ["Qwen3, thinking", "gpt-oss"])
def test_an_answer_that_begins_with_a_thought_is_read_as_it_is(loaded, name):
    found = explained(response="<think>Two and two.</think>Four.", thinking="explain")
    assert not rendered(found).endswith(TEMPLATES[name][1])


@every_format
def test_an_answer_that_brings_its_opening_along_has_it_once(loaded, name):
    opening = TEMPLATES[name][1].strip()
    target = target_of(explained(response=opening + ANSWER))
    read = loaded.tokenizer.decode([*target.prompt.input_ids, *target.response_ids])
    assert read.count(opening) == 1 and read.endswith(opening + ANSWER)


@pytest.mark.parametrize("name", ["ChatML"])
def test_where_an_answer_follows_at_once_nothing_is_said(loaded, name):
    found = explained()
    assert found["notes"] == [] and rendered(found).endswith("<|im_start|>assistant\n")
    assert loaded.task is Task.GENERATION
