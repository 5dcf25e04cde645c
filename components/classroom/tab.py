"""The Classroom tab: what a class does together. Each section is a function of its own module."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from components.classroom.guess_game import guess_game
from components.classroom.replay import replay_section
from components.classroom.room_section import room_section
from components.generation.tab import GenerationTab
from components.sharing.tab import LinkedView

HELP = (
    "For teachers: [a lesson of 45 minutes](lesson), with what each round shows, and what to say when the "
    "model surprises."
)


def classroom_tab(generation: GenerationTab) -> list[LinkedView]:
    """Lay out the sections inside the current Blocks. generation: whose prompt and result they use."""
    gr.Markdown(HELP, elem_classes=["mw-reference", "mw-lesson"])
    with gr.Tabs() as sections:
        with gr.Tab("Predict, then reveal", id="guess"):
            game = guess_game(generation)
        with gr.Tab("A room for the class", id="room"):
            room_section(generation)
        with gr.Tab("Replay a search", id="replay"):
            replay = replay_section(generation)

    def linked(name: str, section: str, part, outputs: list, runs: Sequence[gr.Button] = ()) -> LinkedView:
        def restore(inputs: dict, left_out: list[str]) -> dict:
            return {sections: gr.Tabs(selected=section)} | part.restore(inputs, left_out)

        return LinkedView(name, "classroom", generation.shared, [sections, *outputs], restore, list(runs))

    return [
        linked("classroom", "guess", game, [game.choice, game.views["status"]], [game.start, game.following]),
        linked("replay", "replay", replay, replay.outputs()),
    ]
