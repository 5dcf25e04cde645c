"""What stands in a removed word's place where the tokenizer has nothing for it."""

import pytest

from explainers.core.errors import MaskwiseError
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import encode_response, render_prompt
from tests.tiny_models import tiny_causal


def test_a_tokenizer_without_special_tokens_replaces_nothing():
    loaded = tiny_causal("gpt2")
    tokenizer = loaded.tokenizer
    for name in ("unk_token", "pad_token", "eos_token", "bos_token"):
        setattr(tokenizer, name, None)
    asked = loaded, render_prompt(tokenizer, "The sea is wide."), encode_response(tokenizer, "Yes.")
    without = (0, 1, 1, 1, 1)
    with pytest.raises(MaskwiseError, match="no unknown, padding or end token.*zero or delete"):
        ResponseTarget(*asked, operator="replace").log_prob_of(without)
    assert ResponseTarget(*asked, operator="delete").log_prob_of(without) < 0
