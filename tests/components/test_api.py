"""The public API through gradio_client, and the three lines of Python that the README shows."""

from threading import Event
from time import sleep

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from components.runner import RUNNER
from explainers.measures.text import METRICS
from tests.explainers.streams.test_generation import FIELDS, PROMPT
from tests.served import held_up


@pytest.fixture(scope="module")
def client(url):
    return Client(url, verbose=False)


def explain(client, *arguments, **settings):
    job = client.submit(*arguments, api_name="/explain_generation", max_new_tokens=10, **settings)
    return list(job)


def test_search_streams_and_ends_with_the_explanation(client):
    events = explain(client, PROMPT, method="xprompt", k=2, options={"iterations": 12})
    kinds = [event["type"] for event in events]
    assert set(kinds) == {"response", "step", "explanation"} and kinds[-1] == "explanation"
    assert kinds.count("step") == 12
    steps = [event for event in events if event["type"] == "step"]
    assert set(steps[0]) >= {"step", "total", "log_prob", "proposal", "accepted"}
    result = events[-1]
    assert set(result) >= FIELDS
    assert [m["name"] for m in result["metrics"]] == list(METRICS)
    assert sum(span["removed"] for span in result["spans"]) == 2
    assert result["log_prob_masked"] < result["log_prob"]


def test_a_given_answer_is_explained(client):
    result = explain(client, PROMPT, response="It was good", method="feature_ablation")[-1]
    assert result["response"] == "It was good"


def test_methods_are_compared_and_the_last_event_has_all_rows(client):
    job = client.submit(
        PROMPT, ["feature_ablation", "xprompt"], k=2, max_new_tokens=5, api_name="/compare_methods"
    )
    events = list(job)
    rows = [event for event in events if event["type"] == "row"]
    assert [row["method"] for row in rows] == ["feature_ablation", "xprompt"]
    assert events[-1]["type"] == "compared" and events[-1]["rows"] == rows
    with pytest.raises(AppError, match="between 1 and 8 methods"):
        client.predict(PROMPT, [], api_name="/compare_methods")


def test_errors_reach_the_caller_in_words(client):
    bad = [({"k": 50}, "has only 11 words"), ({"method": "magic"}, "method must be one of")]
    for settings, message in bad:
        with pytest.raises(AppError, match=message):
            client.predict(PROMPT, api_name="/explain_generation", **settings)


def test_only_documented_endpoints_are_public(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert set(endpoints) == {"/explain_generation", "/explain_classification", "/compare_methods"}


def calls() -> set[str]:
    """Calls of the API that are read, in all tests of this process."""
    return {slot for _, slot in RUNNER.readers if slot.startswith("call ")}


def test_a_cancelled_call_ends_at_once_though_its_pass_goes_on(launched_url):
    held, others = Event(), calls()
    with held_up(held.wait):
        try:
            job = Client(launched_url, verbose=False).submit(PROMPT, api_name="/explain_generation")
            while calls() == others or not job.communicator.event_id:  # by which gradio_client names the call
                sleep(0.05)
            job.cancel()  # fails after five seconds without an answer
            assert calls() <= others
        finally:
            held.set()
