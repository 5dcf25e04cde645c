"""Decoding with a draft ahead against the plain loop: the same tokens, whatever the draft says."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from explainers.core.errors import Stopped
from explainers.core.types import Task
from explainers.models.copies.four_bit import draft_copy
from explainers.models.held import load_model
from explainers.models.loaded import IN_MEMORY
from explainers.targets.answers import decoding
from explainers.targets.answers.decoding import greedy_tokens
from explainers.targets.causal import drafting
from explainers.targets.causal.model import CausalModel
from explainers.targets.causal.reading import reading_of
from explainers.text.prompts import render_prompt
from tests.explainers.targets.test_response_target import make_target, some_masks
from tests.tiny_models import CAUSAL_KINDS, tiny_causal

CROPPED = [kind for kind in CAUSAL_KINDS if reading_of(tiny_causal(kind).model).crops]


@pytest.fixture
def write(monkeypatch):
    """Tokens of a model with a draft ahead; without one, those of the plain loop."""

    def tokens(loaded, embeds, count, draft=None, on_forward=lambda rows: None):
        monkeypatch.setattr(decoding, "draft_of", lambda loaded: draft and (lambda: draft))
        return list(greedy_tokens(loaded, embeds, count, on_forward))

    return tokens


def embeds_of(loaded, ids=(5, 9, 30, 41, 52)):
    return loaded.model.get_input_embeddings()(torch.tensor([ids])).detach()


def own_tiny():
    """A tiny model that a test may change."""
    loaded = tiny_causal("llama")
    return replace(loaded, model=deepcopy(loaded.model))


class Passes:
    """Counts the passes of a model itself, but not those that try how it may be read."""

    def __init__(self, model):
        self._model, self.count = model, 0

    def __enter__(self):
        reading_of(self._model)
        self._hook = self._model.register_forward_hook(self._add)
        return self

    def __exit__(self, *error):
        self._hook.remove()

    def _add(self, *arguments):
        self.count += 1


def test_kinds_whose_cache_can_be_cropped():
    assert {"llama", "gpt2", "qwen3"} <= set(CROPPED) < set(CAUSAL_KINDS)


@pytest.mark.parametrize("sure", [0.0, 0.5, 100.0])
@pytest.mark.parametrize("kind", CROPPED)
def test_tokens_equal_the_plain_loops(kind, sure, write, monkeypatch):
    monkeypatch.setattr(drafting, "SURE", sure)
    loaded = tiny_causal(kind)
    embeds, draft = embeds_of(loaded), draft_copy(loaded.model)
    for count in (0, 1, 2, 7, 30):
        assert write(loaded, embeds, count, draft) == write(loaded, embeds, count)


def test_a_draft_that_is_right_saves_passes(write, monkeypatch):
    monkeypatch.setattr(drafting, "SURE", 0.0)
    loaded, seen = tiny_causal("llama"), []
    embeds, draft = embeds_of(loaded), own_tiny().model  # the same weights
    with Passes(loaded.model) as passes:
        tokens = write(loaded, embeds, 16, draft, seen.append)
    assert passes.count == 3  # 1 token, 7 drafted and 1, 6 drafted and 1
    assert seen == [1] * (3 + 7 + 6)
    assert tokens == write(loaded, embeds, 16)


def test_a_draft_that_is_wrong_changes_nothing(write, monkeypatch):
    monkeypatch.setattr(drafting, "SURE", 0.0)
    loaded, draft = tiny_causal("llama"), tiny_causal("llama", seed=1).model
    assert write(loaded, embeds_of(loaded), 12, draft) == write(loaded, embeds_of(loaded), 12)


@pytest.mark.parametrize("operator", ["zero", "delete", "replace"])
def test_masked_prompts_are_answered_alike(operator, write, monkeypatch):
    monkeypatch.setattr(drafting, "SURE", 0.0)
    target = make_target(operator=operator)
    draft = draft_copy(target.model)
    answers = []
    for mask in some_masks(len(target.spans)):
        embeds = target.kept_embeds(tuple(mask.tolist()))
        answers.append(write(target.loaded, embeds, 12, draft))
        assert answers[-1] == write(target.loaded, embeds, 12)
    assert len(set(map(tuple, answers))) > 1


def test_an_answer_ends_at_its_end_token(write, monkeypatch):
    monkeypatch.setattr(drafting, "SURE", 0.0)
    loaded = own_tiny()
    embeds = embeds_of(loaded)
    whole = write(loaded, embeds, 12)
    for end in whole[:7]:
        loaded.model.generation_config.eos_token_id = [end]
        assert write(loaded, embeds, 12, loaded.model) == whole[: whole.index(end)]


def test_near_ties_are_decided_as_by_the_plain_loop(write, monkeypatch):
    """Every token has a twin with the same logit, and passes over several tokens are a little off."""
    monkeypatch.setattr(drafting, "SURE", -1.0)
    loaded = own_tiny()
    weight = loaded.model.get_output_embeddings().weight
    loaded.model.get_output_embeddings().weight = torch.nn.Parameter(
        weight[torch.arange(len(weight)) // 2 * 2], requires_grad=False
    )
    read, noise = CausalModel.output, torch.Generator().manual_seed(0)

    def rounded(causal, inputs, count, **arguments):
        output = read(causal, inputs, count, **arguments)
        if count > 1:
            output.logits += 1e-4 * torch.rand(output.logits.shape, generator=noise)
        return output

    monkeypatch.setattr(CausalModel, "output", rounded)
    embeds, draft = embeds_of(loaded), tiny_causal("llama", seed=1).model
    tokens = write(loaded, embeds, 30)
    assert write(loaded, embeds, 30, draft) == write(loaded, embeds, 30, loaded.model) == tokens
    monkeypatch.setattr(drafting, "TIE", 0.0)
    assert write(loaded, embeds, 30, loaded.model) != tokens


def test_stop_is_heard_before_every_pass(write, monkeypatch):
    monkeypatch.setattr(drafting, "SURE", 0.0)
    loaded, seen = tiny_causal("llama"), []
    embeds, draft = embeds_of(loaded), draft_copy(loaded.model)
    write(loaded, embeds, 10, draft, seen.append)
    assert len(seen) > 10

    def stop_at(number):
        def on_forward(rows):
            calls.append(rows)
            if len(calls) == number:
                raise Stopped

        calls = []
        return on_forward

    for number in range(1, len(seen) + 1):
        with pytest.raises(Stopped):
            write(loaded, embeds, 10, draft, stop_at(number))


def test_which_models_get_a_draft(monkeypatch):
    tiny = tiny_causal("llama")
    assert drafting.draft_of(tiny) is None  # too small
    monkeypatch.setattr("explainers.models.copies.four_bit.LEAST_PARAMETERS", 0)
    monkeypatch.setattr("explainers.models.copies.four_bit.products_are_faster", lambda: True)
    assert drafting.draft_of(tiny)() is drafting.draft_of(tiny)() is not None
    assert drafting.draft_of(replace(tiny, revision=IN_MEMORY)) is None
    assert drafting.draft_of(tiny_causal("gemma2")) is None  # sliding windows
    monkeypatch.setattr("explainers.models.copies.four_bit.products_are_faster", lambda: False)
    assert drafting.draft_of(tiny) is None


def test_the_first_token_does_not_wait_for_the_copy_to_be_made(monkeypatch):
    loaded, made = own_tiny(), []
    embeds = embeds_of(loaded)
    monkeypatch.setattr(decoding, "draft_of", lambda loaded: None)
    plain = list(greedy_tokens(loaded, embeds, 6))
    monkeypatch.setattr(decoding, "draft_of", lambda loaded: lambda: made.append("made"))
    tokens = greedy_tokens(loaded, embeds, 6)
    assert next(tokens) == plain[0] and not made
    assert list(tokens) == plain[1:] and made == ["made"]  # memory does not hold it: a pass per token


def test_the_builtin_model_with_its_own_draft(write):
    loaded = load_model("", Task.GENERATION)
    draft = draft_copy(loaded.model)
    ids = render_prompt(loaded.tokenizer, "Write a short story about the doctor and his patient.").input_ids
    with Passes(loaded.model) as passes:
        tokens = write(loaded, embeds_of(loaded, ids), 24, draft)
    assert passes.count < 16
    assert tokens == write(loaded, embeds_of(loaded, ids), 24)
