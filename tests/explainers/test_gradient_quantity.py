"""Which quantity a gradient method differentiates."""

import pytest
import torch

from explainers import EXPLAINERS, read_options
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
