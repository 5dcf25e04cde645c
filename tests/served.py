"""The whole app on a local port with tiny random models behind it, for the API and browser tests."""

from contextlib import contextmanager
from unittest import mock

import app
from components.line import job
from components.line.results import Results
from explainers.core.types import Task
from explainers.models import held
from tests.explainers.verbalizers.test_verbalizers import wordpiece
from tests.tiny_models import tiny_causal


def tiny_model(name, task, *how):
    return tiny_causal("llama", chat=True) if task is Task.GENERATION else wordpiece()


@contextmanager
def served_app(load=tiny_model):
    """The address of a running Maskwise whose models come from `load(name, task)`."""
    results = Results()  # none of a real model, and none of another test
    with mock.patch.object(held, "load_model", load), mock.patch.object(job, "RESULTS", results):
        demo, url, _ = app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
        try:
            yield url
        finally:
            demo.close()
