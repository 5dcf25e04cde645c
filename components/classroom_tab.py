"""The Classroom tab: what a class does together. Each section is a function of its own module."""

from __future__ import annotations

import gradio as gr

from components.generation_tab import GenerationTab
from components.guess_game import guess_game
from components.replay import replay_section


def classroom_tab(generation: GenerationTab) -> None:
    """Lay out the sections inside the current Blocks. generation: whose prompt and result they use."""
    with gr.Tabs():
        with gr.Tab("Predict, then reveal", id="guess"):
            guess_game(generation)
        with gr.Tab("Replay a search", id="replay"):
            replay_section(generation)
