"""Replay of a recorded search: a slider through its steps, each in the prompt, on the plot and in words."""

from __future__ import annotations

from math import ceil

import gradio as gr

from components.generation.run import explain_here
from components.generation.tab import GenerationTab
from components.page.view import view
from components.sharing.copy_link import copy_link, wire_copy_link
from components.sharing.records import inputs_of, needed
from components.sharing.run_here import RunHere
from explainers.reports.figures.convergence import Search, convergence_figure

MOST_STEPS = 2000  # shown; a search of more is thinned
STEP = ("step", "log_prob", "proposal", "accepted", "removed", "proposed")
NO_SEARCH = (
    "{title} scores all words at once: there is no search to replay. "
    "Choose a method that searches, such as XPrompt, on the Generation tab and press Run."
)
NO_RESULT = "The search can be replayed here once it has run."


def replay_section(generation: GenerationTab) -> RunHere:
    """The replay of the Generation tab's result, inside the current Blocks; it follows each new result."""
    here = explain_here(generation.shared, "replay")
    shown, link = replay_view("replay"), copy_link("replay-link", "Copy link to this search")
    shown.value = replay_value(generation.record.value)
    generation.shared.follow(lambda record: {shown: replay_value(record)}, [shown])
    wire_copy_link(link, "replay", lambda record: inputs_of(needed(record)), [generation.record])
    return here


def replay_view(elem_id: str) -> gr.HTML:
    """The slider and what it shows. value: what `replay_value` returns."""
    return view("classroom/replay", elem_id, "Replay of the search", {"empty": NO_RESULT})


def replay_value(record: dict | None) -> dict:
    """A record, as GenerationView.record gives one → the search in it, at most MOST_STEPS steps of it.

    {"text", "spans": [{"text", "start", "end"}], "granularity", "unit", "unmasked": log p of the whole
    prompt, "total", "steps": [{"step", "log_prob", "proposal", "accepted", "removed", "proposed"}], "note",
    "figure"}; log p in nats. Older records have no "proposed". {"empty": a sentence} where there is nothing
    to replay.
    """
    recorded = (record or {}).get("events", [])
    events = {event["type"]: event for event in recorded}
    if not {"prompt", "explanation"} <= events.keys():
        return {"empty": NO_RESULT}
    steps = [event for event in recorded if event["type"] == "step"]
    prompt, explanation = events["prompt"], events["explanation"]
    if not steps:
        return {"empty": NO_SEARCH.format(title=explanation["title"])}
    shown, note = _thinned(steps)
    return {
        "text": explanation["prompt"],
        "spans": [{name: span[name] for name in ("text", "start", "end")} for span in prompt["spans"]],
        "granularity": explanation["granularity"],
        "unit": "nats",
        "unmasked": prompt["log_prob"],
        "total": steps[-1]["total"],
        "steps": [{name: value for name, value in step.items() if name in STEP} for step in shown],
        "figure": _figure(shown, prompt["log_prob"]),
        "note": note,
    }


def _figure(steps: list[dict], unmasked: float) -> dict:
    """The search as a figure, with room for its whole height at each step."""
    best, tried = [step["log_prob"] for step in steps], [step.get("proposal") for step in steps]
    accepted, numbers = ([step[name] for step in steps] for name in ("accepted", "step"))
    figure = convergence_figure(Search(best, tried, accepted, unmasked, steps[-1]["total"], numbers))
    seen = [value for value in (*best, *tried, unmasked) if value is not None]
    rim = (max(seen) - min(seen)) / 20 or 1.0
    return figure.update_yaxes(range=[min(seen) - rim, max(seen) + rim]).to_plotly_json()


def _thinned(steps: list[dict]) -> tuple[list[dict], str]:
    """Every accepted step and, of the others, every n-th: so each still follows from the one before it."""
    if len(steps) <= MOST_STEPS:
        return steps, ""
    every = ceil(len(steps) / (MOST_STEPS / 2))
    shown = [step for i, step in enumerate(steps) if step["accepted"] or i % every == 0][:MOST_STEPS]
    note = f"Of {len(steps):,} steps, the accepted ones and every {every}th are shown."
    return shown, note
