"""What a visitor to a duplicated Space cannot do: each is tried on app.py as a Space starts it."""

import shutil
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from explainers.core.errors import shown
from tests.deploy.servers import SPACE, TOKEN, a_space, an_unprepared_space, saved_model, tiny_builtin
from tests.forked import ROOT, output_of
from tests.hub_server import hub
from tests.test_app import upload
from tests.tiny_models import tiny_causal

TEXT = "Why is the sky blue?"
LONG = {"method": "xprompt", "k": 9, "options": {"iterations": 1000}, "api_name": "/explain_generation"}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Folders of models as they may lie on a server."""
    return saved_model(tmp_path_factory.mktemp("models") / "mine")


@pytest.fixture(scope="module")
def served(models, tmp_path_factory):
    """A Hub that notes who asks, and a Space before it."""
    home = tmp_path_factory.mktemp("home")
    tiny_builtin(home)
    own = {"HF_HOME": str(home), "XDG_CACHE_HOME": str(home), "MASKWISE_WAITING_EACH": "2"}
    names = ["openai-community/gpt2", "someone/private", "Qwen/Qwen2.5-0.5B-Instruct"]
    sizes = {"Qwen/Qwen2.5-0.5B-Instruct": 10**9}  # larger than the menu says: 4 GB
    with (
        hub(dict.fromkeys(names, models), parameters=sizes) as server,
        a_space(HF_ENDPOINT=server.url, **own) as url,
    ):
        yield server, url


@pytest.fixture(scope="module")
def client(served):
    return Client(served[1], verbose=False)


def refusal(client, call: str, *values, **named) -> str:
    """In words, within the time of no model's load."""
    with pytest.raises(AppError) as refused:
        client.submit(*values, api_name=f"/{call}", **named).result(timeout=60)
    return str(refused.value)


@pytest.mark.parametrize("call", ["explain_generation", "explain_classification", "compare_methods"])
def test_folders_missing_folders_and_other_models_answer_alike(client, models, call):
    names = [
        "/etc", "/nosuch", "~", ".", "../", str(models), str(models.parent), "assets", "someone/private",
        "meta-llama/Llama-3.2-1B-Instruct", "Qwen/Qwen2.5-1.5B-Instruct", "nobody/nothing",
        "openai-community/gpt2@main", "https://huggingface.co/openai-community/gpt2", "tuned",
    ]  # fmt: skip
    answers = {refusal(client, call, TEXT, model=name).replace(shown(name), "X") for name in names}
    assert answers == {"X is not offered here. Choose one of the menu."}


@pytest.mark.parametrize(
    "call, named, words",
    [
        ("explain_generation", {"prompt": "x" * 5001}, "limited to 5,000 characters"),
        ("explain_generation", {"prompt": "a " * 1500}, "up to 500 are explained"),
        ("explain_generation", {"prompt": "𓀀" * 1200}, "of 2,000 at most"),
        ("explain_generation", {"response": "x" * 5001}, "limited to 5,000"),
        ("explain_generation", {"system_prompt": "x" * 5001}, "limited to 5,000"),
        ("explain_generation", {"max_new_tokens": 129}, "between 1 and 128"),
        ("explain_generation", {"k": 31}, "between 1 and 30"),
        ("explain_generation", {"options": {"iterations": 1001}}, "between 1 and 1000"),
        (
            "explain_generation",
            {"method": "best_within_budget", "options": {"budget": 2000}},
            "between 10 and 1000",
        ),
        ("explain_generation", {"method": "captum_kernel_shap", "options": {"samples": 1500}}, "10 and 1000"),
        ("explain_classification", {"text": "x" * 5001}, "limited to 5,000"),
        ("explain_classification", {"options": {"k": 31}}, "between 1 and 30"),
        (
            "explain_classification",
            {"method": "integrated_gradients", "options": {"steps": 1001}},
            "2 and 500",
        ),
        ("compare_methods", {"prompt": "x" * 5001}, "limited to 5,000 characters"),
        ("compare_methods", {"k": 31}, "between 1 and 30"),
        ("compare_methods", {"methods": ["feature_ablation"] * 9}, "between 1 and 8"),
    ],
)
def test_bounds_hold_for_direct_calls(client, call, named, words):
    first = {"text" if call == "explain_classification" else "prompt": TEXT}
    with pytest.raises(AppError, match=words):
        client.submit(api_name=f"/{call}", **first | named).result(timeout=60)


def test_the_owners_token_is_never_sent_for_a_visitors_choice(served, client):
    server, _ = served
    *_, result = client.submit(
        TEXT, model="openai-community/gpt2", max_new_tokens=2, api_name="/explain_generation"
    )
    assert result["type"] == "explanation" and any("gpt2" in path for path in server.downloads)
    assert server.tokens == set()


def test_a_model_that_has_grown_beyond_the_bound_is_not_downloaded(served, client):
    server, _ = served
    assert "models here may have 2 GB" in refusal(
        client, "explain_generation", TEXT, model="Qwen/Qwen2.5-0.5B-Instruct"
    )
    assert not any("Qwen" in path for path in server.downloads)


def test_one_visitor_cannot_fill_the_line(served):
    """More than MASKWISE_WAITING_EACH are refused in words, and another visitor is let in."""
    one, other = (Client(served[1], verbose=False) for _ in range(2))
    texts = [f"Why is the sky so blue in the evening, and {what}?" * 20 for what in ("the sea", "the hills")]
    jobs = [one.submit(text, **LONG) for text in texts]
    try:
        first = [next(iter(job))["type"] for job in jobs]
        assert sorted(first) == ["queued", "response"]
        with pytest.raises(AppError, match="2 runs of yours wait already. Let some of them end first."):
            one.submit(TEXT, **LONG).result(timeout=60)
        jobs.append(other.submit(TEXT, **LONG))
        assert next(iter(jobs[-1]))["type"] == "queued"
    finally:
        for job in jobs:
            job.cancel()


def test_large_files_are_refused(served):
    assert upload(served[1], 1000).status == 200
    with pytest.raises(HTTPError) as refused:
        upload(served[1], 5_100_000)
    assert refused.value.code == 413


def test_files_of_the_server_are_not_served(served):
    paths = "/etc/passwd", "app.py", "/proc/self/environ", f"{ROOT}/app.py", f"{ROOT}/README.md", "/dev/zero"
    for path in (*paths, "..%2fapp.py", "%2e%2e/app.py", "file:///etc/passwd", "http://127.0.0.1:1/"):
        with pytest.raises(HTTPError) as refused:
            urlopen(f"{served[1]}/gradio_api/file={path}", timeout=20)
        assert refused.value.code in (403, 404)


def test_a_listed_model_may_have_the_owners_token(models, tmp_path):
    """And nothing else is offered then."""
    with hub({"owner/gated": models, "openai-community/gpt2": models}) as server:
        listed = {"MASKWISE_MODELS": "owner/gated", "HF_ENDPOINT": server.url, "HF_HOME": str(tmp_path)}
        with an_unprepared_space(**listed) as (url, _):
            client = Client(url, verbose=False)
            assert "not offered here" in refusal(
                client, "explain_generation", TEXT, model="openai-community/gpt2"
            )
            assert server.tokens == set()
            *_, result = client.submit(
                TEXT, model="owner/gated", max_new_tokens=2, api_name="/explain_generation"
            )
    assert result["type"] == "explanation" and server.tokens == {f"Bearer {TOKEN}"}
    shutil.rmtree(tmp_path / "hub")


BOUNDS = {
    "MASKWISE_MODEL_GB": "not offered here",  # the menu leaves it out
    "MASKWISE_DISK_GB": "no room on the disk",
    "MASKWISE_MEMORY_GB": "the models here may take 0.0001 GB",
}
LOAD = """
import os, sys
from explainers.models.held import Task, load_model
for bound in sys.argv[2:]:
    os.environ[bound] = "0.0001"
    try:
        print(load_model(sys.argv[1], Task.GENERATION))
    except Exception as error:
        print(error)
    del os.environ[bound]
"""


def test_models_beyond_size_disk_or_memory_are_refused_before_a_download(models, tmp_path):
    name = "openai-community/gpt2"
    sizes = {name: sum(tensor.numel() for tensor in tiny_causal("llama", chat=True).model.parameters())}
    with hub({name: models}, parameters=sizes) as server:
        own = SPACE | {"HF_ENDPOINT": server.url, "HF_HOME": str(tmp_path)}
        run = output_of(LOAD, name, *BOUNDS, **own)
    for said, words in zip(run.stdout.splitlines(), BOUNDS.values(), strict=True):
        assert words in said
    assert server.downloads == []


def test_a_run_ends_after_its_seconds(tmp_path):
    """With the best so far, or in words where there is none yet."""
    with an_unprepared_space(MASKWISE_MAX_SECONDS="1", HF_HOME=str(tmp_path)) as (url, _):
        job = Client(url, verbose=False).submit("Why is the sky so blue in the evening? " * 9, **LONG)
        try:
            assert job.result(timeout=120)["stopped"]
        except AppError as said:
            assert "a run may take 1 seconds" in str(said)
