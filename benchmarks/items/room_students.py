"""Scripted students of a room: each joins, marks words at random, and notes when it sees what."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from threading import Thread
from time import monotonic
from typing import Any

import httpx2

KEY = "maskwise-key"
ABSENT_SECONDS = 5.0  # without a connection
LIMIT = 60.0


@dataclass
class ScriptedStudent:
    """habit: "" for a steady one; "reloads" forgets all but its key once it has sent its marks of round 2;
    "loses" has no connection for a while then. words, revealed, scored: when it saw them first, by round."""

    url: str
    code: str
    rounds: int
    think_seconds: float
    number: int
    habit: str = ""
    key: str = ""
    requests: int = 0
    words: dict[int, float] = field(default_factory=dict)
    revealed: dict[int, float] = field(default_factory=dict)
    scored: dict[int, float] = field(default_factory=dict)
    sent: dict[int, list[int]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    async def play(self) -> None:
        """Until all rounds are scored."""
        tag = ""
        async with httpx2.AsyncClient(base_url=self.url, timeout=LIMIT) as client:
            name = {"code": self.code, "name": f"Student {self.number}"}
            self.key = (await self._post(client, "rooms/join", name))["key"]
            while len(self.scored) < self.rounds:
                try:
                    state = await self._state(client, tag)
                except httpx2.TransportError as error:  # as a phone does: it asks again
                    self.failures.append(f"no answer: {type(error).__name__}")
                    await asyncio.sleep(1)
                    continue
                tag = state.get("tag", tag)
                if state and await self._see(client, state):
                    tag = ""  # it begins anew, with its key alone

    async def _state(self, client: httpx2.AsyncClient, tag: str) -> dict[str, Any]:
        answer = await client.get("rooms/state", params={"after": tag}, headers={KEY: self.key})
        self.requests += 1
        return {} if answer.status_code == 204 else answer.json()

    async def _post(self, client: httpx2.AsyncClient, path: str, values: dict) -> dict[str, Any]:
        answer = await client.post(path, json=values, headers={KEY: self.key} if self.key else None)
        self.requests += 1
        if answer.status_code != 200:
            self.failures.append(answer.json()["error"])
        return answer.json()

    async def _see(self, client: httpx2.AsyncClient, state: dict[str, Any]) -> bool:
        """Whether its habit has made it leave."""
        if not (round := state.get("round")):
            return False
        number, now = round["number"], monotonic()
        if state["phase"] == "marking" and round["board"] and number not in self.sent:
            self.words[number] = now
            await self._mark(client, round)
            if number == 2 and self.habit == "loses":
                await asyncio.sleep(ABSENT_SECONDS)
            return number == 2 and self.habit == "reloads"
        if state["me"]["marks"] != self.sent.get(number, []):
            self.failures.append(f"round {number}: other marks than those sent")
        if state["phase"] == "revealed":
            self.revealed.setdefault(number, now)
        if state["me"]["sentence"]:
            self.scored.setdefault(number, now)
        return False

    async def _mark(self, client: httpx2.AsyncClient, round: dict[str, Any]) -> None:
        await asyncio.sleep(random.Random(self.number).random() * self.think_seconds)
        drawn = random.Random(self.number * 100 + round["number"])
        marks = sorted(drawn.sample(range(len(round["board"]["spans"])), round["k"]))
        self.sent[round["number"]] = marks
        await self._post(client, "rooms/marks", {"marks": marks})


class Crowd:
    """Many scripted students in a thread of their own; the first reloads, the second loses its connection."""

    def __init__(self, url: str, code: str, count: int, rounds: int, think_seconds: float):
        habits = ["reloads", "loses", *[""] * count]
        self.students = [
            ScriptedStudent(url, code, rounds, think_seconds, n, habits[n]) for n in range(count)
        ]
        self._thread = Thread(target=lambda: asyncio.run(self._play()), daemon=True)
        self._thread.start()

    async def _play(self) -> None:
        await asyncio.gather(*(student.play() for student in self.students))

    def end(self, seconds: float) -> None:
        """Wait until all have seen all rounds, for so long at most."""
        self._thread.join(seconds)
