"""Results that are kept: equal questions are answered from here, in memory, from files that come with
Maskwise, and where MASKWISE_CACHE names a folder from there."""

from __future__ import annotations

import json
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from functools import cache, cached_property
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from threading import Lock

from components.line.results_on_disk import ResultsOnDisk
from explainers.core.deployment import deployment
from explainers.core.errors import MaskwiseError
from explainers.streams.events.shared import Event

SHIPPED = Path(__file__).resolve().parents[2] / "assets" / "examples" / "stored"
MOST_BYTES = 32_000_000  # in memory
MOST_BYTES_EACH = 2_000_000
VERSIONED = ("torch", "transformers")
OWN_CODE = Path(__file__).resolve().parents[2] / "explainers"
PASSING = {"status", "queued", "stored"}  # events of a run, and not of its result
GROWING = {"response", "masked_response"}  # of these in a row the last holds all

Model = tuple[str, str]  # name and revision

log = logging.getLogger("maskwise")


def question(kind: str, *asked: object) -> str:
    """The same for equal questions. asked: plain values, or dataclasses of such; a model's name in them does
    not count, since the model itself does."""
    text = json.dumps([kind, *asked], default=_plain)
    return sha256(text.encode()).hexdigest()


def question_of(kind: str, request: Callable[[], object], *more: object) -> str:
    """As `question`; "" where the request cannot be, as the run itself will say."""
    try:
        return question(kind, request(), *more)
    except MaskwiseError:
        return ""


def _plain(value) -> dict:
    return {name: each for name, each in asdict(value).items() if name != "model"}


class Results:
    """Events by question and model, as JSON texts.

    folder: where they are kept for the next start, asked for at the first use. shipped: where those that come
    with Maskwise are.
    """

    def __init__(self, folder: Callable[[], str | Path] = str, shipped: Path | None = None):
        self._folder, self._shipped = folder, shipped
        self._texts: OrderedDict[str, str] = OrderedDict()  # least recently used first
        self._bytes, self._lock = 0, Lock()

    @cached_property
    def _disk(self) -> ResultsOnDisk | None:
        folder = self._folder()
        return ResultsOnDisk(Path(folder).expanduser()) if folder else None

    def find(self, asked: str, model: Model | None) -> list[Event]:
        """The events of an equal question to this model, a `stored` event first; [] for none."""
        if not asked or model is None:
            return []
        key = result_key(asked, model)
        with self._lock:
            text = self._texts.get(key)
        text = text or (self._disk and self._disk.find(key)) or self._from_shipped(asked, model)
        events = from_text(text) if text else []
        if events:
            self._remember(key, text)
        return events

    def keep(self, asked: str, model: Model | None, events: list[Event]) -> None:
        """Keep the events of a run that came to its end; those of a stopped one are not kept."""
        if not asked or model is None or any(event.get("stopped") for event in events):
            return
        text = as_text(events)
        if len(text) > MOST_BYTES_EACH:
            return
        key = result_key(asked, model)
        self._remember(key, text)
        if self._disk:
            self._disk.keep(key, text)

    def forget(self) -> None:
        """Empty the memory."""
        with self._lock:
            self._texts.clear()
            self._bytes = 0

    def _from_shipped(self, asked: str, model: Model) -> str:
        file = self._shipped and self._shipped / shipped_name(asked, model)
        return file.read_text(encoding="utf-8") if file and file.is_file() else ""

    def _remember(self, key: str, text: str) -> None:
        with self._lock:
            self._bytes += len(text) - len(self._texts.pop(key, ""))
            self._texts[key] = text
            while self._bytes > MOST_BYTES:
                self._bytes -= len(self._texts.popitem(last=False)[1])


def as_text(events: list[Event]) -> str:
    """What is kept of a run's events."""
    kept = [event for event in events if event["type"] not in PASSING]
    following = [event["type"] for event in kept[1:]] + [""]
    whole = [
        event
        for event, after in zip(kept, following, strict=True)
        if event["type"] != after or after not in GROWING
    ]
    return json.dumps({"date": str(date.today()), "events": whole}, ensure_ascii=False)


def from_text(text: str) -> list[Event]:
    """The events of what `as_text` made, a `stored` event first; [] where the text is cut off or of another
    form, so that they are computed anew."""
    try:
        kept = json.loads(text)
        events = [{**event, "type": event["type"]} for event in kept["events"]]
        return [{"type": "stored", "date": kept["date"]}, *events]
    except (ValueError, TypeError, LookupError) as error:
        log.warning("A stored result cannot be read (%s). It is computed anew.", type(error).__name__)
        return []


def shipped_name(asked: str, model: Model) -> str:
    """Of the file of a result that comes with Maskwise; its events name the versions that made it."""
    return f"{question('shipped', asked, *model)[:16]}.json"


def result_key(asked: str, model: Model) -> str:
    """All that decides a result. A chat template may write the date."""
    here = str(date.today()), deployment().device
    return question("result", asked, *model, *here, *versions())


@cache
def versions() -> tuple[str, ...]:
    """Of the libraries, and of our own code: a digest of it, since it may be a checkout."""
    own = sha256(b"".join(path.read_bytes() for path in sorted(OWN_CODE.rglob("*.py")))).hexdigest()
    return own, *map(version, VERSIONED)


RESULTS = Results(lambda: deployment().cache, SHIPPED)
