"""From a method's question to the model's forward pass it is not far."""

import pytest

from benchmarks.frames import frames_to_forward
from tests.explainers.targets.test_response_target import make_target
from tests.explainers.targets.test_screening import screened_target


@pytest.mark.parametrize("operator", ["zero", "delete"])
@pytest.mark.parametrize("make", [make_target, screened_target])
def test_at_most_seven_frames_of_our_own(make, operator):
    target = make(operator=operator)
    frames = frames_to_forward(target, target.lowest)
    assert frames[0].startswith("targets/base.py")
    assert 1 < len(frames) <= 7, frames
