"""Settings of every test, made before anything is imported: no network, and one thread."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import pytest  # noqa: E402
import torch  # noqa: E402

from explainers.core.models import LoadedModel, load_model  # noqa: E402
from explainers.core.types import Task  # noqa: E402

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def smollm() -> LoadedModel:
    """The built-in causal language model."""
    return load_model("", Task.GENERATION)
