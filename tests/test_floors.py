"""How the house is built: imports never run up its floors, and files, functions and folders stay small."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
METHOD = "explainers/*.py"

# From the roof down: a room imports from its own floor and from those below.
FLOORS = (
    ("benchmarks", "deploy", "tests"),
    ("app",),
    (
        "components.api",
        "components.preparation",
        "components.generation",
        "components.classification",
        "components.compare",
        "components.what_if",
        "components.classroom",
        "components.results",
    ),
    ("components.sharing",),
    ("components.pieces",),
    ("components.runner",),
    ("components.page",),
    ("components.line", "components.server"),
    ("studies",),
    ("training",),
    ("explainers", "explainers.reports"),
    ("explainers.streams",),
    (METHOD,),
    ("explainers.measures", "explainers.verbalizers", "explainers.targets"),
    ("explainers.text", "explainers.models"),
    ("explainers.core",),
)
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
PACKAGES = ("explainers", "components", "training", "studies", "benchmarks", "deploy")

MOST_LINES_OF_A_FILE = 300
MOST_LINES_OF_A_FUNCTION = 50
MOST_MODULES_OF_A_FOLDER = 15


def python_files(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


@cache
def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def imported(path: Path) -> Iterator[str]:
    """The modules of this project that a file imports, also inside its functions."""
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full"
            parts = [(node.module or "", f"{node.module}.{alias.name}") for alias in node.names]
            names = [full if is_module(full) else module for module, full in parts]
        else:
            continue
        yield from (name for name in names if is_module(name))


def room(module: str) -> str:
    """Where a module stands: its folder, or itself where it lies beside the folders."""
    top, _, rest = module.partition(".")
    if top == "explainers" and (ROOT / "explainers" / f"{rest}.py").is_file():
        return METHOD
    return ".".join(module.split(".")[: 2 if top in ("components", "explainers") else 1])


def test_imports_never_run_up():
    files = [ROOT / "app.py", *python_files(*PACKAGES)]
    found = {(module_name(path), name) for path in files for name in imported(path)}
    assert len(found) > 400
    up = {(a, b) for a, b in found if FLOOR_OF[room(b)] < FLOOR_OF[room(a)]}
    assert up == set(), "a file imports from a higher floor"


@pytest.mark.parametrize("module", ["explainers", "training"])
def test_the_page_stays_out_of(module):
    outside = {"gradio", "app", "components"}
    for path in python_files(module):
        names = [n.module or "" for n in ast.walk(syntax(path)) if isinstance(n, ast.ImportFrom)]
        names += [a.name for n in ast.walk(syntax(path)) if isinstance(n, ast.Import) for a in n.names]
        assert not outside & {name.partition(".")[0] for name in names}, path


def test_files_are_short():
    files = python_files(*PACKAGES, "tests")
    assert len(files) > 200
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    long = {str(path.relative_to(ROOT)) for path, count in lines.items() if count > MOST_LINES_OF_A_FILE}
    assert long == set(), f"over {MOST_LINES_OF_A_FILE} lines"


def test_functions_are_small():
    functions = [
        (path, node)
        for path in [ROOT / "app.py", *python_files(*PACKAGES)]
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert len(functions) > 500
    assert [
        f"{path}: {node.name}"
        for path, node in functions
        if node.end_lineno - node.lineno >= MOST_LINES_OF_A_FUNCTION
    ] == []


def test_folders_hold_few_modules():
    modules = Counter(path.parent for path in python_files(*PACKAGES) if path.name != "__init__.py")
    modules.pop(ROOT / "explainers")  # the list of methods
    assert [str(folder) for folder, count in modules.items() if count > MOST_MODULES_OF_A_FOLDER] == []


def test_every_target_has_a_type():
    functions = [
        (path, node, argument)
        for path in python_files("explainers", "components", "training")
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.FunctionDef)
        for argument in (*node.args.args, *node.args.kwonlyargs)
        if argument.arg == "target"
    ]
    assert len(functions) > 50
    assert [f"{path}: {node.name}" for path, node, argument in functions if not argument.annotation] == []
