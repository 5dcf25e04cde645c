"""Every kind of decoder agrees with a slow computation under every operator, or is refused by name."""

import re

import pytest

from benchmarks import verified_models
from benchmarks.tiny.decoders import DECODERS
from benchmarks.verified_models import OPERATORS, Verdict, verify
from explainers.targets.masked_prompt import MaskOperator

REFUSED = {  # as transformers makes them
    **dict.fromkeys(("xlnet", "bert", "cpmant"), "reads words that come later"),
    "deepseek_v4": "read more of a word than its embedding",  # its experts are chosen by token id
    "doge beyond its window": "Beyond 8 tokens doge models choose.*shorten them",
}
ZERO_REFUSED = {
    "deepseek_v32 beyond its index": "Beyond 8 tokens deepseek_v32 models choose.*choose delete or replace",
    "minimax_m3_vl_text beyond its index": "Beyond 8 tokens minimax_m3_vl_text .*choose delete or replace",
}


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("name", DECODERS)
def test_a_kind_agrees_with_the_slow_computation(name, operator):
    verdict = verify(name, operator)
    assert isinstance(verdict, Verdict)
    refused = REFUSED | (ZERO_REFUSED if operator is MaskOperator.ZERO else {})
    if name in refused:
        assert re.search(refused[name], verdict.refusal)
    else:
        assert not verdict.refusal and verdict.difference < 0.005 < 0.1 < verdict.moved


def test_words_that_are_looked_up_with_those_before_them_keep_their_ids():
    """Qwen 4 would find a word's id by its embedding: a zeroed word has one only where padding is zero."""
    name = "qwen4_exp_text"
    padding = verified_models.model_of_kind(name).get_input_embeddings().weight[-1]
    assert not padding.any()
    padding.fill_(0.1)
    try:
        verdict = verify(name, MaskOperator.ZERO)
    finally:
        padding.zero_()
    assert not verdict.refusal and verdict.difference < 0.005 < 0.1 < verdict.moved
