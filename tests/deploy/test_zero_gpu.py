"""ZeroGPU, with the package `spaces`: a process of its own for each lent GPU, Stop, quota. Only the GPU and
the service that lends it are stand-ins."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import cloudpickle
import pytest

from components.compare.run import comparison_work
from components.generation.run import generation_work
from components.line import lent_gpu
from components.line.lent_gpu import FIRST_SECONDS, LEAST_SECONDS, READING_SECONDS, seconds_to_ask
from explainers.streams.comparison import compare
from explainers.streams.requests.generation import GenerationRequest
from tests.deploy.servers import saved_model, tiny_builtin
from tests.forked import output_of

PROMPT = "The sea is wide."


class Devices(ThreadingHTTPServer):
    """The service that lends GPUs. asked: seconds of each call. processes: that were given a GPU."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[int] = []
        self.processes: list[int] = []
        self.released: list[bool] = []
        self.quota: list[int] = []


class Handler(BaseHTTPRequestHandler):
    server: Devices

    def log_message(self, *_):
        pass

    def do_POST(self):
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if path == "/quota":
            self.server.quota = json.loads(body)
        elif path == "/allow":
            self.server.processes.append(int(query["pid"][0]))
        elif path == "/release":
            self.server.released.append(query["fail"][0] == "true")
        elif path == "/schedule":
            return self.schedule(int(query["durationSeconds"][0]))
        self.answer(200, {})

    def schedule(self, seconds: int):
        self.server.asked.append(seconds)
        if self.server.quota and self.server.quota[0] < seconds:
            left = self.server.quota.pop(0)
            wait = 3600 if left else -1  # -1: nobody may have so many
            return self.answer(429, {"left": left, "wait": wait})
        self.answer(200, {"idle": False, "nvidiaIndex": 0, "nvidiaUUID": "GPU-0", "allowToken": "t"})

    def answer(self, status: int, content: dict):
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    """(what its jobs said, the service)."""
    home = tmp_path_factory.mktemp("home")
    folder = saved_model(home / "model")
    tiny_builtin(home)
    (home / "cgroup").write_text("0::/a\n")
    devices = Devices()
    Thread(target=devices.serve_forever, daemon=True).start()
    own = {"SPACES_ZERO_GPU": "true", "SPACES_ZERO_DEVICE_API_URL": f"http://127.0.0.1:{devices.server_port}"}
    own |= {"ZEROGPU_PROC_SELF_CGROUP_PATH": str(home / "cgroup"), "OMP_NUM_THREADS": "1"}
    own |= {"HOME": str(home), "XDG_CACHE_HOME": str(home)}
    done = output_of("from tests.deploy.zero_gpu_space import main; main()", folder, **own)
    assert done.returncode == 0, done.stderr[-3000:]
    yield json.loads(done.stdout.splitlines()[-1]), devices
    devices.shutdown()


def test_a_run_goes_to_another_process_and_its_result_comes_back(space):
    said, devices = space
    assert said["first"]["type"] == said["second"]["type"] == "explanation"
    assert said["first"]["forward_passes"]
    for once, again in zip(said["first"]["spans"], said["second"]["spans"], strict=True):
        # Their batches are sized by how fast each was, and sums of other batches round otherwise.
        assert once | {"score": 0} == again | {"score": 0}
        assert once["score"] == pytest.approx(again["score"], abs=1e-4)
    assert devices.processes and said["process"] not in devices.processes
    assert said["kept_models"] == 0 and said["device_here"] == "cpu"


def test_the_seconds_that_are_asked_for_come_from_the_jobs_before(space):
    _, devices = space
    assert devices.asked[0] == FIRST_SECONDS and LEAST_SECONDS <= devices.asked[1] < FIRST_SECONDS
    assert seconds_to_ask(10.0, 1800) == READING_SECONDS + 15
    assert seconds_to_ask(1000.0, 300) == 300 and seconds_to_ask(None, 30) == 30


def test_stop_reaches_the_other_process_and_keeps_the_best_so_far(space):
    said, _ = space
    assert said["stopped"]["type"] == "explanation" and said["stopped"]["stopped"]
    assert 0 < said["stopped"]["steps"] < 1000


def test_where_less_of_the_quota_is_left_the_run_asks_for_that(space):
    said, devices = space
    assert said["less"]["type"] == "explanation" and devices.asked[4] == 12
    assert said["too_long"]["type"] == "explanation"
    assert devices.asked[6] > devices.asked[7] == FIRST_SECONDS  # as many as anybody may have


def test_without_quota_the_refusal_says_what_needs_none(space):
    said, _ = space
    assert said["none"]["type"] == "error"
    assert "GPU limit" in said["none"]["text"] or "quota" in said["none"]["text"]
    assert "built-in models need no GPU" in said["none"]["text"]


def test_the_built_in_model_asks_for_no_gpu_and_errors_come_in_words(space):
    said, devices = space
    assert said["builtin"]["type"] == said["left_behind"]["type"] == "explanation"
    assert len(devices.asked) == 8  # first, second, stopped, less (twice), none, too long (twice)
    assert said["wrong"]["type"] == "error" and "Traceback" not in said["wrong"]["text"]


def test_what_the_page_and_the_api_run_can_be_taken_to_another_process():
    asked = GenerationRequest(PROMPT, method="feature_ablation", k=1)
    settings = {"prompt": PROMPT, "methods": ["feature_ablation"], "model": "", "k": 1}
    for work in (generation_work(lambda: asked, ""), comparison_work(settings, "comparison", compare)):
        assert callable(cloudpickle.loads(cloudpickle.dumps(work.stream)))


def test_an_error_that_nobody_foresaw_says_what_to_do(monkeypatch):
    def too_large(on_forward):
        raise RuntimeError("CUDA out of memory")
        yield

    monkeypatch.setattr("explainers.core.zero_gpu.lend", lambda: None)
    [(_, said)] = lent_gpu.compute(cloudpickle.dumps(too_large), 0, 60)
    assert said["type"] == "error" and "Choose a smaller model" in said["text"]


def test_elsewhere_the_package_is_not_even_imported():
    assert lent_gpu.on_gpu is lent_gpu.compute and "spaces" not in sys.modules
