"""Captum's methods on answers that its own naming of tokens cannot take."""

import pytest

from explainers.core.base import EXPLAINERS, read_options
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import encode_response, render_prompt
from tests.tiny_models import tiny_causal


@pytest.mark.parametrize("method", ["captum_feature_ablation", "captum_shapley", "captum_kernel_shap"])
@pytest.mark.parametrize("cut", [1, 2, 3])
def test_an_answer_may_end_within_a_character(method, cut):
    loaded = tiny_causal("llama", chat=True)
    ids = encode_response(loaded.tokenizer, "Hi 🎉")[:-cut]
    target = ResponseTarget(loaded, render_prompt(loaded.tokenizer, "The sea is wide."), ids)
    found = EXPLAINERS[method](read_options(EXPLAINERS[method], {}, k=1)).explain(target)
    if method == "captum_feature_ablation":
        own = EXPLAINERS["feature_ablation"](read_options(EXPLAINERS["feature_ablation"], {}, k=1))
        assert found.scores == pytest.approx(own.explain(target).scores, abs=1e-3)
    assert len(found.scores) == len(target.spans) and any(found.scores)
