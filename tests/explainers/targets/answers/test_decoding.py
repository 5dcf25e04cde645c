"""Greedy decoding against a loop without a cache."""

import pytest
import torch

from benchmarks.tiny.decoders import tiny_decoder
from benchmarks.tiny.encoder_decoders import tiny_encoder_decoder
from benchmarks.verified_models import byte_tokenizer
from explainers.core.types import Task
from explainers.models.loaded import LoadedModel
from explainers.streams.generation import run
from explainers.streams.requests.generation import GenerationRequest
from explainers.targets.answers.decoding import greedy_batch, greedy_tokens
from explainers.targets.answers.settings import end_tokens, settings_notes
from tests.tiny_models import CAUSAL_KINDS, tiny_causal


def slow_greedy(loaded, embeds, count):
    answer = []
    for _ in range(count):
        tail = loaded.model.get_input_embeddings()(torch.tensor([answer], dtype=torch.long))
        logits = loaded.model(inputs_embeds=torch.cat([embeds, tail], 1), use_cache=False).logits
        token = logits[0, -1].argmax().item()
        if token in end_tokens(loaded):
            break
        answer.append(token)
    return answer


def tiny_marian():
    tokenizer = byte_tokenizer()
    model = tiny_encoder_decoder("marian", len(tokenizer))
    return LoadedModel("marian", "", Task.GENERATION, model, tokenizer, torch.device("cpu"), torch.float32)


@pytest.mark.parametrize("kind", CAUSAL_KINDS)
def test_answers_equal_a_slow_loop(kind):
    loaded = tiny_causal(kind)
    ids = torch.tensor([[5, 9, 30, 41, 52], [60, 7, 8, 90, 10]])
    embeds = loaded.model.get_input_embeddings()(ids).detach()
    with torch.no_grad():
        slow = [tuple(slow_greedy(loaded, row[None], 8)) for row in embeds]
    assert [tuple(greedy_tokens(loaded, row[None], 8)) for row in embeds] == slow
    assert greedy_batch(loaded, embeds, 8) == slow


def test_positions_that_turn_midway_are_read_anew():
    """LongRoPE reads all positions otherwise once the text is longer than 56 tokens."""
    tokenizer = byte_tokenizer()
    model = tiny_decoder("phi3 beyond its short positions", len(tokenizer))
    loaded = LoadedModel("phi3", "", Task.GENERATION, model, tokenizer, torch.device("cpu"), torch.float32)
    for length in (40, 52, 56, 60):
        ids = torch.randint(1, 256, (1, length), generator=torch.Generator().manual_seed(length))
        embeds = model.get_input_embeddings()(ids).detach()
        with torch.no_grad():
            slow = tuple(slow_greedy(loaded, embeds, 12))
        assert tuple(greedy_tokens(loaded, embeds, 12)) == slow, length


def test_an_answer_ends_at_the_end_token():
    loaded = tiny_causal("llama")
    embeds = loaded.model.get_input_embeddings()(torch.tensor([[5, 9, 30]])).detach()
    whole = tuple(greedy_tokens(loaded, embeds, 8))
    loaded.model.generation_config.eos_token_id = [whole[3]]
    cut = whole[: whole.index(whole[3])]
    assert tuple(greedy_tokens(loaded, embeds, 8)) == cut
    assert greedy_batch(loaded, embeds, 8) == [cut]


def test_an_answer_ends_where_its_template_ends_it():
    loaded = tiny_causal("qwen2", chat=True)
    loaded.tokenizer.eos_token, loaded.model.generation_config.eos_token_id = "<|endoftext|>", None
    assert end_tokens(loaded) == set(loaded.tokenizer.convert_tokens_to_ids(["<|endoftext|>", "<|im_end|>"]))
    loaded.model.generation_config = None
    assert len(end_tokens(loaded)) == 2


@pytest.mark.parametrize("make", [lambda: tiny_causal("llama"), tiny_marian], ids=["llama", "marian"])
def test_tokens_that_the_settings_rule_out_are_not_written(make):
    loaded = make()
    embeds = loaded.model.get_input_embeddings()(torch.tensor([[5, 9, 30]])).detach()
    first, second = tuple(greedy_tokens(loaded, embeds, 8))[:2]
    settings = loaded.model.generation_config
    settings.bad_words_ids, settings.suppress_tokens = [[first], [second, first]], [second]
    assert not {first, second} & set(greedy_tokens(loaded, embeds, 8))


def test_settings_that_are_not_applied_are_said():
    loaded = tiny_causal("llama")
    assert settings_notes(loaded.model) == ()
    loaded.model.generation_config.update(
        repetition_penalty=1.1, num_beams=4, do_sample=True, temperature=0.6
    )
    request = GenerationRequest("The sea is wide.", method="random_removal", k=1, max_new_tokens=1)
    *_, result = run(request, loaded=loaded)
    assert "own settings (repetition_penalty 1.1, num_beams 4) are not applied" in result["notes"][0]
