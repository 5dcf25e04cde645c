"""Which sessions go where there are too many."""

import gradio as gr
import pytest

from components.server.light_sessions import LightSessions


@pytest.fixture
def kept():
    """Sessions of a page with a state, three at most; and the number of that state."""
    with gr.Blocks() as demo:
        state = gr.State("as on a fresh page")
    demo.state_session_capacity = 3
    sessions = LightSessions()
    sessions.set_blocks(demo)
    return sessions, state._id


def test_calls_of_the_api_do_not_push_out_a_page(kept):
    sessions, state = kept
    sessions["page"][state] = "words removed"
    for number in range(10):
        assert sessions[f"call {number}"] is not None
    assert sessions["page"][state] == "words removed"
    assert len(sessions.session_data) == 3


def test_a_page_that_was_left_goes_before_one_that_is_open(kept):
    sessions, state = kept
    for name in ("open", "left", "other", "new"):
        sessions[name][state] = name
        sessions[name].is_closed = name == "left"
    assert set(sessions.session_data) == {"open", "other", "new"}


def test_among_equals_the_one_that_was_used_longest_ago_goes(kept):
    sessions, state = kept
    for name in ("a", "b", "c"):
        sessions[name][state] = name
    assert sessions["a"][state] == "a"
    sessions["d"][state] = "d"
    assert "b" not in sessions and "a" in sessions
