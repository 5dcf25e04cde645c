"""What a step says of the best set so far is exact, also where other sets are only estimated."""

import pytest
import torch

from explainers import EXPLAINERS, read_options
from explainers.core.types import SearchStep
from tests.synthetic import SyntheticTarget, hashed, random_problem

SPANS = 9


@pytest.mark.parametrize("method", ["exhaustive", "best_within_budget", "best_swap", "xprompt"])
@pytest.mark.parametrize("seed", range(5))
def test_log_p_of_the_best_set_is_exact_in_every_step(method, seed):
    value = random_problem(seed, SPANS)
    gradient = torch.ones(SPANS, dtype=torch.float64)
    target = SyntheticTarget(SPANS, value, lambda masks: 0.3 * hashed(masks), gradient)
    explainer = EXPLAINERS[method]
    events = explainer(read_options(explainer, {}, 3)).stream(target)
    steps = [event for event in events if isinstance(event, SearchStep)]
    assert steps
    for step in steps:
        assert step.log_prob == pytest.approx(value(torch.tensor([step.mask])).item(), abs=1e-9)
