"""A new file is a new method, the first page comes early, and the README is true."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import explainers
from explainers.core.base import EXPLAINERS
from tests.forked import output_of

ROOT = Path(explainers.__file__).resolve().parent.parent
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


# What a newcomer's method must reach: the registry, an explanation on a tiny model, the page's menu.
USE_OF_IT = """
import json
from unittest import mock

import explainers
from components.generation.controls import METHODS
from explainers.core.types import Task
from explainers.models import held
from explainers.streams import report
from tests.explainers.streams.test_generation import PROMPT
from tests.tiny_models import tiny_causal

load = mock.patch.object(held, "load_model", lambda name, task, *how: tiny_causal("llama", chat=True))
with load, mock.patch.object(report, "text_metrics", lambda *answers: []):  # they load a sentence encoder
    *_, result = explainers.explain_generation(PROMPT, method="longest_words", k=1, max_new_tokens=5)
removed = [span["text"] for span in result["spans"] if span["removed"]]
listed = "longest_words" in explainers.explainers_for(Task.GENERATION)
print(json.dumps([removed, listed, METHODS["longest_words"].title]))
"""


@pytest.fixture
def copy(tmp_path):
    """The project with a folder of methods that a test may write into; all else is the project's own."""
    (tmp_path / "explainers").mkdir()
    methods = [path for path in (ROOT / "explainers").iterdir() if path.name != "__pycache__"]
    for path in [*methods, *(ROOT / name for name in ("components", "training", "assets", "tests"))]:
        (tmp_path / path.relative_to(ROOT)).symlink_to(path)
    return tmp_path


def test_a_method_is_one_file(copy):
    (copy / "explainers" / "longest_words.py").write_text(NEW_METHOD, encoding="utf-8")
    run = output_of(USE_OF_IT, folder=copy)
    assert run.returncode == 0, run.stderr
    removed, listed, title = json.loads(run.stdout.splitlines()[-1])
    assert removed == ["patient"]
    assert listed and title == "Longest words"


def test_the_first_page_waits_for_no_heavy_library():
    heavy = ("torch", "transformers", "captum", "sentence_transformers", "sklearn", "scipy", "peft")
    code = f"import app, sys; app.build(); print([name for name in {heavy} if name in sys.modules])"
    advice = "take torch from explainers.core.deferred_torch, import the others in functions"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout.strip() == "[]", advice + run.stderr


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
        explainers.models.held, "load_model", lambda name, task, *how: tiny_causal("llama", chat=True)
    )
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.search(
        r"```python\n(from explainers import explain_generation\n.*?)```", text, re.DOTALL
    ).group(1)
    assert len(lines.strip().splitlines()) == 3
    exec(lines, {})
    assert capsys.readouterr().out.strip()


RESULTS = ROOT / "benchmarks" / "results"
STUDIES = [f"studies/{path.stem}" for path in sorted((RESULTS / "studies").glob("*.md"))]


@pytest.mark.parametrize("printed", ["speed", "generation_rows", "classification_faithfulness", *STUDIES])
def test_the_results_page_repeats_what_the_commands_printed(printed):
    page = set((ROOT / "docs" / "results.md").read_text(encoding="utf-8").splitlines())
    lines = (RESULTS / f"{printed}.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) > 8  # head and line of a table, and its methods
    assert [row for row in rows if row not in page] == []


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
FOLDERS = "assets|benchmarks|components|deploy|docs|examples|explainers|studies|tests|training"
CODE = re.compile(r"`([^`\n]+)`|^ {4}(\S.*)$", re.MULTILINE)


def test_links_between_documents_lead_somewhere():
    links = [
        (page, link)
        for page in PAGES
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    ]
    assert len(links) > 8
    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def missing(code: str) -> list[str]:
    """Files, modules to start and targets of make that a piece of code names and the project lacks."""
    paths = re.findall(rf"(?<![\w/.])(?:{FOLDERS})/[\w./-]*(?![\w{{*])", code)
    own = re.findall(rf"python -m ((?:{FOLDERS})[\w.]*)", code)
    targets = re.findall(r"^make ([a-z]+)", code)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return [
        *(path for path in paths if not (ROOT / path).exists() and not re.search("[A-Z]{3}", path)),
        *(name for name in own if not is_started(ROOT.joinpath(*name.split(".")))),
        *(target for target in targets if f"\n{target}:" not in makefile),
    ]


def is_started(module: Path) -> bool:
    return module.with_suffix(".py").is_file() or (module / "__main__.py").is_file()


def test_what_documents_name_is_there():
    named = [
        (page, code)
        for page in PAGES
        for found in CODE.findall(page.read_text(encoding="utf-8"))
        if (code := "".join(found))
    ]
    assert len(named) > 300
    assert [f"{page.name}: {name}" for page, code in named for name in missing(code)] == []
    assert missing("python -m studies.nope") and missing("explainers/nope.py") and missing("make nope")


def test_the_readme_is_short():
    text = (ROOT / "README.md").read_text(encoding="utf-8").split("---\n", 2)[2]
    assert len(text.splitlines()) <= 120
