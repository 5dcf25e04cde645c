"""Encoder–decoder models against a slow reading: one prompt at a time, no cache, token ids where possible."""

import pytest
import torch
from tokenizers import processors
from transformers import AutoConfig, AutoModelForSeq2SeqLM, PreTrainedTokenizerFast

from benchmarks.tiny.encoder_decoders import SCALED, T5
from explainers.core.base import EXPLAINERS
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.models import held
from explainers.models.loaded import LoadedModel
from explainers.streams import generation, what_if
from explainers.streams.requests.generation import GenerationRequest
from explainers.targets.answers.decoding import greedy_batch, greedy_tokens
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import encode_response, render_prompt
from tests.tiny_models import byte_level_tokenizer

TEXT, ANSWER = "Tell me of the old doctor.", "Once upon a time"
TOKENS = {"decoder_start_token_id": 0, "pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 2}
KINDS = {
    "t5": T5,
    "bart": SCALED | {"forced_bos_token_id": 1},
    "mbart": SCALED,
    "pegasus": SCALED,
    "marian": SCALED,
}


def ending_tokenizer():
    """As T5's: nothing before a text, an end token behind it."""
    tokenizer = byte_level_tokenizer().backend_tokenizer
    steps = [
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing("$A <|im_end|>", special_tokens=[("<|im_end|>", 2)]),
    ]
    tokenizer.post_processor = processors.Sequence(steps)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<|endoftext|>", eos_token="<|im_end|>", model_max_length=256
    )


def tiny(kind):
    tokenizer = ending_tokenizer()
    config = AutoConfig.for_model(kind, vocab_size=len(tokenizer), **KINDS[kind] | TOKENS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = AutoModelForSeq2SeqLM.from_config(config)
    model = model.eval().requires_grad_(False)
    return LoadedModel(kind, "random", Task.GENERATION, model, tokenizer, torch.device("cpu"), torch.float32)


def target_on(loaded, operator="zero", text=TEXT):
    prompt = render_prompt(loaded.tokenizer, text, ends=True)
    return ResponseTarget(
        loaded, prompt, encode_response(loaded.tokenizer, ANSWER, continues=False), operator
    )


def slow_log_prob(loaded, target, mask):
    """log p of the answer after one prompt, nothing shared; token ids wherever no embedding is zeroed."""
    model = loaded.model
    gone = {p for s, kept in zip(target.spans, mask, strict=True) if not kept for p in s.positions}
    ids = list(target.prompt.input_ids)
    if target.operator == "delete":
        read = {"input_ids": torch.tensor([[token for p, token in enumerate(ids) if p not in gone]])}
    elif target.operator == "replace":
        other = target.masked.replacement_id()
        read = {"input_ids": torch.tensor([[other if p in gone else token for p, token in enumerate(ids)]])}
    else:
        read = {"input_ids": torch.tensor([ids])}
        zeroed = model.get_encoder().embed_tokens.register_forward_hook(
            lambda module, args, out: (
                out.index_fill(1, torch.tensor(sorted(gone), dtype=torch.long), 0.0)
                if out.shape[1] == len(ids) and args[0].tolist() == [ids]
                else out
            )
        )
    forced = model.generation_config.forced_bos_token_id
    before = [model.config.decoder_start_token_id] + ([] if forced is None else [forced])
    written = torch.tensor([before + list(target.response_ids[:-1])])
    try:
        logits = model(**read, decoder_input_ids=written, use_cache=False).logits[0, len(before) - 1 :]
    finally:
        if target.operator == "zero":
            zeroed.remove()
    return logits.log_softmax(-1).gather(1, torch.tensor(target.response_ids)[:, None]).sum().item()


@pytest.mark.parametrize("operator", ["zero", "delete", "replace"])
@pytest.mark.parametrize("kind", KINDS)
def test_log_prob_equals_a_slow_reading(kind, operator):
    loaded = tiny(kind)
    target = target_on(loaded, operator)
    count = len(target.spans)
    sets = [], [0], [2, 3], [1, 4, 5], range(count)
    masks = [tuple(int(t not in gone) for t in range(count)) for gone in sets]
    found = target.log_prob(torch.tensor(masks)).tolist()
    slow = [slow_log_prob(loaded, target, mask) for mask in masks]
    assert found == pytest.approx(slow, abs=1e-4)
    assert max(slow) - min(slow) > 0.01
    for mask, value in zip(masks, slow, strict=True):
        assert sum(target.token_log_probs(mask)) == pytest.approx(value, abs=1e-4)
        chosen = target.next_token_log_probs(mask).gather(1, target.response_column())
        assert chosen.sum().item() == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_greedy_answers_equal_steps_without_a_cache(kind):
    loaded = tiny(kind)
    target, model = target_on(loaded), loaded.model
    forced = model.generation_config.forced_bos_token_id
    written = [model.config.decoder_start_token_id] + ([] if forced is None else [forced])
    first = len(written)
    for _ in range(6):
        ids = torch.tensor([target.prompt.input_ids])
        logits = model(input_ids=ids, decoder_input_ids=torch.tensor([written]), use_cache=False).logits
        written.append(logits[0, -1].argmax().item())
    answer = tuple(written[first:])
    ended = answer.index(2) if 2 in answer else len(answer)
    embeds = target.kept_embeds(target.full_mask())
    assert tuple(greedy_tokens(loaded, embeds, 6)) == answer[:ended]
    assert greedy_batch(loaded, embeds.expand(2, -1, -1), 6) == [answer[:ended]] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_equal_finite_differences(kind):
    target = target_on(tiny(kind))
    embeds = target.embeds()[None]
    _, gradient = target.gradient(embeds)
    towards = torch.randn(embeds.shape, generator=torch.Generator().manual_seed(0))
    step = 1e-3
    with torch.no_grad():
        up, down = (target.log_prob_from_embeds(embeds + sign * step * towards).item() for sign in (1, -1))
    assert (up - down) / (2 * step) == pytest.approx((gradient * towards).sum().item(), rel=0.05, abs=0.05)


@pytest.mark.parametrize("kind", ["t5", "bart"])
def test_generations_are_explained_from_prompt_to_what_if(kind, monkeypatch):
    loaded = tiny(kind)
    monkeypatch.setattr(held, "load_model", lambda *name: loaded)
    monkeypatch.setattr("explainers.streams.report.text_metrics", lambda *answers: [])
    request = GenerationRequest(TEXT, method="best_within_budget", k=2, max_new_tokens=4, response=ANSWER)
    *_, found = generation.run(request)
    target = target_on(loaded)
    mask = tuple(int(not span["removed"]) for span in found["spans"])
    assert found["log_prob"] == pytest.approx(slow_log_prob(loaded, target, target.full_mask()), abs=1e-3)
    assert found["log_prob_masked"] == pytest.approx(slow_log_prob(loaded, target, mask), abs=1e-3)
    again = what_if.removal(found, [0])
    assert again["log_prob"] == pytest.approx(found["log_prob"], abs=1e-3)


@pytest.mark.parametrize("method", ["captum_feature_ablation", "captum_kernel_shap", "captum_shapley", "tdd"])
def test_methods_that_need_one_text_say_so(method):
    with pytest.raises(MaskwiseError, match="encoder of its own. Choose another method"):
        EXPLAINERS[method]().explain(target_on(tiny("t5")))


def test_the_tokens_behind_a_text_stay_for_an_encoder():
    tokenizer = ending_tokenizer()
    prompt = render_prompt(tokenizer, TEXT, ends=True)
    assert list(prompt.input_ids) == tokenizer(TEXT).input_ids
    assert render_prompt(byte_level_tokenizer(), TEXT, ends=True) == render_prompt(
        byte_level_tokenizer(), TEXT
    )


@pytest.mark.parametrize("kind", KINDS)
def test_folders_of_encoder_decoder_models_load(kind, tmp_path):
    loaded = tiny(kind)
    loaded.model.save_pretrained(tmp_path)
    loaded.tokenizer.save_pretrained(tmp_path)
    again = held.load_model(str(tmp_path), Task.GENERATION)
    mask = target_on(loaded).full_mask()
    assert target_on(again).log_prob_of(mask) == pytest.approx(target_on(loaded).log_prob_of(mask), abs=1e-4)
    with pytest.raises(MaskwiseError, match="does not fit this task"):
        held.load_model(str(tmp_path), Task.CLASSIFICATION)
