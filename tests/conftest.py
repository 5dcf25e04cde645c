"""Settings of every test, made before anything is imported: no network, and one thread."""

import gc
import os
from tempfile import TemporaryDirectory

gc.disable()  # until all tests are there: what is imported is never garbage
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
UPLOADS = TemporaryDirectory(prefix="maskwise-tests-")  # a server keeps no more than so many files of an hour
os.environ["GRADIO_TEMP_DIR"] = UPLOADS.name

from collections.abc import Iterator  # noqa: E402
from threading import Event  # noqa: E402

import pytest  # noqa: E402
import torch  # noqa: E402
from hypothesis import settings  # noqa: E402
from playwright.sync_api import Browser, Playwright, sync_playwright  # noqa: E402

from explainers.core.types import Task  # noqa: E402
from explainers.models.held import load_model  # noqa: E402
from explainers.models.loaded import LoadedModel  # noqa: E402
from tests.browser import chromium_of  # noqa: E402

torch.set_num_threads(1)
settings.register_profile("the same in every run", derandomize=True, deadline=None)
settings.load_profile("the same in every run")


@pytest.fixture(autouse=True)
def same_random_numbers():
    torch.manual_seed(0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests begin first: at the end no process waits long for the other."""
    longest = {item.path for item in items if item.get_closest_marker("timeout")}
    items.sort(key=lambda item: item.path not in longest)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)  # by itself it took a twelfth of the processor time of tests
    gc.enable()


@pytest.fixture(scope="session")
def smollm() -> LoadedModel:
    """The built-in causal language model."""
    return load_model("", Task.GENERATION)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """From its first use on, asyncio has a loop in this thread: what calls `asyncio.run` needs another."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright, tmp_path_factory) -> Iterator[Browser]:
    """Chromium, for all tests. It takes as long to start as a page to open."""
    with chromium_of(playwright, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="session")
def launched_url() -> Iterator[str]:
    from tests.served import launched_app

    with launched_app() as address:
        yield address


@pytest.fixture(scope="module")
def url(launched_url) -> Iterator[str]:
    """The address of the whole app on the tiny models."""
    from tests.served import stand_ins

    with stand_ins():
        yield launched_url


@pytest.fixture
def stop_pressed(monkeypatch) -> Event:
    """Set once Stop was pressed on the page, for stand-ins that wait for nothing else."""
    from components.runner import Runner

    pressed, stop = Event(), Runner.stop

    def stop_and_tell(self, session, *slots):
        stop(self, session, *slots)
        pressed.set()

    monkeypatch.setattr(Runner, "stop", stop_and_tell)
    return pressed


@pytest.fixture
def learned_heads(monkeypatch):
    """AT2 knows any model's attention heads: each counts as the first does."""
    from explainers import at2

    def equal_weights(loaded):
        config = loaded.model.config.get_text_config()
        weights = [[1.0] * config.num_attention_heads] * config.num_hidden_layers
        found = dict.fromkeys(("at2", "mean_attention", "feature_ablation"), 0.5)
        return at2.HeadWeights(loaded.name, loaded.revision, weights, 3, 32, 1, found)

    monkeypatch.setattr(at2, "weights_for", equal_weights)


@pytest.fixture
def few_trees(monkeypatch):
    """ProxySPEX fits a tenth of its trees, which take longer than tiny models."""
    monkeypatch.setattr("explainers.proxy_spex.TREES", 15)


@pytest.fixture
def on_tiny_models(monkeypatch):
    """Every model is a tiny one, and no text is compared by a real one."""
    from explainers.core.types import MetricScore
    from explainers.measures.text import METRICS, TEXT_METRICS
    from explainers.models import held
    from tests.served import tiny_model

    monkeypatch.setattr(held, "load_model", tiny_model)
    measured = [MetricScore(name, 0.5, METRICS[name]) for name in TEXT_METRICS]
    monkeypatch.setattr(
        "explainers.streams.report.text_metrics", lambda *answers: measured
    )  # they take seconds
