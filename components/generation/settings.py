"""What is removed and which answer is explained: the settings of every tab that explains generations."""

from __future__ import annotations

import gradio as gr

from components.page.controls import Controls
from explainers.core.deployment import deployment

GRANULARITIES = [("words", "word"), ("tokens", "token"), ("sentences", "sentence")]
OPERATORS = [
    ("a zero embedding in its place (the paper)", "zero"),
    ("nothing: it is deleted", "delete"),
    ("the unknown or padding token", "replace"),
]
PLACEMENTS = [("into its own role", "system"), ("before the prompt", "prompt")]
THINKING = [
    ("is turned off, where the model can", "off"),
    ("is explained with the answer", "explain"),
    ("is skipped: the answer after it is explained", "skip"),
]
ANSWER_TOKENS, DATE_CHARS = 60, 10


def generation_settings(prefix: str = "") -> Controls:
    """Controls by the names of GenerationRequest's fields; `prefix` begins their ids on the page."""
    here = deployment()
    return {
        "granularity": gr.Radio(
            GRANULARITIES, value="word", label="Remove whole", elem_id=f"{prefix}granularity"
        ),
        "mask_operator": gr.Dropdown(
            OPERATORS, value="zero", label="A removed span becomes", elem_id=f"{prefix}operator"
        ),
        "max_new_tokens": gr.Slider(
            1,
            here.new_tokens,
            min(ANSWER_TOKENS, here.new_tokens),
            step=1,
            label="Answer length",
            info="tokens, at most",
            elem_id=f"{prefix}new-tokens",
        ),
        "seed": gr.Number(
            0, precision=0, minimum=0, label="Seed", info="The same seed gives the same result."
        ),
        "response": gr.Textbox(
            "",
            label="Explain this answer instead",
            info="Leave empty to let the model answer.",
            lines=2,
            max_length=here.chars,
        ),
        "system_prompt": gr.Textbox(
            "", label="System prompt", info="Never removed.", lines=1, max_length=here.chars
        ),
        "system_prompt_placement": gr.Radio(
            PLACEMENTS, value="system", label="System prompt goes", elem_id=f"{prefix}placement"
        ),
        "thinking": gr.Dropdown(
            THINKING,
            value="off",
            label="Thinking before the answer",
            info="Some models, such as gpt-oss, always think. The result says so.",
            elem_id=f"{prefix}thinking",
        ),
        "date": gr.Textbox(
            "",
            label="Date that the chat template writes",
            info="Such as 2026-11-26. Leave empty for today.",
            max_length=DATE_CHARS,
            elem_id=f"{prefix}date",
        ),
    }
