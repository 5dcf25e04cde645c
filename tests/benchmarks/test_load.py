"""When a loaded server's answer counts as that of the same question computed alone."""

import pytest

from benchmarks.load.questions import agree


@pytest.mark.parametrize(
    ("said", "alone", "same"),
    [
        ({"log_prob": -50.0}, {"log_prob": -50.001}, True),
        ({"log_prob": -50.0}, {"log_prob": -50.5}, False),
        ({"log_prob": 0}, {"log_prob": 1e-9}, True),
        ({"log_prob": None}, {"log_prob": -1.0}, False),
        ({"token": 40000}, {"token": 40001}, False),
        ({"removed": [True, False]}, {"removed": [True, True]}, False),
        ({"text": "a", "seconds": 3.0}, {"text": "a", "seconds": 9.0}, True),
        ({"optimality_gap": 0.0}, {"optimality_gap": None}, True),
        ({"optimality_gap": 0.0}, {"optimality_gap": 0.5}, False),
        ("text", 1.0, False),
    ],
)
def test_answers_agree_but_for_rounding_and_cost(said, alone, same):
    assert agree(said, alone) is same
