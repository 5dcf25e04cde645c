"""Loads side by side: each waits for its own alone, is shared by all who want it, and can be left."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
import torch

from explainers.core.errors import MaskwiseError, Stopped
from explainers.core.types import Task
from explainers.models import builtin, held, loading, memory
from explainers.models.builtin_masked_lm import load_builtin_masked_lm
from explainers.models.copies.full_precision import in_fp32
from explainers.models.held import load_model
from tests.forked import output_of
from tests.hub_server import hub
from tests.tiny_models import tiny_causal

CAUSAL = Task.GENERATION


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(held, "kept_models", type(held.kept_models)())


@pytest.fixture
def folders(tmp_path):
    """Two models."""
    for seed, name in enumerate(("one", "two")):
        tiny = tiny_causal("llama", seed)
        tiny.model.save_pretrained(tmp_path / name)
        tiny.tokenizer.save_pretrained(tmp_path / name)
    return str(tmp_path / "one"), str(tmp_path / "two")


class SlowReading:
    """In place of `read_model`: the model `slow` is read only once `go` is set."""

    def __init__(self, slow: str):
        self.slow, self.go, self.begun, self.reads = slow, Event(), Event(), []

    def __call__(self, name, folder, *arguments):
        self.reads.append(str(folder))
        if str(folder) == self.slow:
            self.begun.set()
            assert self.go.wait(60)
        return READ(name, folder, *arguments)


READ = loading.read_model


@pytest.fixture
def reading(folders, monkeypatch):
    slow = SlowReading(folders[0])
    monkeypatch.setattr(loading, "read_model", slow)
    yield slow
    slow.go.set()


def test_a_load_holds_no_other_up_and_is_shared(folders, reading):
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(load_model, folders[0], CAUSAL) for _ in range(3)]
        assert reading.begun.wait(60)
        assert load_model(folders[1], CAUSAL).name == folders[1]
        assert not any(each.done() for each in waiting)
        reading.go.set()
        models = {id(each.result(60).model) for each in waiting}
    assert len(models) == 1 and reading.reads.count(folders[0]) == 1


def test_whoever_stops_leaves_at_once_and_the_others_stay(folders, reading):
    stopped = Event()

    def check():
        if stopped.is_set():
            raise Stopped("Stopped.")

    with ThreadPoolExecutor() as pool:
        first = pool.submit(load_model, folders[0], CAUSAL, check)
        assert reading.begun.wait(60)
        second = pool.submit(load_model, folders[0], CAUSAL)
        stopped.set()
        with pytest.raises(Stopped):
            first.result(10)
        assert not second.done()
        reading.go.set()
        assert second.result(60).name == folders[0]


def test_a_load_that_fails_fails_for_all_and_can_be_tried_again(folders, monkeypatch):
    def fail(*arguments):
        raise OSError("disk on fire")

    monkeypatch.setattr(loading, "read_model", fail)
    with pytest.raises(MaskwiseError, match="disk on fire"):
        load_model(folders[0], CAUSAL)
    monkeypatch.setattr(loading, "read_model", READ)
    assert load_model(folders[0], CAUSAL).name == folders[0]


LEAVE_IT = """
import json
from explainers.core.errors import Stopped
from explainers.models.hub import cached_folder, download_folder
calls = []
def check():
    calls.append(1)
    raise Stopped("Stopped.")
try:
    download_folder("a/model", check=check)
    outcome = "downloaded"
except Stopped:
    outcome = "stopped"
print(json.dumps([outcome, len(calls) > 0, cached_folder("a/model") is None]))
"""


def test_a_download_that_nobody_waits_for_ends(folders, tmp_path):
    with hub({"a/model": tmp_path / "one"}) as server:
        home = str(tmp_path / "home")
        run = output_of(LEAVE_IT, HF_ENDPOINT=server.url, HF_HUB_OFFLINE="0", HF_HOME=home)
    assert json.loads(run.stdout) == ["stopped", True, True], run.stderr


def test_device_and_precision_are_as_asked(folders, monkeypatch):
    half = load_model(folders[0], CAUSAL, device="cpu", dtype="bfloat16")
    assert half.dtype is torch.bfloat16 is half.model.dtype
    assert load_model(folders[0], CAUSAL, device="cpu").dtype is torch.float32
    with pytest.raises(MaskwiseError, match="no device 'abacus'"):
        load_model(folders[0], CAUSAL, device="abacus")
    with pytest.raises(MaskwiseError, match="dtype must be one of float32"):
        load_model(folders[0], CAUSAL, dtype="int4")
    monkeypatch.setenv("MASKWISE_DEVICE", "cuda:9")
    with pytest.raises(MaskwiseError, match="no device 'cuda:9'.*MASKWISE_DEVICE"):
        load_model(folders[0], CAUSAL)


@pytest.fixture
def two_gpus(monkeypatch):
    """Two mocked GPUs of 10 GB: 4 and 8 GB free, and 1 GB of the first in torch's cache."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda index: ((4, 8)[index] * 10**9, 10**10))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda index: (2 * 10**9, 0)[index])
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda index: (10**9, 0)[index])


def test_torchs_cache_counts_as_free(two_gpus):
    assert memory.available_bytes(torch.device("cuda:0")) == 5 * 10**9
    assert memory.available_bytes(torch.device("cuda")) == 13 * 10**9


def test_several_gpus_are_used_only_for_what_one_does_not_hold(two_gpus):
    cuda = torch.device("cuda")
    assert memory.device_map(4 * 10**9, cuda) == {"": torch.device("cuda:0")}
    assert memory.device_map(6 * 10**9, cuda) == "auto"
    assert memory.device_map(6 * 10**9, torch.device("cuda:1")) == {"": torch.device("cuda:1")}
    assert memory.device_map(10**9, torch.device("cpu")) is None


@pytest.mark.parametrize(
    ("places", "wanted", "others"),
    [
        ({"": 0}, "cuda", (torch.device("cuda:0"), torch.device("cuda:1"))),  # the model itself is on the CPU
        ({"": 0}, "cuda:0", ()),
        ({"": 0}, "cpu", ()),
        ({"model.layers.0": 0, "lm_head": 1}, "cuda", ()),
    ],
)
def test_copies_go_to_other_gpus_where_none_was_named(two_gpus, places, wanted, others):
    model = tiny_causal("llama").model
    model.hf_device_map = places
    assert memory.other_gpus(model, torch.device(wanted)) == others


@pytest.mark.parametrize(
    ("needed", "places"), [(4 * 10**9, {"": torch.device("cuda:0")}), (6 * 10**9, "auto")]
)
def test_weights_are_read_straight_onto_the_gpus(folders, two_gpus, monkeypatch, needed, places):
    placed = []

    def read(name, folder, task, dtype, device_map):
        placed.append((dtype, device_map))
        return READ(name, folder, task, dtype)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(memory, "needed_bytes", lambda counts, dtype: needed)
    monkeypatch.setattr(loading, "read_model", read)
    load_model(folders[0], CAUSAL, device="cuda")
    assert placed == [(torch.float32, places)]


def test_what_all_gpus_together_do_not_hold_is_refused(folders, two_gpus, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(memory, "needed_bytes", lambda counts, dtype: 12 * 10**9)
    with pytest.raises(MaskwiseError, match=r"takes 14.4 GB, and 13.0 GB are free \(CUDA\)"):
        load_model(folders[0], CAUSAL, device="cuda")


@pytest.mark.parametrize("places", [{"": 0}, {"model.layers.0": 0, "lm_head": 1}])
def test_a_model_over_several_gpus_is_not_copied_to_fp32(places):
    loaded = tiny_causal("llama")
    loaded.model.bfloat16()
    loaded.model.hf_device_map = places
    assert (in_fp32(loaded) is loaded) is (len(places) > 1)


def test_memory_of_quantized_weights_is_what_they_are_stored_in():
    counts = {"U8": 100, "I32": 10, "BF16": 7}
    assert memory.needed_bytes(counts, torch.float32) == 100 + 40 + 28
    assert memory.choose_dtype(counts, torch.device("mps")) is torch.bfloat16


def test_tied_weights_stay_tied_whoever_else_reads(tmp_path):
    """transformers takes tie_weights away from all models while it reads one."""
    tiny = tiny_causal("llama", chat=True)
    tiny.model.config.tie_word_embeddings = True
    tiny.model.tie_weights()
    tiny.model.save_pretrained(tmp_path)

    def read(_) -> bool:
        model = loading.read_model("tied", tmp_path, CAUSAL, torch.float32)
        masked = load_builtin_masked_lm(builtin.sentence_encoder_folder())
        both = [(m.get_output_embeddings(), m.get_input_embeddings()) for m in (model, masked)]
        return all(output.weight is given.weight for output, given in both)

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(read, range(12)))
