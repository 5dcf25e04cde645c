"""Maskwise: composes the tabs, reads the settings from the environment, launches."""

from __future__ import annotations

import gc
import logging
import os
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import gettempdir

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before the import: no calls to outside
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")  # before torch: threads that wait leave their core
os.environ["GRADIO_TEMP_DIR"] = str(
    Path(os.environ.get("GRADIO_TEMP_DIR") or Path(gettempdir(), "gradio"), "maskwise")
)  # a folder of our own: what is old there is removed

if __name__ == "__main__":
    gc.disable()  # until the page is served: a sixth of the time until then would go into collecting nothing

import gradio as gr
from gradio.utils import get_upload_folder

from components.api import offer_api, shorten_errors
from components.classification.run import leave
from components.classification.tab import classification_tab
from components.classroom.lesson_page import lesson_routes
from components.classroom.room_routes import room_routes
from components.classroom.tab import classroom_tab
from components.compare.tab import compare_tab
from components.generation.tab import generation_tab
from components.line.allocator import limit_arenas
from components.page.header import header_tools
from components.page.light_page import LightPage
from components.page.theme import look
from components.preparation import prepare
from components.runner import RUNNER
from components.server.bodies import KEPT_SECONDS, largest
from components.server.light_sessions import lighten_sessions
from components.sharing.restore import restore_links
from components.what_if.class_tab import class_what_if_tab
from components.what_if.tab import what_if_tab
from explainers.core.deployment import SPACE, deployment
from explainers.core.errors import MaskwiseError, shown

INTRODUCTION = (
    "# Maskwise\nWhich words of a prompt could a language model not do without? "
    "Maskwise removes words, and measures how much less likely the model's own answer becomes."
)
THREADS = 128  # for handlers: a run that waits in the line holds one
MOST_SESSIONS = 500  # whose inputs and results are in memory


def build() -> gr.Blocks:
    """The whole page."""
    kept = KEPT_SECONDS, KEPT_SECONDS
    with LightPage(title="Maskwise", analytics_enabled=False, delete_cache=kept) as demo:
        gr.Markdown(INTRODUCTION, elem_id="introduction")
        header_tools()
        with gr.Tabs() as tabs:
            with gr.Tab("Generation", id="generation"):
                generation = generation_tab()
            with gr.Tab("Classification", id="classification"):
                classification = classification_tab()
            with gr.Tab("Compare", id="compare"):
                compare = compare_tab(generation)
            with gr.Tab("What if", id="what-if"), gr.Tabs() as sections:
                with gr.Tab("A generated answer", id="what-if-answer"):
                    what_if = what_if_tab(generation)
                with gr.Tab("A classified text", id="what-if-class"):
                    class_what_if = class_what_if_tab(classification, sections)
            with gr.Tab("Classroom", id="classroom"):
                classroom = classroom_tab(generation)
            if deployment().results:
                from components.results.tab import results_tab  # the page is served sooner without

                with gr.Tab("Results", id="results"):
                    results_tab()
        offer_api()
        shared = [generation.shared, classification.shared, compare.shared]
        restore_links(demo, tabs, shared, [what_if, class_what_if, *classroom])
        demo.unload(_leave)
    return demo


def _leave(request: gr.Request) -> None:
    RUNNER.leave(request.session_hash)
    leave(request.session_hash)


def launch(**settings):
    """Launch with Maskwise's look and without anything that keeps or sends what people type.

    Returns the Blocks, its address and its share address.
    """
    check_temporary_folder()
    demo = build()
    if deployment().mcp and not find_spec("mcp"):
        raise MaskwiseError("MASKWISE_MCP needs a package: pip install -r requirements-mcp.txt")
    _, url, share_url = demo.launch(
        **look([*room_routes(), *lesson_routes()]),
        footer_links=["api"],
        show_error=not deployment().public,  # of errors that are not in our words
        max_threads=THREADS,
        max_file_size=largest(),
        state_session_capacity=MOST_SESSIONS,
        mcp_server=deployment().mcp,
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        **settings,
    )
    lighten_sessions(demo)
    if demo.mcp_server_obj:
        shorten_errors(demo.mcp_server_obj.mcp_server)
    return demo, url, share_url


def check_temporary_folder() -> None:
    """Raise MaskwiseError where Gradio could not write to its folder, and would not start."""
    try:
        Path(get_upload_folder()).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MaskwiseError(
            f"The folder for temporary files cannot be written to ({error.strerror}). Set GRADIO_TEMP_DIR "
            "to one that can."
        ) from error


def free_address() -> tuple[str, int]:
    """Host and port that the environment names; raises MaskwiseError where nothing can be served there."""
    host = "0.0.0.0" if SPACE in os.environ else os.environ.get("HOST", "127.0.0.1")
    port = os.environ.get("PORT", "7860")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host.strip("[]"), int(port)))
    except (OSError, ValueError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no port number"
        raise MaskwiseError(
            f"Nothing can be served at {shown(host)}, port {shown(port)} ({reason}). Set HOST and PORT; "
            "docs/deploy.md has the settings."
        ) from error
    return host, int(port)


if __name__ == "__main__":
    limit_arenas()
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("maskwise").setLevel(logging.INFO)
    try:
        deployment()  # whether its settings can be read is said first
        host, port = free_address()
        page, _, _ = launch(server_name=host, server_port=port, prevent_thread_lock=True)
    except MaskwiseError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error
    gc.freeze()  # what the page is made of is never garbage
    gc.enable()
    prepare()
    page.block_thread()
