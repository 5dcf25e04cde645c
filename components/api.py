"""The public API: one endpoint, the page's own stream of events as plain JSON."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr

from components.runner import RUNS
from explainers.core.generation import GenerationRequest, run

PUBLIC_EVENTS = ("response", "step", "explanation")


def generation_api() -> None:
    """Offer /explain_generation inside the current Blocks."""
    gr.api(explain_generation, api_name="explain_generation", concurrency_id="model", concurrency_limit=1)


def explain_generation(
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
    request: gr.Request = None,
) -> Iterator[dict]:
    """Find the k spans of a prompt whose removal most lowers the probability of the model's answer.

    Streams {"type": "response", "text"}, {"type": "step", "step", "total", "log_prob", "proposal",
    "accepted"} and last {"type": "explanation", ...}. model: "" for the built-in one, a Hub id or a folder.
    granularity: word, token or sentence. mask_operator: zero, delete or replace. response: an answer to
    explain instead of the model's own. log-probabilities in nats, time in seconds.
    """
    settings = GenerationRequest(
        prompt,
        model,
        method,
        k,
        granularity,
        mask_operator,
        max_new_tokens,
        response,
        system_prompt,
        seed,
        options,
    )
    session = request.session_hash if request else None
    job = RUNS.start(session, lambda on_forward: run(settings, on_forward))
    try:
        for events in job.updates():
            for event in events:
                if event["type"] in ("error", "stopped"):
                    raise gr.Error(event["text"], print_exception=False)
                if event["type"] in PUBLIC_EVENTS:
                    yield event
    finally:
        RUNS.stop(session)
