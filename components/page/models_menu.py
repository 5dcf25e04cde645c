"""The model menus: name, size, and whether the model is at hand or has to be fetched."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from explainers.core.deployment import deployment
from explainers.core.types import Task
from explainers.models.catalogue import CatalogueEntry, available_models, is_allowed
from explainers.models.hub import cached_folder

TUNED = "tuned"  # what the model menu calls the session's own


def model_menu(task: Task, elem_id: str) -> gr.Dropdown:
    """The models that this deployment offers; a link may name another, which the run itself then refuses."""
    return gr.Dropdown(
        model_choices(task),
        value=default_model(task),
        label="Model",
        info=_invitation(),
        allow_custom_value=True,
        elem_id=elem_id,
    )


def _invitation() -> str | None:
    """What may be typed in place of a choice; None where nothing may."""
    here = deployment()
    if here.public or here.models is not None:
        return None
    return f"Choose one, or type a Hugging Face id{' or a folder' if here.folders else ''}."


def model_choices(task: Task) -> list[tuple[str, str]]:
    """(label, model id) for each model this deployment offers, the built-in one first."""
    return [(_label(entry), entry.id) for entry in available_models(task)]


def default_model(task: Task) -> str:
    return available_models(task)[0].id


def at_hand(model: str, task: Task) -> bool:
    """Whether the model can be loaded with nothing fetched."""
    listed = {entry.id: entry.at_hand for entry in available_models(task)}
    if not is_allowed(model, task):
        return False
    folder = deployment().allows_folders() and Path(model).is_dir()
    return bool(listed.get(model) or cached_folder(model) or folder)


def _label(entry: CatalogueEntry) -> str:
    if entry.at_hand:
        return entry.title
    size = f"{entry.size / 1e9:.1f} GB" if entry.size >= 1e9 else f"{entry.size / 1e6:.0f} MB"
    return f"{entry.title} · downloads {size}{', terms to accept' if entry.gated else ''}"
