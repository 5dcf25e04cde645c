"""Every kind of decoder agrees with a slow computation under every operator, or is refused by name."""

import pytest

from benchmarks.tiny_decoders import DECODERS
from benchmarks.verified_models import OPERATORS, Verdict, verify

REFUSED = {  # as transformers makes them
    **dict.fromkeys(("xlnet", "bert", "cpmant"), "reads words that come later"),
    "deepseek_v4": "read more of a word than its embedding",  # its experts are chosen by token id
}


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("name", DECODERS)
def test_a_kind_agrees_with_the_slow_computation(name, operator):
    verdict = verify(name, operator)
    assert isinstance(verdict, Verdict)
    if name in REFUSED:
        assert REFUSED[name] in verdict.refusal
    else:
        assert not verdict.refusal and verdict.difference < 0.005 < 0.1 < verdict.moved
