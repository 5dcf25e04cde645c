"""Hostile inputs for every surface of a served Maskwise, and what is wrong with an answer to one.

The tests try a hundred of each; `python -m benchmarks.load.hostile` tries ten thousand and more.
"""

from __future__ import annotations

import json
import pickle
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.client import IncompleteRead
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from hypothesis import strategies as st

from tests.shared_records import NASTY

TOKEN = "hf_" + "OwnersSecret" * 3
FORBIDDEN = (
    "Traceback",
    'File "',
    TOKEN,
    str(Path(__file__).parents[1]),
    str(Path.home()) + "/",
    "/site-packages/",
)
LONGEST = 1000  # characters of a message
SILENCE = 30.0  # seconds
TRIES = 5
BUSY = 503, 507  # the queue is full, the disk is full: said in words
CANARY = Path(tempfile.gettempdir()) / "maskwise-executed"  # is there once something that was sent was run
JSON = "application/json"


class Executed:
    def __reduce__(self):
        return CANARY.touch, ()


PICKLE = pickle.dumps(Executed())
CODE = [
    f"__import__('pathlib').Path('{CANARY}').touch()",
    f"$(touch {CANARY})",
    f"`touch {CANARY}`",
    f"; touch {CANARY}",
    f"{{{{ cycler.__init__.__globals__.os.popen('touch {CANARY}').read() }}}}",
    f"{{% for x in ().__class__.__base__.__subclasses__() %}}{{{{ x }}}}{{% endfor %}} {CANARY}",
]
TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [*NASTY, *CODE, "../../etc/passwd", "/etc", "~", "/home/visitor", "x" * 30_000, "{{7*7}}", "\x00"]
    ),
)
PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS
)
ANY = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)
)
FILES = st.fixed_dictionaries({"path": st.sampled_from(["/etc/passwd", "app.py", "../app.py", "\x00", ""])})
# Numbers that Python refuses to read, nesting that it cannot follow, halves of characters, no JSON at all.
UNREADABLE = [
    b"",
    b"null",
    b"[]",
    b"{",
    b"\xff\xfe",
    b'{"data": [' + b"9" * 5000 + b"]}",
    b'{"data": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    b'{"data": ["\\ud800"], "fn_index": 1, "session_hash": "\\udfff"}',
    b'{"data": [NaN, Infinity], "fn_index": 1e400}',
]


@dataclass(frozen=True)
class Said:
    """What a surface said. status: of HTTP, 0 for silence. text: all of it. refused: it was no answer, but
    `words`."""

    status: int
    text: str
    refused: bool = False
    words: Any = ""


@dataclass(frozen=True)
class Surface:
    """Whatever a stranger reaches. answer: sends one of `inputs`."""

    title: str
    inputs: st.SearchStrategy
    answer: Callable[[Any], Said]


def problem(said: Said) -> str:
    """What is wrong with it, "" for nothing."""
    if not said.status:
        return f"silence for {SILENCE:.0f} s"
    if leaked := [part for part in FORBIDDEN if part in said.text]:
        return f"it says {leaked[0]}"
    if said.status >= 500 and said.status not in BUSY:
        return f"status {said.status}"
    if said.refused and not is_clear(said.words):
        return "no clear message"
    return ""


def is_clear(words: Any) -> bool:
    return isinstance(words, str) and bool(words.strip()) and len(words) < LONGEST


def ask(address: str, body: bytes | None = None, kind: str = JSON, **headers: str) -> Said:
    """One request; a POST where there is a body.

    Asked again where the connection breaks off: a server that refuses early may close it before all was sent.
    """
    for _ in range(TRIES):
        with suppress(ConnectionError, URLError):
            return _asked(Request(address, body, {"Content-Type": kind} | headers))
    return Said(0, "")


def _asked(request: Request) -> Said:
    try:
        with urlopen(request, timeout=SILENCE) as answer:
            return Said(answer.status, answer.read().decode(errors="replace"))
    except IncompleteRead as ended:  # Gradio breaks off a stream once it has said what is wrong
        return Said(200, ended.partial.decode(errors="replace"))
    except HTTPError as refused:
        text = refused.read().decode(errors="replace")
        return Said(refused.code, text, True, words_in(text))
    except TimeoutError:
        return Said(0, "")


def words_in(text: str) -> Any:
    """The message in the body of a refusal."""
    try:
        said = json.loads(text)
    except ValueError:
        return text
    return said.get("detail", said.get("error")) if isinstance(said, dict) else said


def streamed(address: str, ends: str) -> list[str]:
    """The lines of a stream up to the one that holds `ends`, or to its end."""
    lines: list[str] = []
    with urlopen(address, timeout=SILENCE) as stream:
        for line in stream:
            lines.append(line.decode(errors="replace"))
            if ends in lines[-1]:
                break
    return lines


def changed(whole: list) -> st.SearchStrategy:
    """Some of the values in another's place, and sometimes too few or too many."""
    places = st.dictionaries(st.integers(0, max(0, len(whole) - 1)), ANY | FILES, max_size=3)
    others = places.map(lambda new: [new.get(place, value) for place, value in enumerate(whole)])
    right = others.map(lambda data: data)
    wrong = st.builds(lambda data, count: (data + [None] * 3)[:count], others, st.integers(0, len(whole) + 3))
    return st.one_of(right, right, right, wrong)
