"""The look: one accent colour, system fonts, nothing fetched from outside."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from components.page.light_page import value_routes
from components.page.scripts import ADDRESS, routes, tags
from components.server.arrivals import Arrivals
from components.server.bodies import BoundedBodies
from components.server.errors import HANDLERS, RefusalsAreNoFailures, closed_routes
from components.server.health import health_routes

SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")

FIRST_SCRIPTS = ("page/states", "page/menus", "classroom/room_link")  # that no view asks for


def theme() -> gr.themes.Base:
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        secondary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_md,
        font=_fonts(SANS),
        font_mono=_fonts(MONO),
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="#0d131e",
        block_background_fill="white",
        block_background_fill_dark="#161e2c",
        block_border_width="1px",
        block_radius="10px",
        body_text_color="*neutral_900",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        block_info_text_color="*neutral_600",
        block_label_text_color="*neutral_600",
        block_title_text_color="*neutral_700",
        block_title_text_weight="500",
        block_title_text_size="*text_sm",
        color_accent="*primary_700",
        slider_color="*primary_700",
        slider_color_dark="*primary_400",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
        button_primary_text_color="white",
        input_background_fill="white",
        input_background_fill_dark="#0d131e",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_600",
        input_border_width="1px",
        input_padding="8px 10px",
        block_padding="10px 12px",
        button_large_text_size="*text_md",
        input_border_color_focus="*primary_600",
        input_border_color_focus_dark="*primary_400",
        input_placeholder_color="*neutral_500",
        layout_gap="12px",
    )


def head() -> str:
    """For the document's head: the colours of the browser's own frame, the styles and the scripts."""
    return (
        '<meta name="theme-color" media="(prefers-color-scheme: light)" content="#f8fafc">'
        '<meta name="theme-color" media="(prefers-color-scheme: dark)" content="#0d131e">'
        f"{tags()}{''.join(map(_script, FIRST_SCRIPTS))}"
    )


def look(more_routes: Sequence[BaseRoute] = ()) -> dict:
    """What the look needs of `gr.Blocks.launch`. more_routes: of parts of the page."""
    own = [*health_routes(), *value_routes(), *routes(), *closed_routes(), *more_routes]
    app = {
        "routes": own,
        "exception_handlers": HANDLERS,
        "middleware": [Middleware(Arrivals), Middleware(RefusalsAreNoFailures), Middleware(BoundedBodies)],
    }
    return {"theme": theme(), "head": head(), "app_kwargs": app}


def _script(name: str) -> str:
    return f'<script type="module" src="{ADDRESS}/{name}.js"></script>'


def _fonts(names: tuple[str, ...]) -> list[str]:
    """Names with spaces are quoted; generic families must not be."""
    return [f"'{name}'" if " " in name else name for name in names]
