"""Which quantity a gradient method differentiates, and of which models it can."""

import pytest
import torch

from benchmarks.tiny.decoders import tiny_decoder
from benchmarks.verified_models import byte_tokenizer
from explainers import EXPLAINERS, explain_generation, read_options
from explainers.core.errors import MaskwiseError
from tests.explainers.test_classification_methods import label_target


@pytest.mark.parametrize("method", ["gradient_x_input", "integrated_gradients", "gae"])
def test_the_gradient_is_of_log_p_or_of_the_score(method):
    target = label_target()
    scores = {}
    for quantity in ("log_prob", "score"):
        options = read_options(EXPLAINERS[method], {"quantity": quantity})
        scores[quantity] = EXPLAINERS[method](options).attribute(target)
    assert not torch.allclose(scores["log_prob"], scores["score"], atol=1e-4)


def test_the_gradient_of_a_score_equals_finite_differences():
    # The error falls with the square of the step: at 1e-2 it reached 0.06 with some random weights.
    target, step = label_target(), 1e-3
    embeds = target.embeds()[None]
    value, gradient = target.gradient(embeds, "score")
    assert value.item() == pytest.approx(
        target.class_scores(torch.ones(1, len(target.spans)))[0, 1].item(), abs=1e-3
    )
    direction = torch.randn(embeds.shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        up, down = (target.class_score_from_embeds(embeds + s * step * direction) for s in (1, -1))
    slope = ((up - down) / (2 * step)).item()
    assert (gradient * direction).sum().item() == pytest.approx(slope, rel=0.01, abs=0.02)


def test_an_answer_has_no_score():
    from tests.explainers.targets.test_response_target import make_target

    with pytest.raises(MaskwiseError, match="only a class has"):
        make_target("llama").gradient(make_target("llama").embeds()[None], "score")


@pytest.mark.parametrize("kind", ["hrm_text", "reformer"])
def test_models_without_a_whole_gradient_are_refused(kind):
    """HRM computes all but its last rounds without one, and Reformer knows none unless it is trained."""
    model, tokenizer = tiny_decoder(kind, len(byte_tokenizer())), byte_tokenizer()
    settings = {"model": model, "tokenizer": tokenizer, "response": "Yes", "k": 1}
    with pytest.raises(
        MaskwiseError, match=f"{kind} models do not give the whole gradient.*feature_ablation"
    ):
        list(explain_generation("The sea.", method="gradient_x_input", **settings))
    *_, found = explain_generation("The sea.", method="feature_ablation", **settings)
    assert found["log_prob"] < 0
    assert not any(module._forward_hooks for module in model.modules())
