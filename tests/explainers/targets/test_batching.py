"""Batches that shrink when memory runs out, logits in slices, shared keys and values, fp32 products."""

from dataclasses import replace

import pytest
import torch

from explainers.core.errors import MaskwiseError
from explainers.models import fast_fp32
from explainers.models.fast_fp32 import onednn_is_better
from explainers.targets import batching
from explainers.targets.batching import Batches, Passes, batch_rows, saturating_rows
from explainers.targets.causal import logits
from explainers.targets.causal import model as causal_model
from explainers.targets.causal.reading import reading_of
from tests.explainers.targets.test_response_target import make_target, some_masks
from tests.slow_reference import slow_token_log_probs
from tests.tiny_models import CAUSAL_KINDS, tiny_causal

OUT_OF_MEMORY = (
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory: you tried"
    ),
    MemoryError(),
)


class SmallMemory:
    """A computation, x → 2x, that fails above a number of rows."""

    def __init__(self, rows, error):
        self.rows, self.error, self.tried = rows, error, []

    def __call__(self, batch):
        self.tried.append(len(batch))
        if len(batch) > self.rows:
            raise self.error
        return torch.tensor(batch) * 2


def doubled(batches, evaluate, count):
    values = []
    for batch in batches.of(range(count), min(count, 16)):
        with batch:
            values += evaluate(list(batch.items)).tolist()
    return values


@pytest.mark.parametrize("error", OUT_OF_MEMORY)
def test_batches_are_halved_until_they_fit(error):
    batches, small = Batches(), SmallMemory(5, error)
    assert doubled(batches, small, 20) == [2 * x for x in range(20)]
    assert small.tried == [16, 8, 4, 4, 4, 4, 4]
    doubled(batches, small, 8)
    assert small.tried[7:] == [4, 4]  # it is remembered


def test_batches_are_short_while_others_wait_between_them():
    others_wait = False
    passes, small = Passes(lambda rows: others_wait), SmallMemory(100, OUT_OF_MEMORY[0])
    batches = Batches(passes)
    doubled(batches, small, 20)
    others_wait = True
    passes.announce(1)
    assert doubled(batches, small, 20) == [2 * x for x in range(20)]
    assert small.tried == [16, 4, 4, 4, 4, 4, 4]


def test_a_single_sequence_too_many_names_the_fix():
    with pytest.raises(MaskwiseError, match="Choose a smaller model"):
        doubled(Batches(), SmallMemory(0, OUT_OF_MEMORY[0]), 4)


def test_other_errors_are_not_retried():
    small = SmallMemory(1, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="shapes"):
        doubled(Batches(), small, 4)
    assert small.tried == [4]


def test_a_model_that_runs_out_of_memory_still_gives_the_same_values():
    target, plain = make_target(), make_target()
    target.scorer.batch_size = plain.scorer.batch_size = 16
    masks = some_masks(len(plain.spans), 20)
    forward = target.model.base_model.forward

    def small_memory(*args, **kwargs):
        if len(kwargs["inputs_embeds"]) > 3:
            raise OUT_OF_MEMORY[1]
        return forward(*args, **kwargs)

    target.model.base_model.forward = small_memory
    assert target.log_prob(masks).tolist() == pytest.approx(plain.log_prob(masks).tolist(), abs=1e-4)
    assert target.scorer.batches.largest == 2


def test_gradients_are_sized_by_the_memory_that_they_hold(monkeypatch):
    sizes = {"num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 11008}  # Llama 2, 7B
    model = tiny_causal("llama").model.half()
    for name, size in sizes.items():
        setattr(model.config, name, size)
    assert batching.gradient_bytes_per_token(model) == pytest.approx(6e6, rel=0.1)
    monkeypatch.setattr(batching, "saturating_rows", lambda *device: 10_000)
    monkeypatch.setattr(batching, "available_bytes", lambda device: 20e9)
    assert batching.gradient_rows(model, 300) == 5  # 10 GB, at 300 tokens of 6 MB


@pytest.mark.parametrize("error", OUT_OF_MEMORY)
def test_gradients_are_halved_until_they_fit(error, monkeypatch):
    target, plain = make_target(), make_target()
    embeds = target.embeds() * torch.linspace(0.2, 1, 6)[:, None, None]
    whole, tried = target.log_prob_from_embeds, []

    def small(given):
        tried.append(len(given))
        if len(given) > 2:
            raise error
        return whole(given)

    monkeypatch.setattr(target, "log_prob_from_embeds", small)
    for found, expected in zip(target.gradient(embeds), plain.gradient(embeds), strict=True):
        assert torch.allclose(found, expected, atol=1e-3)
    assert max(tried) > 2 and tried[-1] <= 2


def test_batches_follow_the_machine(monkeypatch):
    model = tiny_causal("llama").model
    assert 32 <= saturating_rows("cpu", torch.float32) <= 1024
    assert 1 <= batch_rows(model, 4096) <= batch_rows(model, 100) <= 64
    monkeypatch.setattr("explainers.targets.batching.available_bytes", lambda device: 10**6)
    assert batch_rows(model, 100) < 5
    assert batch_rows(model, 10**6) == 1


@pytest.mark.parametrize("kind", CAUSAL_KINDS)
def test_logits_in_slices_are_those_of_the_model(kind, monkeypatch):
    target = make_target(kind)
    assert reading_of(target.model).readout is not None
    masks = some_masks(len(target.spans))
    whole = target.log_prob(masks).tolist()
    monkeypatch.setattr(logits, "SLICE_BYTES", 4 * 3 * target.model.config.get_text_config().vocab_size)
    assert make_target(kind).log_prob(masks).tolist() == pytest.approx(whole, abs=1e-4)
    monkeypatch.setattr(causal_model, "reading_of", lambda model: replace(reading_of(model), readout=None))
    assert make_target(kind).log_prob(masks).tolist() == pytest.approx(whole, abs=2e-3)


def test_a_model_with_another_output_layer_is_not_read_in_slices():
    model = tiny_causal("llama").model
    model.lm_head.register_forward_hook(lambda module, arguments, output: output)
    assert reading_of(model).readout is not None
    other = tiny_causal("llama").model
    forward = other.forward

    def scaled(*args, **kwargs):
        output = forward(*args, **kwargs)
        output.logits = output.logits * 0.5
        return output

    other.forward = scaled
    assert reading_of(other).readout is None


@pytest.mark.parametrize("operator", ["zero", "replace"])
@pytest.mark.parametrize("kind", CAUSAL_KINDS)
def test_shared_keys_and_values_change_nothing(kind, operator):
    target, plain = make_target(kind, operator), make_target(kind, operator)
    target.scorer.batch_size = plain.scorer.batch_size = 4
    plain.scorer.prefix.arrange = lambda masks, size: masks
    spans = len(target.spans)
    masks = torch.ones(spans, spans) - torch.eye(spans)
    assert target.log_prob(masks).tolist() == pytest.approx(plain.log_prob(masks).tolist(), abs=2e-4)
    sliding = kind in ("mistral", "gemma2", "gemma3")  # their caches cannot be cut short
    assert target.scorer.prefix.reference == (None if sliding else (1,) * spans)
    masks[:, 2] = 0
    assert target.log_prob(masks).tolist() == pytest.approx(plain.log_prob(masks).tolist(), abs=2e-4)


def test_nothing_is_shared_where_it_does_not_pay():
    target = make_target()
    target.log_prob(some_masks(len(target.spans), 2))
    assert target.scorer.prefix.reference is None


@pytest.mark.parametrize("better", [False, True])
def test_products_by_the_other_library_are_those_of_fp32(better, monkeypatch):
    """Forced or not, the values stay those of fp32, and the setting is put back."""
    if better and not onednn_is_better():
        pytest.skip("torch's own choice is the better one on this processor")
    target = make_target()
    masks = some_masks(len(target.spans))
    monkeypatch.setattr(fast_fp32, "onednn_is_better", lambda: better)
    before = torch.backends.mkldnn.matmul.fp32_precision
    inside = []
    target.on_forward = lambda rows: inside.append(torch.backends.mkldnn.matmul.fp32_precision)
    fast = target.log_prob(masks)
    assert torch.backends.mkldnn.matmul.fp32_precision == before
    assert inside == ["bf16" if better else before]
    slow = [slow_token_log_probs(target, mask.tolist()).sum().item() for mask in masks]
    assert fast.tolist() == pytest.approx(slow, abs=1e-3)


def test_a_library_that_rounds_to_bfloat16_is_not_taken(monkeypatch):
    linear = torch.nn.functional.linear

    def rounded(left, right):
        if torch.backends.mkldnn.matmul.fp32_precision == "bf16" and left.dtype is torch.float32:
            return linear(left.bfloat16(), right.bfloat16()).float()
        return linear(left, right)

    monkeypatch.setattr(torch.nn.functional, "linear", rounded)
    assert not onednn_is_better.__wrapped__()
