"""Whatever is sent to the page's own events, past the browser, ends in an answer, or in an error without
secrets; the server goes on.

HOSTILE_EXAMPLES=10000 tries as many inputs; without, 100.
"""

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.components.test_hostile import ANY, FORBIDDEN, TRIED, public_url  # noqa: F401

BOUND = "x" * 20
SESSION = "hostile"
FILES = st.fixed_dictionaries({"path": st.sampled_from(["/etc/passwd", "app.py", "../app.py", "\x00", ""])})


@pytest.fixture(scope="module")
def events(public_url):  # noqa: F811
    """The page's events that the server runs, and the first values of all components."""
    config = json.loads(urlopen(f"{public_url}config", timeout=60).read())
    values = {each["id"]: each["props"].get("value") for each in config["components"]}
    private = [each for each in config["dependencies"] if each["api_visibility"] == "private"]
    own = [each for each in private if each["backend_fn"]]
    assert len(own) > 60
    return own, values


def post(address: str, body: bytes, kind: str = "application/json") -> str:
    try:
        return urlopen(Request(address, body, {"Content-Type": kind}), timeout=120).read().decode()
    except HTTPError as refused:
        return refused.read().decode()


def answer(url: str, event: dict, data: list, told) -> str:
    """All that the server says to this event."""
    body = {"data": data, "fn_index": event["id"], "session_hash": SESSION, "event_data": told}
    if not event["queue"]:
        return post(f"{url}gradio_api/run/predict", json.dumps(body).encode())
    said = post(f"{url}gradio_api/queue/join", json.dumps(body).encode())
    if "event_id" not in said:
        return said
    with urlopen(f"{url}gradio_api/queue/data?session_hash={SESSION}", timeout=120) as stream:
        for line in stream:
            said += line.decode()
            if b"process_completed" in line:
                break
    return said


def check(said: str) -> None:
    assert not [part for part in FORBIDDEN if part in said], said[:2000]


@TRIED
@given(data=st.data())
def test_events_of_the_page_answer_without_secrets(public_url, events, data):  # noqa: F811
    own, values = events
    event = data.draw(st.sampled_from(own))
    sent = [values[each] for each in event["inputs"]]
    for place in data.draw(st.sets(st.integers(0, max(0, len(sent) - 1)), max_size=3)):
        if sent:
            sent[place] = data.draw(ANY | FILES)
    check(answer(public_url, event, sent, data.draw(st.none() | ANY)))
    assert urlopen(f"{public_url}healthz", timeout=60).status == 200


@pytest.mark.parametrize("path", ["run/predict", "run/nope", "queue/join", "call/nope"])
@pytest.mark.parametrize("number", [99_999, -1, 10**400])
def test_an_unknown_function_is_refused_in_words(public_url, path, number):  # noqa: F811
    body = json.dumps({"data": [], "fn_index": number, "session_hash": SESSION}).encode()
    address = f"{public_url}gradio_api/{path}"
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(address, body, {"Content-Type": "application/json"}), timeout=60)
    assert 400 <= refused.value.code < 500
    assert b"no such function" in refused.value.read()


@TRIED
@given(name=st.text(max_size=40), content=st.binary(max_size=200), field=st.sampled_from(["files", "x"]))
def test_uploads_of_any_name_are_kept_or_refused(public_url, name, content, field):  # noqa: F811
    head = f'--{BOUND}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    body = head.encode(errors="replace") + content + f"\r\n--{BOUND}--\r\n".encode()
    check(post(f"{public_url}gradio_api/upload", body, f"multipart/form-data; boundary={BOUND}"))
