"""At on_forward a run may hand the model over to another: no hook or patch on the model is open then."""

import pytest

from explainers import explain_classification, explain_generation, explainers_for
from explainers.core.errors import MaskwiseError, Stopped
from explainers.core.types import Task
from explainers.models import held
from tests.served import tiny_model

SETTINGS = {"iterations": 4, "samples": 8, "steps": 2, "budget": 20}


def patches(model):
    """Names of the modules with a hook, or a forward of their own."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return [
        name
        for name, module in model.named_modules()
        if any(getattr(module, kind) for kind in kinds) or "forward" in vars(module)
    ]


@pytest.mark.parametrize(
    ("task", "method"), [(task, name) for task in Task for name in explainers_for(task)], ids=str
)
def test_no_patch_is_open_when_a_pass_is_announced(on_tiny_models, monkeypatch, task, method):
    loaded = tiny_model("", task)
    monkeypatch.setattr(held, "load_model", lambda name, task, *how, **more: loaded)
    before, attention, asked = patches(loaded.model), loaded.model.config._attn_implementation, []

    def on_forward(rows):
        asked.append(rows)
        assert patches(loaded.model) == before
        assert loaded.model.config._attn_implementation == attention

    own = explainers_for(task)[method].own_options()
    options = {name: value for name, value in SETTINGS.items() if name in own}
    try:
        if task is Task.GENERATION:
            settings = {"k": 2, "max_new_tokens": 4, "method": method, "options": options}
            list(explain_generation("Tell the doctor about it", on_forward, **settings))
        else:
            list(explain_classification("Shares rose", on_forward=on_forward, method=method, options=options))
    except MaskwiseError as refused:
        pytest.skip(str(refused))
    assert asked


def test_the_passes_of_a_result_are_announced_but_a_stop_does_not_cut_them_off(on_tiny_models):
    asked, settings = [], {"k": 1, "max_new_tokens": 4, "method": "feature_ablation"}
    list(explain_generation("Tell the doctor about it", asked.append, **settings))
    left = len(asked)

    def stop_at_the_last(rows):
        nonlocal left
        left -= 1
        if not left:
            raise Stopped("Stopped.")

    *_, last = explain_generation("Tell the doctor about it", stop_at_the_last, **settings)
    assert last["type"] == "explanation" and not last["stopped"] and not left
