"""MASKWISE_MCP=1: the API's calls as tools, through the client of the package mcp."""

import ast

import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

import app
from explainers.core.errors import MaskwiseError
from tests.coroutines import run
from tests.served import served_app

TOOLS = {"explain_generation", "explain_classification", "compare_methods"}


@pytest.fixture(scope="module")
def mcp_url():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MASKWISE_MCP", "1")
        with served_app() as url:
            yield f"{url}gradio_api/mcp/"


def with_session(url, ask):
    async def go():
        async with streamable_http_client(url) as (read, write, _), ClientSession(read, write) as session:
            await session.initialize()
            return await ask(session)

    return run(go())


def call(url, tool: str, **arguments):
    """The last event of a tool's call, or the words of its refusal."""
    answer = with_session(url, lambda session: session.call_tool(tool, arguments))
    return answer.isError, answer.content[0].text


def test_the_tools_are_the_documented_calls(mcp_url):
    tools = with_session(mcp_url, lambda session: session.list_tools()).tools
    assert {tool.name for tool in tools} == TOOLS
    for tool in tools:
        assert "log-probabilities" in tool.description and tool.inputSchema["properties"]


@pytest.mark.parametrize(
    "tool, arguments, last",
    [
        ("explain_generation", {"prompt": "The sea is wide.", "k": 1, "max_new_tokens": 3}, "explanation"),
        ("explain_classification", {"text": "Stocks fell.", "method": "feature_ablation"}, "explanation"),
        (
            "compare_methods",
            {"prompt": "The sea is wide.", "methods": ["feature_ablation"], "k": 1, "max_new_tokens": 3},
            "compared",
        ),
    ],
)
def test_each_tool_answers_with_its_last_event(mcp_url, tool, arguments, last):
    is_error, text = call(mcp_url, tool, **arguments)
    assert not is_error, text
    assert ast.literal_eval(text)["type"] == last  # Gradio writes it as Python does


def test_a_refusal_comes_in_words(mcp_url):
    is_error, text = call(mcp_url, "explain_generation", prompt="The sea is wide.", method="magic")
    assert is_error and "method must be one of" in text


def test_hostile_arguments_are_refused_in_words(mcp_url):
    """Wrong types, none, too much, too many, another tool; in one session, which goes on."""
    text = "The sea is wide."
    hostile = [
        ("explain_generation", {}, "'prompt' is a required property"),
        ("explain_generation", {"prompt": {"path": "/etc/passwd"}}, "not of type 'string'"),
        ("explain_generation", {"prompt": [text * 10**4]}, "not of type 'string'"),
        ("explain_generation", {"prompt": "x" * 10**6}, "limited to"),
        ("explain_generation", {"prompt": text, "k": 10**30}, "k must be a whole number"),
        ("explain_generation", {"prompt": text, "other": 1}, "`other` is not a valid"),
        ("explain_generation", {"prompt": text, "other" * 10**4: 1}, "is not a valid"),
        ("explain_generation", {"prompt": text, "options": {"iterations": "x"}}, "must be of type int"),
        ("explain_classification", {"text": text, "label_words": {"a": 5}}, "none of the classes"),
        ("compare_methods", {"prompt": text, "methods": [1, None]}, "methods must be text"),
        ("magic", {}, "Unknown tool"),
    ]

    async def ask(session):
        return [await session.call_tool(tool, arguments) for tool, arguments, _ in hostile]

    for answer, (_, _, words) in zip(with_session(mcp_url, ask), hostile, strict=True):
        said = answer.content[0].text
        assert answer.isError and words in said and "Traceback" not in said and len(said) < 1000
        assert said.count(text) < 10, said


def test_without_the_package_the_start_says_what_to_install(monkeypatch):
    monkeypatch.setenv("MASKWISE_MCP", "1")
    monkeypatch.setattr(app, "find_spec", lambda name: None)
    with pytest.raises(MaskwiseError, match="requirements-mcp.txt"):
        app.launch()
