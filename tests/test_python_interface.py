"""The example notebook runs, and the documentation is made from the docstrings."""

import json
from pathlib import Path

import pdoc

import explainers
from explainers.core.types import Task
from explainers.models import held
from tests.tiny_models import tiny_causal

NOTEBOOK = Path(__file__).parent.parent / "examples" / "from_python.ipynb"


def test_the_example_notebook_runs(monkeypatch):
    """On a tiny model in the place of the built-in one that writes, which takes half a minute."""
    load = held.load_model

    def tiny_or_builtin(name, task, *how):
        return tiny_causal("llama", chat=True) if task is Task.GENERATION else load(name, task, *how)

    monkeypatch.setattr(held, "load_model", tiny_or_builtin)
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    names: dict = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), str(NOTEBOOK), "exec"), names)
    assert names["result"]._repr_html_().startswith("<iframe")
    assert list(names["table"]["error"].notna()) == [False, False, True]
    assert names["spans"]["removed"].sum() == 2  # one word of each prompt that was explained
    assert names["results"][1]["spans"][3]["text"] == "sky"
    assert names["without_sky"]["log_prob"] > names["without_sky"]["log_prob_masked"]
    assert list(names["methods"]["forward_passes"] > 0) == [True, True]
    assert list(names["classes"]["label"]) == ["Business", "Sports"]


def test_the_documentation_says_what_every_public_name_is(tmp_path):
    pdoc.pdoc("explainers", output_directory=tmp_path)
    page = (tmp_path / "explainers.html").read_text(encoding="utf-8")
    for name in explainers.__all__:
        assert f'id="{name}"' in page
        assert name == "EXPLAINERS" or getattr(explainers, name).__doc__, name
