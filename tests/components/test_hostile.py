"""Whatever is sent to any surface ends in an answer or in one clear message, nothing of it is run, and no
message has a path, a token or a traceback.

`python -m benchmarks.load.hostile` tries more inputs of each kind.
"""

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.load.hostile import served, tried
from components.classification.filling import uploaded
from components.server.errors import NOTHING
from components.sharing.links import link_fields, read_inputs
from components.sharing.records import read_record
from explainers.core.errors import MaskwiseError
from tests.hostile import ANY, CANARY, FORBIDDEN, is_clear
from tests.hostile_surfaces import CALLS, QUERY, SESSION, TITLES, changed_records, surfaces

EXAMPLES, FEW = 100, 25
MANY = {*(f"/{name}" for name in CALLS), "the page's events", "uploads"}
TRIED = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def public():
    """The address of a Maskwise for strangers, the config of its page, and results as they are saved."""
    with served() as found:
        yield found


def check_message(message) -> None:
    assert is_clear(message), message
    assert not [part for part in FORBIDDEN if part in message], message


@pytest.mark.parametrize("title", TITLES)
def test_every_surface_answers_in_words(public, title, capfd):
    CANARY.unlink(missing_ok=True)
    surface = next(each for each in surfaces(*public) if each.title == title)
    tally = tried(surface, EXAMPLES if title in MANY else FEW)
    assert not tally.problems, tally.examples
    assert tally.answered + tally.refused >= FEW * 0.9
    assert not CANARY.exists()
    assert urlopen(f"{public[0]}healthz", timeout=60).status == 200


@pytest.mark.parametrize("path", ["run/predict", "run/nope", "queue/join", "call/nope"])
@pytest.mark.parametrize("number", [99_999, -1, 10**400])
def test_an_unknown_function_is_refused_in_words(public, path, number):
    status, said = refusal(public[0], path, {"data": [], "fn_index": number, "session_hash": SESSION})
    assert 400 <= status < 500 and "no such function" in said


@pytest.mark.parametrize("path", ["run/predict", "queue/join", "call/explain_generation"])
@pytest.mark.parametrize("body", [b'{"data": [' + b"9" * 5000 + b"]}", b"{", b"[]", b'{"data": 5}'])
def test_what_cannot_be_read_is_refused_in_words(public, path, body):
    status, said = refusal(public[0], path, body)
    assert 400 <= status < 500 and "cannot be read" in said


def test_values_that_are_too_few_are_refused_in_words(public):
    """Where an event waits in no queue, the answer itself says so."""
    own = [each for each in public[1]["dependencies"] if each["inputs"] and not each["queue"]]
    status, said = refusal(public[0], "run/predict", {"data": [], "fn_index": own[0]["id"]})
    assert status == 400 and "cannot be read" in said


@pytest.mark.parametrize(
    "path", ["process_recording", "stream/x/close", "proxy=http://127.0.0.1:1/", "deep_link"]
)
def test_what_is_not_needed_is_closed(public, path):
    status, said = refusal(public[0], path, b"{}")
    assert status == 404 and said == NOTHING


def test_an_upload_without_its_file_is_refused_in_words():
    with pytest.raises(MaskwiseError, match="No file has arrived"):
        uploaded(None)


def refusal(url: str, path: str, body) -> tuple[int, str]:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(f"{url}gradio_api/{path}", sent, {"Content-Type": "application/json"}), timeout=60)
    said = json.loads(refused.value.read())
    return refused.value.code, said.get("detail") or said["error"]


@TRIED
@given(data=st.data())
def test_a_file_with_other_values_is_loaded_or_refused_in_words(public, data):
    tab, text = data.draw(changed_records(public[2]))
    try:
        loaded = read_record(text, tab)
    except MaskwiseError as error:
        check_message(str(error))
    else:
        assert loaded["tab"] == tab and json.dumps(loaded)


@TRIED
@given(values=st.dictionaries(st.sampled_from(QUERY), ANY))
def test_a_link_of_any_values_is_read_or_left_out_in_words(values):
    try:
        inputs, refused = read_inputs("generation", {name: str(value) for name, value in values.items()})
    except MaskwiseError as error:
        check_message(str(error))
        return
    for sentence in refused:
        check_message(sentence)
    assert link_fields("generation", inputs) is not None
