"""A visitor's browser without the browser: the page's own calls over HTTP, and those of the API."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from inspect import signature
from secrets import token_hex
from typing import Any

import httpx2
from gradio_client.utils import apply_diff

from components import api

CONFIG = re.compile(r"window\.gradio_config = (\{.*?\});</script>", re.DOTALL)
SECONDS = 600.0  # within which anything must have ended: later it counts as lost


class Layout:
    """What the page is made of, as its config tells a browser."""

    def __init__(self, config: dict):
        self._values = {each["id"]: each["props"].get("value") for each in config["components"]}
        self._ids = {each["props"]["elem_id"]: each["id"] for each in config["components"] if _named(each)}
        self._events = config["dependencies"]

    def event(self, elem_id: str, name: str) -> dict:
        """The first event of that name of the component with that id."""
        return next(each for each in self._events if [self._ids[elem_id], name] in each["targets"])

    def change_of(self, state: int) -> dict:
        """The event that runs once a state has changed."""
        return next(each for each in self._events if [state, "change"] in each["targets"])

    def data(self, event: dict, typed: dict[str, Any]) -> list:
        """Inputs of an event as a fresh page has them, but for what was typed, by the ids of components."""
        other = {self._ids[elem_id]: value for elem_id, value in typed.items()}
        return [other.get(each, self._values[each]) for each in event["inputs"]]

    def place(self, event: dict, elem_id: str) -> int:
        """Where the value of that component stands in the event's outputs."""
        return event["outputs"].index(self._ids[elem_id])


class Refused(Exception):
    """The page would show an error."""


class Outputs:
    """What the outputs of an event show, put together from its messages as a browser does."""

    def __init__(self, count: int):
        self._sent: list | None = None
        self._shown: list = [None] * count

    def after(self, message: dict) -> list:
        output = message["output"]
        if not message["success"]:
            raise Refused(output["error"])
        if self._sent is None or message["msg"] == "process_completed":
            self._sent = output["data"]
        else:
            self._sent = [apply_diff(*pair) for pair in zip(self._sent, output["data"], strict=True)]
        pairs = zip(self._shown, self._sent, strict=True)
        self._shown = [before if _is_update(new) else new for before, new in pairs]
        return self._shown


def _is_update(value) -> bool:
    """It leaves the value as it is."""
    return isinstance(value, dict) and value.get("__type__") == "update"


def _named(component: dict) -> bool:
    return bool(component["props"].get("elem_id"))


class Page:
    """One open page: a session of its own."""

    def __init__(self, url: str):
        self.http = httpx2.AsyncClient(base_url=url, timeout=httpx2.Timeout(SECONDS, connect=30.0))
        self._session = token_hex(6)

    async def load(self) -> str:
        return (await self.http.get("/")).raise_for_status().text

    async def layout(self) -> Layout:
        found = CONFIG.search(await self.load())
        if not found:
            raise RuntimeError("The page holds no config.")
        return Layout(json.loads(found[1]))

    async def press(self, event: dict, data: list, told: dict | None = None) -> AsyncIterator[list]:
        """What the outputs of an event of the page show, after each update. told: what a click tells of its
        place. Raises Refused where the page would show an error."""
        body = {"data": data, "event_data": told, "fn_index": event["id"], "session_hash": self._session}
        sent = await self.http.post("/gradio_api/queue/join", json=body)
        event_id = sent.raise_for_status().json()["event_id"]
        outputs = Outputs(len(event["outputs"]))
        async with self.http.sse("/gradio_api/queue/data", params={"session_hash": self._session}) as told_of:
            async for message in told_of:
                read = json.loads(message.data)
                if read.get("event_id") != event_id:
                    continue
                if "output" in read:
                    yield outputs.after(read)
                if read["msg"] == "process_completed":
                    return

    async def at_once(self, event: dict, data: list) -> None:
        """An event that does not wait in Gradio's queue, such as Stop."""
        body = {"data": data, "fn_index": event["id"], "session_hash": self._session}
        (await self.http.post("/gradio_api/run/predict", json=body)).raise_for_status()

    async def call(self, name: str, **settings: Any) -> AsyncIterator[tuple[str, Any]]:
        """(kind, data) of what a call of the API streams, as curl reads it; the last kind is complete or
        error."""
        asked = signature(getattr(api, name)).parameters
        data = [settings.get(each, asked[each].default) for each in asked if each != "request"]
        sent = await self.http.post(f"/gradio_api/call/{name}", json={"data": data})
        event_id = sent.raise_for_status().json()["event_id"]
        async with self.http.sse(f"/gradio_api/call/{name}/{event_id}") as messages:
            async for message in messages:
                if message.event != "heartbeat":
                    yield message.event, json.loads(message.data)
