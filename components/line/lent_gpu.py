"""ZeroGPU: the one place through which work goes to a GPU that is lent for a call, in a process of its own.

The process gets the stream pickled and gives its events back. It is a fork of this one, so that an Event made
here reaches it: Stop.
"""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from math import ceil
from queue import SimpleQueue
from threading import Event as ThreadEvent
from threading import Thread
from time import monotonic

import cloudpickle
import gradio as gr

from components.line.job_log import log_failure
from explainers.core import zero_gpu
from explainers.core.errors import MaskwiseError, Stopped, unexpected
from explainers.core.types import OnForward
from explainers.streams.events.shared import Event

Stream = Callable[[OnForward], Iterator[Event]]
Said = tuple[int, Event]  # sequences that went through the model so far, and an event

AT_ONCE = 8  # calls at a time
FIRST_SECONDS = 60  # asked for before any such job has been measured
READING_SECONDS = 15  # for the model, which a new process reads
LEAST_SECONDS = 10  # with less nothing is begun
ENDING_SECONDS = 3.0  # before the time is up the search ends with the best so far
POLL = 0.1
LEFT = re.compile(r"(\d+)s left")
TOO_LONG = "larger than the maximum"  # for a visitor of this kind, whatever is left
ELSEWHERE = (
    "The built-in models need no GPU: choose one of them, or an example, whose result is stored. Your text "
    "is kept."
)

_stops = [multiprocessing.Event() for _ in range(AT_ONCE)]
_free: SimpleQueue[int] = SimpleQueue()
for _place in range(AT_ONCE):
    _free.put(_place)


def _decorated(compute: Callable[[bytes, int, int], Iterator[Said]]):
    """By spaces.GPU, which off ZeroGPU leaves a function as it is, so that it is not even imported there."""
    if not (zero_gpu.on_zero_gpu() and find_spec("spaces")):
        return compute
    import spaces

    return spaces.GPU(compute, duration=lambda pickled, place, seconds: seconds)


def compute(pickled: bytes, place: int, seconds: int) -> Iterator[Said]:
    """The events of a pickled stream; the last is an `error` or `stopped` where it ended early.

    place: which of `_stops` tells it to stop. seconds: for which there is a GPU.
    """
    zero_gpu.lend()
    until, passes = monotonic() + seconds - ENDING_SECONDS, 0

    def on_forward(rows: int) -> None:
        nonlocal passes
        passes += rows
        if _stops[place].is_set():
            raise Stopped("Stopped.")
        if monotonic() > until:
            raise Stopped(f"Stopped: the GPU was lent for {seconds} seconds.")

    try:
        for event in cloudpickle.loads(pickled)(on_forward):
            yield passes, event
    except Stopped as stopped:
        yield passes, {"type": "stopped", "text": str(stopped)}
    except MaskwiseError as error:
        yield passes, {"type": "error", "text": str(error)}
    except Exception as error:  # spaces would print it with its message, which may hold a text
        log_failure(error)
        yield passes, {"type": "error", "text": unexpected(error)}


on_gpu = _decorated(compute)


def seconds_to_ask(expected: float | None, most: float) -> int:
    """Half as many again as such jobs took lately, and the time to read the model; never above what one run
    may have. expected: seconds, None before any."""
    wanted = FIRST_SECONDS if expected is None else READING_SECONDS + 1.5 * expected
    return int(min(max(LEAST_SECONDS, ceil(wanted)), most))


def lent(stream: Stream, seconds: int, on_forward: OnForward, stopped: Callable[[], bool]) -> Iterator[Event]:
    """The events of a stream that another process computes. Where fewer seconds of the visitor's quota are
    left, with those.

    stopped: whether the job is to end. Raises MaskwiseError, in words, where no GPU is to be had.
    """
    pickled = cloudpickle.dumps(stream)
    try:
        yield from _called(pickled, seconds, on_forward, stopped)
    except gr.Error as refused:
        fewer = _fewer(str(refused.message))
        if not LEAST_SECONDS <= fewer < seconds:
            raise MaskwiseError(f"No GPU can be had now. {_sentence(refused)} {ELSEWHERE}") from refused
        try:
            yield from _called(pickled, fewer, on_forward, stopped)
        except gr.Error as again:
            raise MaskwiseError(f"No GPU can be had now. {_sentence(again)} {ELSEWHERE}") from again


def _fewer(refusal: str) -> int:
    """Seconds that may be had, 0 where none may: those that are left, or as many as anybody may ask for."""
    left = LEFT.search(refusal)
    return int(left[1]) if left else FIRST_SECONDS if TOO_LONG in refusal else 0


def _sentence(refused: gr.Error) -> str:
    return str(refused.message).strip().rstrip(".") + "."


def _called(
    pickled: bytes, seconds: int, on_forward: OnForward, stopped: Callable[[], bool]
) -> Iterator[Event]:
    """The events of one call, with a place of its own among `_stops`. Raises as the stream does, and gr.Error
    where no GPU is lent."""
    place, over, before = _free.get(), ThreadEvent(), 0
    _stops[place].clear()
    Thread(target=_tell, args=(place, stopped, over), daemon=True).start()
    try:
        for passes, event in on_gpu(pickled, place, seconds):
            if not stopped():
                on_forward(passes - before)
            before = passes
            if event["type"] == "stopped":
                raise Stopped(event["text"])
            if event["type"] == "error":
                raise MaskwiseError(event["text"])
            yield event
    finally:
        over.set()
        _free.put(place)


def _tell(place: int, stopped: Callable[[], bool], over: ThreadEvent) -> None:
    """Take Stop to the other process."""
    while not over.wait(POLL):
        if stopped():
            _stops[place].set()
