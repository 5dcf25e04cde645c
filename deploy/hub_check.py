"""What the Hub would refuse in a folder that is to be a Space: python -m deploy.hub_check [FOLDER]."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from huggingface_hub import SpaceCard

MOST_BYTES = 10 * 1024**2  # of a file that is pushed with git alone
COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
NEEDED = ("title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "app_file", "license")
LONGEST_DESCRIPTION = 60  # characters


def problems(folder: Path) -> list[str]:
    """One sentence for each thing that is refused; none where the folder can be pushed as it is."""
    return [*_large_files(folder), *_front_matter(folder)]


def _files(folder: Path) -> Iterator[Path]:
    """What would be pushed: what git knows or would add; all files where the folder is no repository."""
    if not (folder / ".git").exists():
        yield from (path for path in folder.rglob("*") if path.is_file())
        return
    listed = ["git", "-C", str(folder), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split("\0")
    yield from (path for name in names if name and (path := folder / name).is_file())


def _large_files(folder: Path) -> Iterator[str]:
    for path in _files(folder):
        if (size := path.stat().st_size) > MOST_BYTES:
            name = path.relative_to(folder)
            yield f"{name} has {size / 1024**2:.1f} MiB; a file may have 10. Split it, or use LFS."


def _front_matter(folder: Path) -> Iterator[str]:
    try:
        data = SpaceCard.load(folder / "README.md").data.to_dict()
    except (OSError, ValueError, yaml.YAMLError):
        yield "README.md has no front matter that can be read. Begin it as docs/deploy.md says."
        return
    yield from (f"README.md lacks {name}." for name in NEEDED if not data.get(name))
    for name in ("colorFrom", "colorTo"):
        if data.get(name) not in COLOURS:
            yield f"{name} must be one of {', '.join(COLOURS)}."
    if len(data.get("short_description", "")) > LONGEST_DESCRIPTION:
        yield f"short_description has more than {LONGEST_DESCRIPTION} characters."
    if not (folder / str(data.get("app_file"))).is_file():
        yield f"app_file names {data.get('app_file')}, which is not there."
    if data.get("sdk") == "gradio" and str(data.get("sdk_version")) != _pinned_gradio(folder):
        yield "sdk_version is not the gradio of requirements.txt. A Space installs the former in any case."


def _pinned_gradio(folder: Path) -> str:
    requirements = folder / "requirements.txt"
    text = requirements.read_text(encoding="utf-8") if requirements.is_file() else ""
    pin = re.search(r"^gradio==(\S+)$", text, re.MULTILINE)
    return pin[1] if pin else ""


if __name__ == "__main__":
    found = problems(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
    print("\n".join(found) or "Nothing that the Hub refuses.")
    sys.exit(bool(found))
