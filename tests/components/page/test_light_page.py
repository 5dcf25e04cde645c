"""The page's config is light, and nothing is lost by it: not first values, not the description of the API."""

import json
import re
import urllib.request
from unittest import mock

import gradio as gr
import pytest
from gradio.state_holder import SessionState

import app
from components.page import light_page
from components.page.scripts import ADDRESS
from tests.coroutines import run

MOST_BYTES = 250_000


@pytest.fixture(scope="module")
def served():
    demo, url, _ = app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    yield demo, url
    demo.close()


def fetch(address: str) -> bytes:
    return urllib.request.urlopen(address).read()


def test_two_never_answer_the_last_of_an_event(served):
    """Gradio's page would send it again for each while the other is at work, and never end. Of a change of a
    state, and at the page's opening, it sends each by itself."""
    config = json.loads(fetch(f"{served[1]}config"))
    states = {component["id"] for component in config["components"] if component["type"] == "state"}
    last = [event for event in config["dependencies"] if event["trigger_mode"] == "always_last"]
    targets = [(part, name) for event in last for part, name in event["targets"] if name != "load"]
    together = [target for target in targets if target[0] not in states]
    assert together and len(together) == len(set(together))


def as_in_a_new_process(number: bytes, ids: set[int]) -> bytes:
    """Components are counted on and on: after the pages of other tests their numbers are longer."""
    return number[-3:] if int(number) in ids else number


def test_the_config_is_light(served):
    config = fetch(f"{served[1]}config")
    ids = {component["id"] for component in json.loads(config)["components"]}
    assert len(re.sub(rb"\d+", lambda number: as_in_a_new_process(number[0], ids), config)) <= MOST_BYTES


def test_events_tell_no_component_how_they_go(served):
    """Gradio's page would copy all that each of them holds, several times an event."""
    events = json.loads(fetch(f"{served[1]}config"))["dependencies"]
    own = [event for event in events if event["api_visibility"] == "private" and event["outputs"]]
    assert len(own) > 60 and all(event["show_progress_on"] == [] for event in own)


def test_a_long_first_value_is_a_file_with_the_same_value(served):
    demo, url = served
    sent = {part["id"]: part["props"] for part in json.loads(fetch(f"{url}config"))["components"]}
    values = {id: props["value"] for id, props in sent.items() if isinstance(props.get("value"), dict)}
    stored = {id: value["stored"] for id, value in values.items() if "stored" in value}
    assert len(stored) > 5
    for id, name in stored.items():
        value = json.loads(fetch(f"{url}{ADDRESS}/values/{name}.json"))
        assert value == json.loads(json.dumps(demo.blocks[id].value))


def test_the_api_is_described_as_before(served):
    light = json.loads(fetch(f"{served[1]}gradio_api/info"))
    with mock.patch.object(light_page.LightPage, "get_config_file", light_page.gr.Blocks.get_config_file):
        whole = app.build().get_api_info()
    for endpoint in light["named_endpoints"].values():
        assert endpoint.pop("code_snippets")  # the route adds them
    assert light["named_endpoints"].keys() == whole["named_endpoints"].keys()
    assert "/explain_generation" in light["named_endpoints"]
    assert light["named_endpoints"] == json.loads(json.dumps(whole["named_endpoints"]))


def test_a_session_keeps_what_is_set_and_no_copy_of_the_page(served):
    demo, _ = served
    session = demo.app.state_holder["somebody"]
    state = next(id for id, block in demo.blocks.items() if isinstance(block, gr.State))
    session[state] = {"kept": 1}
    session._update_value_in_config(state, {"kept": 2})  # as Gradio does with each value that is shown
    assert demo.app.state_holder["somebody"][state] == {"kept": 1}
    assert not any(session.config_values.values())


def test_a_new_session_and_what_is_set_there_ask_no_component_for_its_config(served, monkeypatch):
    """Nor does anybody wait meanwhile."""
    demo, _ = served
    monkeypatch.setattr(gr.blocks.Block, "get_config", lambda *asked: pytest.fail("asked"))
    session = demo.app.state_holder["somebody new"]
    state = next(id for id, block in demo.blocks.items() if isinstance(block, gr.State))
    shown = next(id for id, block in demo.blocks.items() if isinstance(block, gr.HTML))
    session[state], session[shown] = "kept", demo.blocks[shown]
    assert session[state] == "kept" and session[shown] is demo.blocks[shown]


def test_what_an_event_does_not_name_is_left_as_it_is():
    with light_page.LightPage() as page:
        named, left, button = gr.HTML("a"), gr.HTML("b"), gr.Button()
        button.click(lambda: {}, None, [named, left])
    session = SessionState(page)
    assert run(page.postprocess_data(page.fns[0], {named: "c"}, session)) == ["c", gr.skip()]
    assert session[left._id] is left


@pytest.mark.parametrize("parts", [1, 2])
def test_an_event_that_ends_before_it_says_anything_changes_nothing(parts):
    """As a run does whose place another takes at once. Gradio would empty all that it may change."""

    def nothing():
        yield from ()

    with light_page.LightPage() as page:
        outputs = [gr.HTML("a"), gr.State("b")][:parts]
        gr.Button().click(nothing, None, outputs)
    session = SessionState(page)
    answer = run(page.process_api(page.fns[0], [], session, request=None, session_hash="somebody"))
    assert answer["data"] == [gr.skip()] * parts
    assert [session[output._id] for output in outputs[1:]] == ["b"] * (parts - 1)


@pytest.mark.parametrize("visible, last", [("private", gr.skip()), ("public", "a")])
def test_the_end_of_a_pages_event_does_not_say_again_what_was_said(visible, last):
    """It may come after what the next event says. Who calls the API reads the last values there."""

    def says_a():
        yield "a"

    with light_page.LightPage() as page:
        gr.Button().click(says_a, None, gr.HTML(), api_visibility=visible)
    asked = {"state": SessionState(page), "request": None, "session_hash": "somebody", "event_id": "one"}

    async def both():
        first = await page.process_api(page.fns[0], [], **asked)
        return first, await page.process_api(page.fns[0], [], iterator=first["iterator"], **asked)

    assert [answer["data"] for answer in run(both())] == [["a"], [last]]


def test_what_no_part_of_a_page_would_send_is_refused():
    with light_page.LightPage() as page:
        menu, radio = gr.Dropdown(["a", "b"], value="a"), gr.Radio(["a", "b"], value="a")
        several, box = gr.Dropdown(["a", "b"], value=["a"], multiselect=True), gr.Textbox()
        empty = gr.Dropdown(["a", "b"], value=None)
        gr.Button().click(lambda *sent: None, [menu, radio, several, box, empty], None)

    def read(*sent):
        return run(page.preprocess_data(page.fns[0], list(sent), SessionState(page)))

    assert read("b", "b", [], None, None) == ["b", "b", [], "", None]
    for sent in ([], ["a"], None):
        with pytest.raises(gr.Error, match="cannot be read"):
            read(sent, "b", [], "", None)
        with pytest.raises(gr.Error):
            read("b", sent, [], "", None)
    with pytest.raises(gr.Error, match="cannot be read"):
        read("b", "b", [], "", ["a"])


def test_a_menu_that_takes_other_values_takes_texts():
    with light_page.LightPage() as page:
        menu = gr.Dropdown(["a", "b"], value="a", allow_custom_value=True)
        gr.Button().click(lambda sent: None, menu, None)
    assert run(page.preprocess_data(page.fns[0], ["c"], SessionState(page))) == ["c"]
    with pytest.raises(gr.Error, match="cannot be read"):
        run(page.preprocess_data(page.fns[0], [{"path": "c"}], SessionState(page)))


def test_a_file_is_never_fetched_for_a_visitor(monkeypatch):
    """Gradio would fetch what stands at the address, and keep all of it."""
    fetched = []

    async def fetch(block, path):
        fetched.append(path)

    monkeypatch.setattr(gr.Textbox, "async_move_resource_to_block_cache", fetch)
    with light_page.LightPage() as page:
        box = gr.Textbox()
        gr.Button().click(lambda sent: sent, box, None)
    file = {"path": "https://example.com/large", "meta": {"_type": "gradio.FileData"}}
    for sent in (file, [file], {"inner": {"list": [file]}}):
        with pytest.raises(gr.Error, match="cannot be read"):
            run(page.preprocess_data(page.fns[0], [sent], SessionState(page)))
    assert not fetched
