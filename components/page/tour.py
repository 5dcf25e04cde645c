"""A short guided tour of the page: what is removed, what is measured, and what the numbers do not say."""

from __future__ import annotations

import gradio as gr

from components.page.view import view

CARDS = [
    {
        "target": "#prompt",
        "title": "A prompt, and the model's own answer",
        "text": "Type a prompt and press Run. The model writes an answer, and Maskwise then asks one "
        "question: which words of the prompt did it need to write that answer? The page opens with "
        "a finished example.",
    },
    {
        "target": "#strip",
        "title": "What a mask is",
        "text": "A mask says of each word whether it stays or goes. Words that are struck out were removed, "
        "k of them at once. Usually a blank stands in the place of each, so the prompt keeps its "
        "shape.",
    },
    {
        "target": "#result",
        "title": "What is measured",
        "text": "We do not ask whether the new answer looks different. We ask how likely the first answer "
        "still is. log p is the logarithm of that probability, counted in nats: one nat less means "
        "2.7 times less likely, two nats 7.4 times, ten nats 22,000 times.",
    },
    {
        "target": "#plot",
        "title": "How the search works",
        "text": "There are too many sets of k words to try them all. XPrompt (later called JoPA) starts from "
        "the words with the largest gradient, then swaps one removed word for one kept word, again and "
        "again. A swap that makes the answer less likely is accepted: the line steps down. Every other "
        "proposal is a grey dot and is dropped.",
    },
    {
        "target": "#strip",
        "title": "Why single words mislead",
        "text": "In the example, remove doctor alone, and patient still tells the model what the story is "
        "about. Remove patient alone, and doctor does. The two stand in for each other, so one by "
        "one each seems to matter less than it does. Only when both go is it lost. That is why "
        "words are removed together.",
    },
    {
        "target": "#strip .mw-legend",
        "title": "What the colours mean",
        "text": "Orange words held the answer up, blue ones held it back; the deeper the colour, the larger "
        "the score. After a search, a removed word's score is how far log p rises when it alone is "
        "put back. Kept words then have no colour: they were not in the set, which does not mean "
        "that they do nothing.",
    },
    {
        "target": "#metrics",
        "title": "What the scores do not say",
        "text": "They tell what this answer of this model hangs on. They do not tell whether the answer is "
        "right, what the words mean to people, or what another model or another answer would need. "
        "And unless the result says optimal, a better set may exist. Compare with random removal "
        "before you believe a number.",
    },
]


def tour(elem_id: str) -> gr.HTML:
    """The button that starts the tour, and its dialog.

    value: {"tab": name of the tab that the cards speak of, "cards": [{"target": a CSS selector of what the
    card explains, "title", "text"}]}. A card whose target is not on the page stands in the middle.
    """
    return view("page/tour", elem_id, "Take the tour", {"tab": "Generation", "cards": CARDS})
