"""Whatever is sent to the API, loaded as a file or opened as a link ends in a result or in one clear message.

HOSTILE_EXAMPLES=10000 tries as many inputs of each kind; without, 100.
"""

import json
import os
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.sharing.links import link_fields, read_inputs
from components.sharing.records import read_record
from explainers.core.errors import MaskwiseError
from tests.served import served_app
from tests.shared_records import NASTY, classification_record, comparison_record, generation_record

TOKEN = "hf_" + "OwnersSecret" * 3
FORBIDDEN = (
    "Traceback",
    'File "',
    TOKEN,
    str(Path(__file__).parents[2]),
    str(Path.home()) + "/",
    "/site-packages/",
)
EXAMPLES = int(os.environ.get("HOSTILE_EXAMPLES", 100))
LONGEST = 1000  # characters of a message
TRIED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [*NASTY, "../../etc/passwd", "/etc", "~", "/home/visitor", "x" * 30_000, "{{7*7}}", "\x00"]
    ),
)
PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS
)
ANY = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)
)
GENERATION = [
    "The sea is wide.",
    "",
    "feature_ablation",
    1,
    "word",
    "zero",
    3,
    "",
    "",
    0,
    {},
    [],
    "system",
    "off",
    "",
]
CLASSIFICATION = ["Stocks fell.", "ag_news", "", "feature_ablation", "", {}, "", "manual", 0, {}]
COMPARISON = ["The sea is wide.", ["feature_ablation"], "", 1, "word", "zero", 3, "", 0]


@pytest.fixture(scope="module")
def public_url():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MASKWISE_PUBLIC", "1")
        patch.setenv("HF_TOKEN", TOKEN)
        with served_app() as url:
            yield url


def changed(whole: list):
    """Some of the values in another's place."""
    places = st.dictionaries(st.integers(0, len(whole) - 1), ANY, min_size=1, max_size=3)
    return places.map(lambda new: [new.get(place, value) for place, value in enumerate(whole)])


def check_message(message) -> None:
    assert isinstance(message, str) and message.strip() and len(message) < LONGEST, message
    assert not [part for part in FORBIDDEN if part in message], message


def answer(url: str, call: str, data: list) -> tuple[str, object]:
    """The last event of a call, and its data."""
    body = json.dumps({"data": data}).encode()
    address = f"{url}gradio_api/call/{call}"
    try:
        sent = urlopen(Request(address, body, {"Content-Type": "application/json"}), timeout=60)
        lines = urlopen(f"{address}/{json.load(sent)['event_id']}", timeout=60).read().decode().splitlines()
    except HTTPError as refused:
        return "refused", refused.read().decode()
    event, said = [line.partition(": ")[2] for line in lines if line][-2:]
    return event, json.loads(said)


def check_answer(url: str, call: str, data: list) -> None:
    event, said = answer(url, call, data)
    if event == "complete":
        return
    check_message(said["error"] if isinstance(said, dict) else said)


@TRIED
@given(data=changed(GENERATION))
def test_generation_answers_in_words(public_url, data):
    check_answer(public_url, "explain_generation", data)


@TRIED
@given(data=changed(CLASSIFICATION))
def test_classification_answers_in_words(public_url, data):
    check_answer(public_url, "explain_classification", data)


@TRIED
@given(data=changed(COMPARISON))
def test_comparison_answers_in_words(public_url, data):
    check_answer(public_url, "compare_methods", data)


def paths(value, here=()):
    """The places of all values within lists and objects."""
    yield here
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from paths(each, (*here, key))


@pytest.fixture(scope="module")
def records():
    from tests.conftest import on_tiny_models

    with pytest.MonkeyPatch.context() as patch:
        on_tiny_models.__wrapped__(patch)
        made = generation_record(), classification_record(), comparison_record()
    return [json.loads(json.dumps(record)) for record in made]


@TRIED
@given(data=st.data())
def test_a_file_with_other_values_is_loaded_or_refused_in_words(records, data):
    record = json.loads(json.dumps(data.draw(st.sampled_from(records))))
    tab = record["tab"]
    *way, last = data.draw(st.sampled_from([path for path in paths(record) if path]))
    inner = record
    for key in way:
        inner = inner[key]
    inner[last] = data.draw(ANY)
    try:
        loaded = read_record(json.dumps(record), tab)
    except MaskwiseError as error:
        check_message(str(error))
    else:
        assert loaded["tab"] == tab and json.dumps(loaded)


@TRIED
@given(values=st.dictionaries(st.sampled_from(["prompt", "k", "model", "options", "seed", "date", "x"]), ANY))
def test_a_link_of_any_values_is_read_or_left_out_in_words(values):
    try:
        inputs, refused = read_inputs("generation", {name: str(value) for name, value in values.items()})
    except MaskwiseError as error:
        check_message(str(error))
        return
    for sentence in refused:
        check_message(sentence)
    assert link_fields("generation", inputs) is not None
