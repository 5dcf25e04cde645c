"""The public API: the page's own streams of events as plain JSON."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import asdict

import gradio as gr

from components.compare.run import comparison_work
from components.generation.run import generation_work
from components.line.results import question
from components.line.work import Work
from components.runner import RUNNER
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.streams import classification
from explainers.streams.comparison import compare
from explainers.streams.requests.classification import ClassificationRequest
from explainers.streams.requests.comparison import ComparisonRequest
from explainers.streams.requests.generation import GenerationRequest

PUBLIC_EVENTS = (
    "queued",
    "stored",
    "response",
    "prediction",
    "step",
    "shown",
    "explanation",
    "floor",
    "row",
    "compared",
)

OF_TYPES = "Input validation error: "  # begins those errors of the package mcp that quote the value
LONGEST, LONGEST_OF_TYPES = 600, 160  # characters of an error of a tool


def offer_api() -> None:
    """Offer the three calls below inside the current Blocks, each under its own name."""
    for call in (explain_generation, explain_classification, compare_methods):
        gr.api(call, api_name=call.__name__, concurrency_limit=None)


async def explain_generation(
    prompt: str,
    model: str = "",
    method: str = "xprompt",
    k: int = 3,
    granularity: str = "word",
    mask_operator: str = "zero",
    max_new_tokens: int = 60,
    response: str = "",
    system_prompt: str = "",
    seed: int = 0,
    options: dict = {},  # noqa: B006 (the signature is the API's description; it is not written to)
    part: list = [],  # noqa: B006
    system_prompt_placement: str = "system",
    thinking: str = "off",
    date: str = "",
    request: gr.Request | None = None,
) -> AsyncIterator[dict]:
    """Find the k spans of a prompt whose removal most lowers the probability of the model's answer.

    Streams {"type": "queued", "ahead", "seconds"} while others go first, {"type": "stored", "date"} where an
    equal request was answered before, {"type": "response", "text"},
    {"type": "step", "step", "total", "log_prob", "proposal", "accepted", "phase"}, {"type": "shown", ...}
    where the method goes on to prove what it has found, and last {"type": "explanation", ...}. Its "unproved"
    is none, or says how many sets a proof did not try, and the options with which a run tries them.
    model: "" for the built-in one, a Hub id or a folder. granularity: word, token or sentence.
    mask_operator: zero, delete or replace. response: an answer to explain instead of the model's own.
    part: characters [start, end) of the answer to explain, given what comes before them; empty for all of
    it. system_prompt_placement: system (its role) or prompt (before the prompt). thinking: off, explain (with
    the answer) or skip (the answer after it). date: the day that a chat template writes, such as 2026-11-26;
    empty for today. log-probabilities in nats, time in seconds.
    """
    with words_for_the_caller():
        asked = GenerationRequest(
            prompt=prompt, model=model, method=method, k=k, granularity=granularity,
            mask_operator=mask_operator, max_new_tokens=max_new_tokens, response=response,
            system_prompt=system_prompt, seed=seed, options=options, part=part,
            system_prompt_placement=system_prompt_placement, thinking=thinking, date=date,
        )  # fmt: skip
    async with aclosing(public_events(generation_work(lambda: asked, asked.model), request)) as events:
        async for event in events:
            yield event


async def explain_classification(
    text: str,
    task: str = "ag_news",
    model: str = "",
    method: str = "prompt_explainer",
    template: str = "",
    label_words: dict = {},  # noqa: B006
    label: str = "",
    verbalizer: str = "manual",
    seed: int = 0,
    options: dict = {},  # noqa: B006
    request: gr.Request | None = None,
) -> AsyncIterator[dict]:
    """Classify a text through a template and label words, and score each of its tokens for one class.

    Streams {"type": "queued", "ahead", "seconds"} while others go first, {"type": "stored", "date"} where an
    equal request was answered before, {"type": "prediction", ...}, for a search {"type": "step", ...},
    {"type": "shown", ...} where it goes on to prove what it has found, and last {"type": "explanation", ...}.
    task: ag_news, sst2, imdb, dbpedia, yahoo or custom. model: "" for the built-in one, a Hub id or a folder.
    template: with <mask> and {text}; "" for the task's. label_words: {"class": ["word", ...]}; needed for
    custom. label: the class to explain, "" for the predicted one.
    verbalizer: manual, whole_words (as many masks as a word has tokens), knowledgeable,
    knowledgeable_few_shot, prototypical or soft. options: of the method, and granularity,
    mask_operator, k, words_per_class, examples, pruning_order, pruning_values.
    log-probabilities in nats, time in seconds.
    """
    with words_for_the_caller():
        asked = ClassificationRequest(
            text=text, task=task, model=model, method=method, template=template, label_words=label_words,
            label=label, verbalizer=verbalizer, seed=seed, options=options,
        )  # fmt: skip
    work = Work(
        lambda hook: classification.run(asked, hook),
        "classification",
        asked.model,
        Task.CLASSIFICATION,
        question=question("classification", asked),
    )
    async with aclosing(public_events(work, request)) as events:
        async for event in events:
            yield event


async def compare_methods(
    prompt: str,
    methods: list = ["xprompt", "feature_ablation", "gradient_x_input"],  # noqa: B006
    model: str = "",
    k: int = 3,
    granularity: str = "word",
    mask_operator: str = "zero",
    max_new_tokens: int = 60,
    response: str = "",
    seed: int = 0,
    request: gr.Request | None = None,
) -> AsyncIterator[dict]:
    """Explain one answer by several methods, and hold them against random removal.

    Streams {"type": "queued", "ahead", "seconds"} while others go first, {"type": "stored", "date"} where an
    equal request was answered before, {"type": "response", "text"}, {"type": "floor", ...} (random sets of k
    spans), a {"type": "row", ...} for each method, and last {"type": "compared", "rows", ...}: how far they
    agree. methods: up to eight names, such as xprompt, best_swap, feature_ablation or integrated_gradients.
    The rest as in explain_generation. log-probabilities in nats, time in seconds.
    """
    with words_for_the_caller():
        asked = ComparisonRequest(
            prompt=prompt, methods=methods, model=model, k=k, granularity=granularity,
            mask_operator=mask_operator, max_new_tokens=max_new_tokens, response=response, seed=seed,
        )  # fmt: skip
    work = comparison_work(asdict(asked), "comparison", compare)
    rows = []
    async with aclosing(public_events(work, request)) as events:
        async for event in events:
            if event["type"] == "row":
                rows.append(event)
            yield event | {"rows": rows} if event["type"] == "compared" else event


@contextmanager
def words_for_the_caller() -> Iterator[None]:
    """What is wrong with a call reaches the caller."""
    try:
        yield
    except MaskwiseError as error:
        raise gr.Error(str(error), print_exception=False) from error


async def public_events(work: Work, request: gr.Request | None) -> AsyncGenerator[dict]:
    """The documented events of a work; errors become gr.Error, with words for the caller.

    Asynchronous, so that a call ends at once where its caller cancels it, and waits in no thread.
    """
    with words_for_the_caller():
        reader = RUNNER.add(request.session_hash if request else None, work)
    try:
        async with aclosing(reader.awaited_updates()) as updates:
            async for events in updates:
                for event in events:
                    if event["type"] in ("error", "stopped"):
                        raise gr.Error(event["text"], print_exception=False)
                    if event["type"] in PUBLIC_EVENTS:
                        yield dict(event)
    finally:
        RUNNER.end(reader)


def shorten_errors(server) -> None:
    """Errors of tools do not repeat at length what was sent. server: of the package mcp."""
    from mcp import types

    handle = server.request_handlers[types.CallToolRequest]

    async def answer(request):
        result = await handle(request)
        if result.root.isError:
            for part in result.root.content:
                part.text = _shortened(part.text)
        return result

    server.request_handlers[types.CallToolRequest] = answer


def _shortened(text: str) -> str:
    """Without its middle where it is long: the end says what is wrong."""
    longest = LONGEST_OF_TYPES if text.startswith(OF_TYPES) else LONGEST
    return text if len(text) <= longest else f"{text[: longest // 2]}…{text[-longest // 2 :]}"
