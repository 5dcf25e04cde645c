"""The surfaces of a Maskwise served in this process, each with the inputs that are sent to it: calls of the
API, the page's events, files, links, rooms, and all of Gradio's addresses."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from secrets import token_hex
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from components.classroom.room_routes import KEY, ROOMS
from components.classroom.rooms import RoomEnded
from tests.hostile import ANY, JSON, PICKLE, TEXTS, UNREADABLE, Said, Surface, ask, changed, streamed
from tests.shared_records import NASTY

CALLS: dict[str, dict[str, Any]] = {
    "explain_generation": {
        "prompt": "The sea is wide.", "model": "", "method": "feature_ablation", "k": 1,
        "granularity": "word", "mask_operator": "zero", "max_new_tokens": 3, "response": "",
        "system_prompt": "", "seed": 0,
        "options": {}, "part": [], "system_prompt_placement": "system", "thinking": "off", "date": "",
    },
    "explain_classification": {
        "text": "Stocks fell.", "task": "ag_news", "model": "", "method": "feature_ablation", "template": "",
        "label_words": {}, "label": "", "verbalizer": "manual", "seed": 0, "options": {},
    },
    "compare_methods": {
        "prompt": "The sea is wide.", "methods": ["feature_ablation"], "model": "", "k": 1,
        "granularity": "word", "mask_operator": "zero", "max_new_tokens": 3, "response": "", "seed": 0,
    },
}  # fmt: skip
SHARE_BARS = {"generation": "share", "classification": "class-share", "compare": "compare-share"}
SAID_OF_A_FILE = re.compile(r'"error":("(?:[^"\\]|\\.)+")')
BOUND = "x" * 20
SESSION = "hostile"
SESSIONS = st.one_of(st.just(SESSION), st.uuids().map(str), st.just(None), st.sampled_from(["", *NASTY]))
QUERY = ("tab", "prompt", "text", "k", "model", "method", "options", "seed", "date", "z", "run", "room", "x")
POSTED = [
    "", "nope", "login", "rooms/join", "rooms/marks", "rooms/code", "rooms/state",
    *(f"gradio_api/{path}" for path in (
        "run/predict", "run/explain_generation", "api/predict", "call/explain_generation",
        "call/v2/explain_generation", "call/v2/nope", "queue/join", "cancel", "reset", "component_server",
        "upload", "process_recording", "stream/x", "stream/x/close", "run-history/connect", "vibe-edit",
    )),
]  # fmt: skip
KINDS = (JSON, "text/plain", "", f"multipart/form-data; boundary={BOUND}", "multipart/form-data", "é; =")
FIELDS = [
    "data", "fn_index", "session_hash", "event_id", "event_data", "trigger_id", "batched", "simple_format",
    "component_id", "fn_name", "prompt", "k", "code", "name", "marks", "oauth_token",
]  # fmt: skip
READ = [
    "?page=", "config?page=", "rooms/state?after=", "room?room=", "lesson?", "assets/", "static/", "svelte/",
    "theme.css?", "login?", "monitoring/", "pwa_icon/", "manifest.json?",
    *(f"gradio_api/{path}" for path in (
        "info?page=", "file=", "file/", "proxy=", "queue/data?session_hash=", "call/explain_generation/",
        "deep_link?", "deep_link?session_hash=", "custom_component/a/b/c/", "stream/a/b/c/playlist.m3u8?",
        "run-history/records?endpoint=", "runs?", "startup-events?", "openapi.json?",
    )),
]  # fmt: skip
PLACES = [
    "", "../app.py", "/etc/passwd", "..%2f..%2fapp.py", "%00", "x" * 5000, "9" * 5000, "http://127.0.0.1:1/",
]  # fmt: skip
OF_LINKS = ["generation", "classification", "compare", "what-if", "xprompt", "3", "-1", "1e9"]


TITLES = [
    *(f"/{name}" for name in CALLS), "the same by names", "the page's events", "files to Load", "links",
    "uploads", "rooms", "any body to any address", "any address",
]  # fmt: skip


def surfaces(url: str, config: dict, records: list[dict]) -> list[Surface]:
    """All of the Maskwise at `url`. config: of its page. records: results, as they are saved."""
    calls = [_call(url, name, list(named.values())) for name, named in CALLS.items()]
    page = [_events(url, config), _records(url, config, records), _links(url, config)]
    return [*calls, _named_calls(url), *page, _uploads(url), _room(url), *_raw(url)]


def _call(url: str, name: str, whole: list) -> Surface:
    address = f"{url}gradio_api/call/{name}"
    return Surface(f"/{name}", changed(whole), lambda data: _called(address, {"data": data}))


def _named_calls(url: str) -> Surface:
    def named(name: str) -> st.SearchStrategy:
        places = st.dictionaries(st.sampled_from([*CALLS[name], "other"]), ANY, max_size=3)
        return places.map(lambda new: (name, CALLS[name] | new))

    def answer(asked: tuple[str, dict]) -> Said:
        name, body = asked
        return _called(f"{url}gradio_api/call/v2/{name}", body)

    return Surface("the same by names", st.sampled_from([*CALLS]).flatmap(named), answer)


def _called(address: str, body: dict) -> Said:
    """The last event of a call."""
    sent = ask(address, json.dumps(body).encode())
    if sent.refused or not sent.status:
        return sent
    try:
        lines = streamed(f"{address}/{json.loads(sent.text)['event_id']}", "no such line")
    except TimeoutError:
        return Said(0, "")
    event, said = [line.strip().partition(": ")[2] for line in lines if line.strip()][-2:]
    error = json.loads(said) if event == "error" else None
    words = error.get("error") if isinstance(error, dict) else error
    return Said(200, "".join(lines), event != "complete", words)


def _events(url: str, config: dict) -> Surface:
    """All that the page's own parts send, past the browser."""
    values = {each["id"]: each["props"].get("value") for each in config["components"]}
    own = [each for each in config["dependencies"] if each["backend_fn"]]

    @st.composite
    def inputs(draw) -> dict:
        event = draw(st.sampled_from(own))
        data = draw(changed([values[each] for each in event["inputs"]]))
        session, told = draw(SESSIONS), draw(st.none() | ANY)
        body = {"data": data, "fn_index": event["id"], "session_hash": session, "event_data": told}
        return body | {"trigger_id": draw(st.none() | st.integers(-1, 400))}

    return Surface("the page's events", inputs(), lambda body: event_answer(url, body))


def event_answer(url: str, body: dict, query: str = "") -> Said:
    """What an event of the page is answered: at once, or from the queue where it has to wait there."""
    sent = json.dumps(body).encode()
    at_once = ask(f"{url}gradio_api/run/predict{query}", sent)
    if at_once.status != 404:
        return at_once
    joined = ask(f"{url}gradio_api/queue/join{query}", sent)
    if joined.refused or not joined.status:
        return joined
    address = f"{url}gradio_api/queue/data?session_hash={quote(body['session_hash'] or '')}"
    try:
        lines = streamed(address, json.loads(joined.text)["event_id"] + '","output"')
    except TimeoutError:
        return Said(0, "")
    last = json.loads(lines[-1].removeprefix("data: "))
    error = None if last.get("success") else (last.get("output") or {}).get("error", last.get("message"))
    return Said(200, "".join(lines), not last.get("success"), error)


def _places(value, here=()):
    """The places of all values within lists and objects."""
    yield here
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from _places(each, (*here, key))


@st.composite
def changed_records(draw, records: list[dict]) -> tuple[str, str]:
    """A result as it is saved, with another value somewhere: the tab that made it, and the text."""
    record = json.loads(json.dumps(draw(st.sampled_from(records))))
    tab = record["tab"]
    *way, last = draw(st.sampled_from([place for place in _places(record) if place]))
    inner = record
    for key in way:
        inner = inner[key]
    inner[last] = draw(ANY)
    return tab, json.dumps(record)


def _records(url: str, config: dict, records: list[dict]) -> Surface:
    """Load, of files that were changed, cut off, or are something else."""
    uploads = {tab: event_of(config, elem_id, "upload") for tab, elem_id in SHARE_BARS.items()}
    values = {each["id"]: each["props"].get("value") for each in config["components"]}
    saved = changed_records(records)
    cut_off = saved.map(lambda loaded: (loaded[0], loaded[1][:-20]))
    unreadable = st.sampled_from(UNREADABLE).map(lambda body: body.decode(errors="replace"))
    others = st.tuples(st.sampled_from([*SHARE_BARS]), ANY.map(json.dumps) | TEXTS | unreadable)

    def answer(loaded: tuple[str, str]) -> Said:
        tab, text = loaded
        event, told = uploads[tab], {"n": 1, "text": text}
        body = {"data": [values[each] for each in event["inputs"]], "fn_index": event["id"]}
        said = event_answer(url, body | {"session_hash": SESSION, "event_data": told})
        refused = SAID_OF_A_FILE.search(said.text)  # in the row of buttons, as an answer
        return replace(said, refused=True, words=json.loads(refused[1])) if refused else said

    return Surface("files to Load", st.one_of(saved, saved, cut_off, others), answer)


def event_of(config: dict, elem_id: str, name: str) -> dict:
    named = [each["id"] for each in config["components"] if each["props"].get("elem_id") == elem_id]
    return next(each for each in config["dependencies"] if [named[0], name] in each["targets"])


def _uploads(url: str) -> Surface:
    """Files of any name and content, and forms that are none."""
    names, contents = st.text(max_size=40) | TEXTS, st.binary(max_size=200) | st.just(PICKLE)

    def form(name: str, content: bytes, field: str, end: str) -> bytes:
        head = f'--{BOUND}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
        return head.encode(errors="replace") + content + end.encode()

    ends = st.sampled_from([f"\r\n--{BOUND}--\r\n", "", "\r\n"])
    forms = st.builds(form, names, contents, st.sampled_from(["files", "x"]), ends) | st.binary(max_size=200)
    kind = f"multipart/form-data; boundary={BOUND}"
    return Surface("uploads", forms, lambda body: ask(f"{url}gradio_api/upload", body, kind))


def _links(url: str, config: dict) -> Surface:
    """Addresses of the page, and what it fills in of them, and of what it kept, once it is open."""
    events = config["dependencies"]
    loads = [each for each in events if any(name == "load" for _, name in each["targets"])]
    opened = max(loads, key=lambda each: len(each["outputs"]))
    queries = st.dictionaries(st.sampled_from(QUERY), TEXTS | st.sampled_from(OF_LINKS), max_size=4)
    settings = st.dictionaries(st.sampled_from(OF_LINKS), ANY) | ANY
    kept = st.fixed_dictionaries({"tab": st.sampled_from(OF_LINKS) | ANY, "settings": settings}) | ANY

    def answer(asked_for: tuple[dict, Any]) -> Said:
        query, kept = asked_for
        asked = "?" + urlencode(query)
        page = ask(f"{url}{asked}")
        body = {"data": [kept], "fn_index": opened["id"], "session_hash": SESSION}
        return page if page.refused else event_answer(url, body, asked)

    return Surface("links", st.tuples(queries, kept), answer)


def _room(url: str) -> Surface:
    """What a student's page sends to a room."""
    marks = st.tuples(st.just("marks"), st.fixed_dictionaries({"marks": ANY}))
    codes = TEXTS | st.just(None) | st.builds(_code)
    joins = st.tuples(st.just("join"), st.fixed_dictionaries({"code": codes, "name": ANY}))

    def answer(asked: tuple[str, dict]) -> Said:
        path, body = asked
        return ask(f"{url}rooms/{path}", json.dumps(body).encode(), **{KEY: _key()})

    return Surface("rooms", marks | joins, answer)


_seats: dict[str, str] = {}


def _code() -> str:
    """Of a room that is open and not full."""
    try:
        full = len(ROOMS.led(_seats.get("teacher", "")).students) > 90
    except RoomEnded:
        full = True
    if full:
        teacher = _seats["teacher"] = ROOMS.open("http://maskwise.test/room", token_hex(8))
        _seats["code"] = ROOMS.state(teacher)["code"]
        _seats["key"] = ROOMS.join(_seats["code"], "Ada")
    return _seats["code"]


def _key() -> str:
    """Of a student who is in it."""
    _code()
    return _seats["key"]


def _raw(url: str) -> list[Surface]:
    """Every address with any body, and with anything behind it."""
    known = st.dictionaries(st.sampled_from(FIELDS), ANY, max_size=6)
    bodies = (known | ANY).map(lambda body: json.dumps(body).encode())
    bodies |= st.sampled_from(UNREADABLE) | st.binary(max_size=100)
    sent = st.tuples(st.sampled_from(POSTED), bodies, st.sampled_from(KINDS))
    ends = st.sampled_from(PLACES) | TEXTS.map(lambda text: quote(text, safe=""))
    read = st.tuples(st.sampled_from(READ), ends)
    return [
        Surface("any body to any address", sent, lambda asked: ask(url + asked[0], asked[1], asked[2])),
        Surface("any address", read, lambda asked: ask(url + "".join(asked)[:8000])),
    ]
