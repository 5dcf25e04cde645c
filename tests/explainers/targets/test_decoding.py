"""Greedy decoding against a loop without a cache."""

import pytest
import torch

from benchmarks.tiny.decoders import tiny_decoder
from benchmarks.verified_models import byte_tokenizer
from explainers.core.types import Task
from explainers.models.held import LoadedModel
from explainers.targets.decoding import end_tokens, greedy_batch, greedy_tokens
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
