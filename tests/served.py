"""The whole app on a local port with a tiny random model behind it, for the API and browser tests."""

from contextlib import contextmanager
from unittest import mock

import app
from explainers.core import models
from tests.tiny_models import tiny_causal


@contextmanager
def served_app(load=lambda name, task: tiny_causal("llama", chat=True)):
    """The address of a running Maskwise whose models come from `load(name, task)`."""
    with mock.patch.object(models, "load_model", load):
        demo, url, _ = app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
        try:
            yield url
        finally:
            demo.close()
