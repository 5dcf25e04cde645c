"""How the house is built: imports run one way, a new file is a new method, the README is true."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import explainers
from components.generation import tab as generation_tab
from explainers.core.base import EXPLAINERS
from explainers.core.types import Task

ROOT = Path(explainers.__file__).resolve().parent.parent
FORBIDDEN = {"explainers": {"components", "app", "gradio"}, "components": {"app"}}
NEW_METHOD = '''
"""Remove the longest spans."""

import torch

from explainers.core.base import Explainer, register


@register
class LongestWords(Explainer):
    title = "Longest words"
    reference = "none"

    def attribute(self, target):
        return torch.tensor([float(len(span.text)) for span in target.spans])
'''


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_run_one_way(package):
    files = list((ROOT / package).rglob("*.py"))
    assert files
    wrong = {str(f.relative_to(ROOT)): imported(f) & FORBIDDEN[package] for f in files}
    assert not {name: found for name, found in wrong.items() if found}


@pytest.fixture
def new_method():
    path = ROOT / "explainers" / "longest_words.py"
    path.write_text(NEW_METHOD, encoding="utf-8")
    try:
        importlib.import_module("explainers.longest_words")
        yield "longest_words"
    finally:
        path.unlink()
        EXPLAINERS.pop("longest_words", None)
        sys.modules.pop("explainers.longest_words", None)
        importlib.reload(generation_tab)  # whose menu is read from the registry when it is imported


def test_a_method_is_one_file(new_method, monkeypatch):
    from tests.explainers.streams.test_generation import PROMPT
    from tests.tiny_models import tiny_causal

    monkeypatch.setattr(
        explainers.models.held, "load_model", lambda name, task: tiny_causal("llama", chat=True)
    )
    result = list(explainers.explain_generation(PROMPT, method=new_method, k=1, max_new_tokens=5))[-1]
    assert [s["text"] for s in result["spans"] if s["removed"]] == ["patient"]
    assert new_method in explainers.explainers_for(Task.GENERATION)
    menu = importlib.reload(generation_tab).METHODS
    assert menu[new_method].title == "Longest words"


def test_a_file_in_the_folder_registers_itself(new_method):
    code = "import explainers; print('longest_words' in explainers.EXPLAINERS)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "True"


def test_the_first_page_waits_for_no_heavy_library():
    heavy = ("torch", "transformers", "captum", "sentence_transformers", "sklearn", "scipy", "peft")
    code = f"import app, sys; app.build(); print([name for name in {heavy} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]", (
        "take torch from explainers.core.deferred_torch, import the others in functions"
    )


def test_a_name_is_registered_once():
    with pytest.raises(ValueError, match="registered twice"):
        explainers.core.base.register(EXPLAINERS["xprompt"])


def front_matter() -> dict[str, str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL).group(1)
    return dict(re.findall(r"^(\w+): *(.*)$", block, re.MULTILINE))


def test_front_matter_agrees_with_the_requirements():
    pins = dict(
        line.split("==") for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line
    )
    fields = front_matter()
    assert fields["sdk"] == "gradio" and fields["sdk_version"] == pins["gradio"]
    assert (ROOT / fields["app_file"]).exists()
    assert fields["python_version"].strip('"') == "3.11"
    assert fields["license"] == "apache-2.0" and "Apache License" in (ROOT / "LICENSE").read_text()
    assert len(fields["short_description"]) <= 60
    assert {"title", "emoji", "colorFrom", "colorTo", "models", "preload_from_hub"} <= set(fields)


def test_the_readmes_python_runs(monkeypatch, capsys):
    from tests.tiny_models import tiny_causal

    monkeypatch.setattr(
        explainers.models.held, "load_model", lambda name, task: tiny_causal("llama", chat=True)
    )
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.search(
        r"```python\n(from explainers import explain_generation\n.*?)```", text, re.DOTALL
    ).group(1)
    assert len(lines.strip().splitlines()) == 3
    exec(lines, {})
    assert capsys.readouterr().out.strip()
