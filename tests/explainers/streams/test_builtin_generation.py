"""The main job on the built-in model: exact numbers, sense, and the page's own run."""

import re

import pytest
import torch

from explainers import explain_generation
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import encode_response, render_prompt
from tests.browser import expect, guarded_page
from tests.served import stand_ins
from tests.slow_reference import slow_token_log_probs

STORY = "Write a short story about the doctor and his patient. It is for a magazine."
ANSWER = "The doctor looked at his patient and smiled."


@pytest.mark.parametrize(
    ("granularity", "operator"),
    [("token", "zero"), ("token", "delete"), ("word", "delete"), ("word", "replace"), ("sentence", "zero")],
)
def test_the_api_agrees_with_a_slow_computation(smollm, granularity, operator):
    settings = {"granularity": granularity, "mask_operator": operator, "max_new_tokens": 4}
    *_, result = explain_generation(STORY, method="gradient_x_input", k=1, response=ANSWER, **settings)
    prompt = render_prompt(smollm.tokenizer, STORY, granularity)
    target = ResponseTarget(smollm, prompt, encode_response(smollm.tokenizer, ANSWER), operator)
    mask = [int(not span["removed"]) for span in result["spans"]]
    assert result["log_prob"] == pytest.approx(
        slow_token_log_probs(target, target.full_mask()).sum().item(), abs=0.01
    )
    assert result["log_prob_masked"] == pytest.approx(
        slow_token_log_probs(target, mask).sum().item(), abs=0.01
    )


def test_search_beats_random_removal(smollm):
    *_, result = explain_generation(STORY, response=ANSWER, options={"iterations": 40}, max_new_tokens=4)
    prompt = render_prompt(smollm.tokenizer, STORY)
    target = ResponseTarget(smollm, prompt, encode_response(smollm.tokenizer, ANSWER))
    generator = torch.Generator().manual_seed(0)
    masks = torch.ones(10, len(target.spans))
    for mask in masks:
        mask[torch.randperm(len(mask), generator=generator)[:3]] = 0
    assert result["log_prob_masked"] < target.log_prob(masks).mean().item()
    assert {"doctor", "patient"} & {span["text"] for span in result["spans"] if span["removed"]}


def test_the_answer_is_the_models_own(smollm):
    settings = {"method": "random_removal", "k": 1, "max_new_tokens": 20}
    *_, result = explain_generation("What is the capital of France?", **settings)
    assert "Paris" in result["response"]
    messages = [{"role": "user", "content": "What is the capital of France?"}]
    ids = smollm.tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )["input_ids"]
    written = smollm.model.generate(ids, max_new_tokens=20, do_sample=False)[0, ids.shape[1] :]
    assert smollm.tokenizer.decode(written, skip_special_tokens=True) == result["response"]


def test_a_person_explains_a_prompt_on_the_page(browser, launched_url, smollm):
    look = {"viewport": {"width": 1280, "height": 1000}}
    with stand_ins(lambda name, task, *how: smollm), guarded_page(browser, **look) as page:
        page.goto(launched_url)
        page.locator("#prompt textarea").fill("What is the capital of France?")
        page.locator("#k input[type=number]").fill("1")
        page.locator("#run").click()
        expect(page.locator("#diff")).to_contain_text("Paris", timeout=120_000)
        expect(page.locator("#status")).to_contain_text(re.compile(r"SmolLM2.*cpu"), timeout=240_000)
        expect(page.locator("#result")).to_contain_text("less likely", timeout=60_000)
