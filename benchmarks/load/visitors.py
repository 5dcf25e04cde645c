"""Visitors: each does one thing after the other, and notes how it ended."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random
from time import monotonic
from typing import Any

import httpx2

from benchmarks.load.page import SECONDS, Layout, Page, Refused
from benchmarks.load.questions import Click, Pool, Question

REFUSALS = ("The line is full", "runs of yours wait already")
ACTIONS = {"load": 25, "click": 30, "run": 12, "repeat": 18, "stop": 8, "close": 7}  # shares
PAUSE = (0.5, 3.0)  # seconds between two of them
PATIENCE = 3.0  # seconds at most until a visitor stops a run, or closes its connection
NO_TEXT = {"prompt": "Tell me about the sea and its tides in winter.", "method": "xprompt"}


@dataclass(frozen=True)
class Outcome:
    """action: of ACTIONS. end: answered, refused (in words), stopped, closed, or else what went wrong.
    seconds: until its end. question, said: where there was an answer to compare."""

    action: str
    end: str
    seconds: float
    question: Question | Click | None = None
    said: Any = None


class Visitor:
    """layout: of the page, which is the same for all."""

    def __init__(self, url: str, layout: Layout, pool: Pool, seed: int):
        self._url, self._layout, self._pool = url, layout, pool
        self._random = Random(seed)
        self._page, self._running = Page(url), Page(url)  # two tabs of one browser
        self._removed = pool.removed()

    async def stay(self, until: float) -> list[Outcome]:
        """Act until then. until: of monotonic()."""
        outcomes = []
        while monotonic() < until:
            outcomes.append(await self.act(*self._random.choices([*ACTIONS], [*ACTIONS.values()])))
            await asyncio.sleep(self._random.uniform(*PAUSE))
        await self.leave()
        return outcomes

    async def leave(self) -> None:
        for page in (self._page, self._running):
            await page.http.aclose()

    async def act(self, action: str) -> Outcome:
        began = monotonic()
        try:
            async with asyncio.timeout(SECONDS):
                end, *answer = await getattr(self, f"_{action}")()
        except (TimeoutError, httpx2.HTTPError) as error:
            end, answer = f"lost ({type(error).__name__})", []
        except Refused as error:
            end, answer = _refusal(str(error)), []
        return Outcome(action, end, monotonic() - began, *answer)

    async def _load(self) -> tuple:
        return ("answered",) if "gradio_config" in await self._page.load() else ("wrong page",)

    async def _run(self) -> tuple:
        return await self._answer(self._pool.fresh())

    async def _repeat(self) -> tuple:
        return await self._answer(self._pool.common())

    async def _answer(self, question: Question) -> tuple:
        said = None
        async for kind, data in self._page.call(question.call, **question.named):
            if kind == "error":
                return (_refusal(str(data)),)
            if kind == "generating":
                said = data[0]
            if kind == "complete":
                return "answered", question, said
        return ("lost (the stream ended)",)

    async def _click(self) -> tuple:
        """A word in What if, as the browser does it: the set changes, then it is measured."""
        page, layout, word = self._page, self._layout, self._pool.word()
        toggle = layout.event("what-strip", "select")
        place = {"index": word, "value": word}
        shown = [each async for each in page.press(toggle, layout.data(toggle, {}), place)][-1]
        self._removed ^= {word}
        measure = layout.change_of(toggle["outputs"][-1])
        shown = [each async for each in page.press(measure, layout.data(measure, {}))][-1]
        status = shown[layout.place(measure, "what-status")]
        if status["state"] != "done":
            return (_refusal(status["text"]),)
        answer = shown[layout.place(measure, "what-answer")]
        return "answered", Click(tuple(sorted(self._removed))), answer

    async def _stop(self) -> tuple:
        """Run on the page, and Stop soon after."""
        run, stop = self._layout.event("run", "click"), self._layout.event("stop", "click")
        place = self._layout.place(run, "status")
        typed = NO_TEXT | {"k": self._random.randint(1, 3)}
        stopping = asyncio.create_task(self._press_later(stop))
        status = {}
        async for shown in self._running.press(run, self._layout.data(run, typed)):
            status = shown[place]
        await stopping
        if status["state"] == "error":
            return (_refusal(status["text"]),)
        return ("stopped",) if status["state"] in ("stopped", "done") else (f"still {status['state']}",)

    async def _press_later(self, stop: dict) -> None:
        await asyncio.sleep(self._random.uniform(0.2, PATIENCE))
        await self._running.at_once(stop, [])

    async def _close(self) -> tuple:
        """A run whose reader goes away."""
        try:
            async with asyncio.timeout(self._random.uniform(0.2, PATIENCE)):
                await self._answer(self._pool.fresh())
        except TimeoutError:
            pass
        return ("closed",)


def _refusal(text: str) -> str:
    return "refused" if any(words in text for words in REFUSALS) else f"failed: {text[:200]}"
