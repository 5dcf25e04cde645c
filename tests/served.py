"""The whole app on a local port with tiny random models behind it, for the API and browser tests."""

from collections.abc import Callable
from contextlib import contextmanager
from unittest import mock

import app
from components.line import results, work
from components.line.results import Results
from explainers.core.types import Task
from explainers.models import held
from tests.explainers.verbalizers.test_verbalizers import wordpiece
from tests.tiny_models import tiny_causal


def tiny_model(name, task, *how):
    return tiny_causal("llama", chat=True) if task is Task.GENERATION else wordpiece()


@contextmanager
def served_app(load=tiny_model, most_kept=0, port=None):
    """The address of a running Maskwise of its own. The arguments are those of its two parts."""
    with stand_ins(load, most_kept), launched_app(port) as url:
        yield url


@contextmanager
def stand_ins(load=tiny_model, most_kept=0):
    """Models come from `load(name, task)`.

    most_kept: bytes of a result that is kept for equal runs; 0 computes each run.
    """
    models = mock.patch.object(held, "load_model", load)
    own = mock.patch.object(work, "RESULTS", Results())  # none of a real model, and none of another test
    bound = mock.patch.object(results, "MOST_BYTES_EACH", most_kept)
    with models, own, bound:
        yield


@contextmanager
def launched_app(port=None):
    """The address of a running Maskwise. port: None for any."""
    demo, url, _ = app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", server_port=port)
    try:
        yield url
    finally:
        demo.close()


@contextmanager
def held_up(wait: Callable[[], object]):
    """As `stand_ins`, with a causal model that calls `wait` before each pass."""
    loaded = tiny_model("", Task.GENERATION)

    def before_a_pass(*call):
        wait()

    handle = loaded.model.register_forward_pre_hook(before_a_pass)
    try:
        with stand_ins(lambda name, task, *how: loaded):
            yield
    finally:
        handle.remove()
