"""A button that copies a link. The page shows whether it worked, or the link itself to be copied by hand."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr

from components.page.view import view
from components.page.views import AT_ONCE
from components.sharing.links import link_fields
from explainers.core.errors import MaskwiseError


def copy_link(elem_id: str, label: str) -> gr.HTML:
    """The button, with its label. value and event: as of a share_bar, with "query" and "error" alone."""
    return view("sharing/copy_link", elem_id, label, {})


def wire_copy_link(bar: gr.HTML, name: str, read: Callable[..., dict], inputs: list) -> None:
    """Let the button of `bar`, of this kind or a share_bar, copy a link to `name`, as in `tab_fields`.

    read: values of `inputs` → what the link carries, as `link_fields` takes it; may raise MaskwiseError.
    """
    make = answer(lambda event, *values: {"query": link_fields(name, read(*values))})
    bar.copy(make, inputs, bar, **AT_ONCE)


def answer(make: Callable[..., dict]) -> Callable:
    """The handler of a button of `bar`: what `make` returns for the event, and errors as words."""

    def handle(event: gr.EventData, *values) -> dict:
        try:
            return {"n": event.n, **make(event, *values)}
        except MaskwiseError as error:
            return {"n": event.n, "error": str(error)}

    return handle
