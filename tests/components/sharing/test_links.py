"""Links: whatever is asked comes back as it went, and nothing hostile gets through."""

import zlib
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.classification import tab as classification_tab
from components.compare import tab as compare_tab
from components.generation import tab as generation_tab
from components.sharing.fields import tab_fields
from components.sharing.links import (
    MOST_PACKED,
    MOST_READABLE,
    MOST_UNPACKED,
    link_fields,
    pack,
    read_link,
    unpack,
)
from components.sharing.restore import notices
from components.sharing.round_choice import round_titles
from explainers.core.errors import MaskwiseError
from tests.shared_records import (
    GENERATION,
    NASTY,
)

pytestmark = pytest.mark.usefixtures("on_tiny_models")


def parsed(query):
    return {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}


def reopened(query):
    return read_link(parsed(query))


@pytest.mark.parametrize("text", NASTY)
def test_a_link_gives_back_what_it_was_given(text):
    inputs = GENERATION | {"prompt": text, "response": text[:50]}
    query = link_fields("generation", inputs)
    assert query.isascii() and len(query) <= max(MOST_READABLE, MOST_PACKED)
    assert reopened(query) == {"tab": "generation", "inputs": inputs, "ignored": []}


def test_a_short_link_can_be_read_and_a_long_one_is_packed():
    assert "prompt=Write+a+story" in link_fields("generation", GENERATION)
    long = link_fields("generation", GENERATION | {"prompt": "many words " * 1500})
    assert long.startswith("z=") and len(long) < MOST_READABLE
    assert reopened(long)["inputs"]["prompt"] == "many words " * 1500


def test_what_no_link_can_hold_is_refused_in_words():
    noise = "".join(chr(0x4E00 + i * i * 7919 % 20000) for i in range(20_000))
    with pytest.raises(MaskwiseError, match="too long for a link. Download the result"):
        link_fields("generation", GENERATION | {"prompt": noise})


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=300)


@settings(max_examples=60)
@given(
    prompt=TEXTS,
    response=TEXTS,
    k=st.integers(1, 20),
    seed=st.integers(0, 2**31 - 1),
    iterations=st.integers(1, 1000),
)
def test_any_input_comes_back(prompt, response, k, seed, iterations):
    inputs = GENERATION | {"prompt": prompt, "response": response, "k": k, "seed": seed}
    inputs["options"] = {"iterations": iterations, "initialisation": "random"}
    link = reopened(link_fields("generation", inputs))
    assert link["inputs"] == inputs and not link["ignored"]


NAMES = st.sampled_from(
    [*{name for fields in tab_fields().values() for name in fields}, "z", "tab", "option.iterations", "other"]
)


@settings(max_examples=150)
@given(
    st.dictionaries(
        NAMES, st.one_of(TEXTS, st.integers().map(str), st.sampled_from([*tab_fields()])), max_size=8
    )
)
def test_no_query_raises_and_all_that_is_read_can_be_used(query):
    link = read_link(query)
    if link and link["tab"]:
        again = reopened(link_fields(link["tab"], link["inputs"]))
        assert again["inputs"] == link["inputs"] and not again["ignored"]
    for sentence in notices(link.get("ignored", [])):
        assert len(sentence) < 200


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("k", "21", "k must be a whole number between 1 and 20"),
        ("k", "1e1", "k must be a whole number"),
        ("k", "9" * 5000, "k must be a whole number"),
        ("seed", "-1", "seed must be a whole number"),
        ("method", "prompt_explainer", "method must be one of"),
        ("granularity", "Word", "granularity must be one of token, word, sentence"),
        ("prompt", "x" * 20_001, "prompt is limited to 20,000 characters"),
        ("option.iterations", "1001", "must lie between 1 and 1000"),
        ("option.iterations", "nan", "must be of type int"),
        ("option.exec", "1", "has no option 'exec'"),
        ("option.initialisation", "worst", "must be one of"),
    ],
)
def test_a_bad_value_is_left_out_in_words(name, value, words):
    fields = parsed(link_fields("generation", GENERATION)) | {name: value}
    link = read_link(fields)
    (sentence,) = link["ignored"]
    assert words in sentence
    kept = {key: value for key, value in GENERATION.items() if key not in (name, "options")}
    assert link["inputs"].items() >= kept.items()


BEYOND = {
    "what-if": [{"removed": []}, {"removed": [0, 3, 20_000]}, {"removed": list(range(900))}, {}],
    "classroom": [{"round": title} for title in round_titles()],
    "replay": [{}],
}


@pytest.mark.parametrize("tab", BEYOND)
@pytest.mark.parametrize("text", NASTY)
def test_a_link_to_a_view_gives_back_what_it_was_given(tab, text):
    for beyond in BEYOND[tab]:
        inputs = GENERATION | {"prompt": text} | beyond
        assert reopened(link_fields(tab, inputs)) == {"tab": tab, "inputs": inputs, "ignored": []}


@pytest.mark.parametrize(
    "tab, name, value, words",
    [
        ("what-if", "removed", "1,-2", "removed must be a whole number"),
        ("what-if", "removed", "1,,2", "removed must be a whole number"),
        ("what-if", "removed", "1;2", "removed must be a whole number"),
        ("what-if", "removed", "${alert(1)}", "removed must be a whole number"),
        ("what-if", "removed", "9" * 5000, "removed must be a whole number"),
        ("what-if", "removed", ",".join(["0"] * 20_001), "removed is limited to 20000 values"),
        ("classroom", "round", "<img src=x onerror=alert(1)>", "round must be one of"),
        ("classroom", "round", "", "round must be one of"),
        ("replay", "method", "__class__", "method must be one of"),
    ],
)
def test_a_bad_value_of_a_view_is_left_out_in_words(tab, name, value, words):
    link = read_link(parsed(link_fields(tab, GENERATION)) | {name: value})
    (sentence,) = link["ignored"]
    assert words in sentence and name not in link["inputs"] and link["inputs"]["prompt"] == "Write a story"
    assert notices([sentence])[0].startswith(f"Left out: {words}")


def squeezed(data: bytes) -> str:
    return urlsafe_b64encode(zlib.compress(data, 9)).decode()


@pytest.mark.parametrize(
    "packed",
    [
        "", "!!!", "é", "AAAA", squeezed(b"[1]"), squeezed(b'{"a": 1}'), squeezed(b"[" * 100_000),
        squeezed(b'{"prompt": "' + b"a" * 10_000_000 + b'"}'), pack({"a": "b"})[:-4], squeezed(b"\xff\xfe"),
    ],
)  # fmt: skip
def test_a_damaged_link_is_said_to_be(packed):
    with pytest.raises(MaskwiseError, match="link is damaged"):
        unpack(packed)
    assert read_link({"z": packed}) == {
        "tab": "",
        "inputs": {},
        "ignored": [read_link({"z": ""})["ignored"][0]],
    }


def test_half_a_character_is_left_out():
    packed = squeezed(b'{"tab": "generation", "prompt": "a \\ud800 b", "k": "2"}')
    link = read_link({"z": packed})
    assert link["inputs"] == {"k": 2} and "characters that are no text" in link["ignored"][0]


def test_packing_refuses_what_unpacking_would():
    with pytest.raises(MaskwiseError, match="too long"):
        pack({"a": "x" * MOST_UNPACKED})


def test_an_ordinary_address_is_no_link():
    assert read_link({}) == read_link({"__theme": "dark", "utm_source": "x"}) == {}
    assert read_link({"tab": "nowhere"})["ignored"] == ["There is no tab 'nowhere'."]


def test_every_input_of_the_tabs_is_in_the_table():
    import gradio as gr

    with gr.Blocks():
        generation = generation_tab.generation_tab()
        others = classification_tab.classification_tab(), compare_tab.compare_tab(generation)
    for tab in (generation.shared, *(each.shared for each in others)):
        assert set(tab.inputs) == set(tab_fields()[tab.name])
        values = {name: control.value for name, control in tab.inputs.items()}
        if tab.options:
            values["options"] = {n: c.value for n, c in tab.options[values["method"]].items()}
        assert reopened(link_fields(tab.name, values)) == {"tab": tab.name, "inputs": values, "ignored": []}
        for method, controls in tab.options.items():
            values |= {"method": method, "options": {name: c.value for name, c in controls.items()}}
            assert reopened(link_fields(tab.name, values))["inputs"] == values
