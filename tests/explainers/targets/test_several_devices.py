"""Masks are divided among copies of a model. Copies on the CPU stand in for those on other GPUs."""

from dataclasses import replace

import pytest
import torch

from explainers import EXPLAINERS, read_options
from explainers.core.errors import MaskwiseError, OutOfMemory, Stopped
from explainers.models.copies import variants
from explainers.models.copies.several_devices import SpreadScorer, copies_elsewhere
from explainers.targets.response import ResponseTarget
from tests.explainers.targets.test_half_precision import in_precision
from tests.explainers.targets.test_response_target import make_target, some_masks
from tests.tiny_models import tiny_causal

CPU = torch.device("cpu")
OPERATORS = ["zero", "delete", "replace"]


def spread(target, size=3, **settings):
    """The same question with a second device, in batches of `size`."""
    loaded = replace(target.loaded, others=(CPU,))
    other = ResponseTarget(
        loaded, target.prompt, target.response_ids, target.operator, screening=False, **settings
    )
    other.scorer.batch_size = size
    return other


class Scorer:
    """Gives each mask's number of kept spans, and remembers what it was asked."""

    device = CPU

    def __init__(self, error=None):
        self.asked, self.error = 0, error

    batch_size = 2

    def log_prob(self, masks):
        self.asked += len(masks)
        if self.error:
            raise self.error
        return masks.sum(1)


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("kind", ["llama", "gpt2", "gemma2"])
def test_two_devices_give_what_one_gives(kind, operator):
    alone = make_target(kind, operator)
    masks = some_masks(len(alone.spans))
    both = spread(alone)
    assert both.log_prob(masks).tolist() == pytest.approx(alone.log_prob(masks).tolist(), abs=1e-4)
    assert both.forward_passes == alone.forward_passes


def test_a_search_takes_the_same_way():
    alone, method = make_target("llama"), EXPLAINERS["best_swap"]
    found, expected = (
        method(read_options(method, {}, 2, 0)).explain(target) for target in (spread(alone), alone)
    )
    assert found.mask == expected.mask
    assert found.scores == pytest.approx(expected.scores, abs=1e-4)


def test_copies_are_kept_and_lie_apart():
    loaded = replace(tiny_causal("llama"), others=(CPU,))
    (first,), (second,) = copies_elsewhere(loaded), copies_elsewhere(loaded)
    assert first.model is second.model is not loaded.model
    own, there = loaded.model.lm_head.weight, first.model.lm_head.weight
    assert torch.equal(own, there) and own.data_ptr() != there.data_ptr()
    assert isinstance(there, torch.nn.Parameter) and first.others == ()
    weights = (*first.model.parameters(), *first.model.buffers())
    assert variants.bytes_of_copies(loaded.model) == sum(weight.nbytes for weight in weights)


def test_a_device_without_room_gets_no_copy(monkeypatch):
    monkeypatch.setattr(variants, "available_bytes", lambda device: 0)
    assert copies_elsewhere(replace(tiny_causal("llama"), others=(CPU,))) == []


def test_every_device_is_asked_and_the_order_stays():
    scorers = [Scorer() for _ in range(3)]
    masks = torch.tensor([[1, 1], [0, 0], [1, 0], [0, 1], [1, 1], [0, 0], [1, 1]])
    values = SpreadScorer(scorers[0], lambda: scorers[1:]).log_prob(masks)
    assert values.tolist() == [2, 0, 1, 1, 2, 0, 2]
    assert [scorer.asked for scorer in scorers] == [3, 2, 2]


def test_what_fits_into_one_batch_needs_no_copy():
    def others():
        raise AssertionError("a copy was made")

    assert SpreadScorer(Scorer(), others).log_prob(torch.ones(2, 3)).tolist() == [3, 3]


@pytest.mark.parametrize("error", [OutOfMemory("full"), torch.OutOfMemoryError("full")])
def test_where_another_device_runs_out_of_memory_the_first_evaluates(error):
    first, full, free = Scorer(), Scorer(error), Scorer()
    both = SpreadScorer(first, lambda: [full, free])
    masks = torch.eye(9)
    assert both.log_prob(masks).tolist() == [1] * 9
    assert [scorer.asked for scorer in (first, full, free)] == [6, 3, 3]
    both.log_prob(masks)  # the full one is asked no more
    assert [scorer.asked for scorer in (first, full, free)] == [11, 3, 7]


@pytest.mark.parametrize("error", [Stopped("stop"), MaskwiseError("broken"), ValueError("else")])
@pytest.mark.parametrize("place", [0, 1])
def test_other_errors_are_raised_as_they_are(error, place):
    scorers = [Scorer(), Scorer()]
    scorers[place].error = error
    with pytest.raises(type(error), match=str(error)):
        SpreadScorer(scorers[0], lambda: scorers[1:]).log_prob(torch.ones(9, 2))


def test_out_of_memory_on_the_first_device_is_an_error():
    with pytest.raises(OutOfMemory, match="full"):
        SpreadScorer(Scorer(OutOfMemory("full")), lambda: [Scorer()]).log_prob(torch.ones(9, 2))


def test_a_run_on_two_devices_can_be_stopped():
    def stop(rows):
        raise Stopped("stop")

    alone = make_target("llama")
    with pytest.raises(Stopped):
        spread(alone, on_forward=stop).log_prob(some_masks(len(alone.spans)))


def test_a_half_model_computes_in_fp32_on_both_devices():
    alone = in_precision(torch.bfloat16)
    masks = some_masks(len(alone.spans))
    assert spread(alone).log_prob(masks).tolist() == pytest.approx(alone.log_prob(masks).tolist(), abs=1e-4)
