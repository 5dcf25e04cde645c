"""The small copy of a model: its layers, what it shares, and the memory that it takes."""

import pytest
import torch
from transformers.pytorch_utils import Conv1D

from explainers.models import held
from explainers.models.copies import four_bit
from explainers.models.copies.four_bit import BYTES, Int4Linear, draft_copy, faster_draft
from explainers.models.copies.variants import bytes_of_copies
from tests.explainers.targets.test_drafting import own_tiny
from tests.tiny_models import tiny_causal


@pytest.fixture
def pays(monkeypatch):
    monkeypatch.setattr(four_bit, "LEAST_PARAMETERS", 0)
    monkeypatch.setattr(four_bit, "products_are_faster", lambda: True)


@pytest.mark.parametrize("outputs", [16, 50])
@pytest.mark.parametrize("kind", [torch.nn.Linear, Conv1D])
def test_products_are_off_by_half_a_step_at_most(kind, outputs):
    torch.manual_seed(0)
    layer = kind(64, outputs) if kind is torch.nn.Linear else kind(outputs, 64)
    layer.requires_grad_(False).bias.fill_(3.0)
    small = Int4Linear(layer)
    weight = layer.weight if kind is torch.nn.Linear else layer.weight.T
    groups = weight.unflatten(1, (-1, 32))
    step = (groups.amax(2) - groups.amin(2)) / 15  # (O, G)
    found = small(torch.eye(64)[None])[0].T - layer.bias[:, None]  # the weights that it holds, (O, 64)
    assert found.shape == weight.shape
    rounding = 0.01 * weight.abs().max()
    assert ((found - weight).abs() <= step.repeat_interleave(32, 1) / 2 + rounding).all()


def test_weights_on_sixteen_points_are_kept():
    layer = torch.nn.Linear(64, 32, bias=False).requires_grad_(False)
    layer.weight.copy_(torch.arange(16.0).repeat(32, 4) - 8)
    states = torch.randn(3, 64).bfloat16().float()
    assert torch.allclose(Int4Linear(layer)(states), layer(states), atol=0.5, rtol=0.01)


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_all_but_the_linear_layers_is_shared(name):
    model = tiny_causal(name).model
    draft = draft_copy(model)
    assert draft.get_input_embeddings().weight is model.get_input_embeddings().weight
    layers = [type(module) for module in draft.modules()]
    assert Int4Linear in layers and torch.nn.Linear not in layers and Conv1D not in layers
    assert Int4Linear not in [type(module) for module in model.modules()]


def test_a_draft_is_made_once_and_its_memory_counted(pays, monkeypatch):
    loaded = own_tiny()
    model = loaded.model
    monkeypatch.setattr(held, "kept_models", {"key": loaded})
    before = held.held_bytes()
    draft = faster_draft(model)()
    assert faster_draft(model)() is draft
    packed = sum(module.weight.numel() for module in model.modules() if isinstance(module, torch.nn.Linear))
    assert BYTES * packed <= bytes_of_copies(model) <= 1.1 * BYTES * packed  # outputs are rounded up
    assert held.held_bytes() == before + bytes_of_copies(model)


def test_no_draft_where_memory_is_short(pays, monkeypatch):
    monkeypatch.setattr("explainers.models.copies.variants.available_bytes", lambda device: 100)
    assert faster_draft(own_tiny().model)() is None


def test_no_draft_in_half_precision(pays):
    assert faster_draft(own_tiny().model.bfloat16()) is None
