"""Loading: every architecture from a folder, the memory bound, and each error's words."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file

from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.models import builtin, held, memory
from explainers.models.catalogue import CATALOGUE, available_models
from explainers.models.held import load_model
from tests.hub_server import COMMIT
from tests.tiny_models import CAUSAL_KINDS, MASKED_KINDS, tiny_causal, tiny_discriminator, tiny_masked

CAUSAL, MASKED = Task.GENERATION, Task.CLASSIFICATION
WEIGHTS = "model.safetensors"
MAPS = Path("/proc/self/maps")


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(held, "kept_models", type(held.kept_models)())


@pytest.fixture
def folder(tmp_path):
    return saved(tiny_causal("llama", chat=True), tmp_path / "llama")


def saved(tiny, folder):
    tiny.model.save_pretrained(folder)
    tiny.tokenizer.save_pretrained(folder)
    return folder


def edit_config(folder, **changes):
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def refusal(name, task=CAUSAL) -> str:
    with pytest.raises(MaskwiseError) as caught:
        load_model(str(name), task)
    return str(caught.value)


def logits(loaded):
    return loaded.model(loaded.tokenizer("A doctor and his patient.", return_tensors="pt").input_ids).logits


@pytest.mark.parametrize("kind", CAUSAL_KINDS)
def test_causal_models_load_from_a_folder(kind, tmp_path):
    tiny = tiny_causal(kind)
    loaded = load_model(str(saved(tiny, tmp_path)), CAUSAL)
    torch.testing.assert_close(logits(loaded), logits(tiny))
    assert not loaded.model.training and not any(weight.requires_grad for weight in loaded.model.parameters())


@pytest.mark.parametrize("kind", MASKED_KINDS)
def test_masked_models_load_from_a_folder(kind, tmp_path):
    tiny = tiny_masked(kind)
    loaded = load_model(str(saved(tiny, tmp_path)), MASKED)
    torch.testing.assert_close(logits(loaded), logits(tiny))


def test_half_precision_weights_are_fp32_on_a_cpu(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "choose_device", lambda wanted: torch.device("cpu"))
    tiny = tiny_causal("qwen2")
    tiny.model.to(torch.bfloat16)
    loaded = load_model(str(saved(tiny, tmp_path)), CAUSAL)
    assert loaded.dtype is torch.float32 is loaded.model.dtype


def test_other_hardware_keeps_the_models_own_half_precision():
    assert memory.choose_dtype({"BF16": 9, "F32": 1}, torch.device("mps")) is torch.bfloat16
    assert memory.choose_dtype({"F16": 9}, torch.device("cuda")) is torch.float16
    assert memory.choose_dtype({"F32": 9}, torch.device("cuda")) is torch.float32


def test_weights_named_the_old_way_load(tmp_path):
    """bert-base-uncased calls LayerNorm's weight and bias gamma and beta."""
    tiny = tiny_masked("bert")
    saved(tiny, tmp_path)
    renamed = {
        key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for key, value in load_file(tmp_path / WEIGHTS).items()
    }
    save_file(renamed, tmp_path / WEIGHTS, metadata={"format": "pt"})
    torch.testing.assert_close(logits(load_model(str(tmp_path), MASKED)), logits(tiny))


def test_sharded_weights_load(tmp_path):
    tiny = tiny_causal("llama")
    tiny.tokenizer.save_pretrained(tmp_path)
    tiny.model.save_pretrained(tmp_path, max_shard_size="50KB")
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    torch.testing.assert_close(logits(load_model(str(tmp_path), CAUSAL)), logits(tiny))


def test_a_model_is_kept_until_its_files_change(folder):
    first = load_model(str(folder), CAUSAL)
    assert load_model(f" {folder}/ ", CAUSAL).model is first.model
    saved(tiny_causal("llama", seed=1), folder)
    assert load_model(str(folder), CAUSAL).revision != first.revision


@pytest.mark.skipif(not MAPS.exists(), reason="needs Linux")
def test_a_folders_weights_are_not_left_mapped(folder):
    """Else whoever writes over the file ends the process that reads it."""
    loaded = load_model(str(folder), CAUSAL)
    assert loaded.name == str(folder) not in MAPS.read_text()


def test_the_least_recently_used_model_goes_first(tmp_path, monkeypatch):
    names = [str(saved(tiny_causal("llama", seed), tmp_path / str(seed))) for seed in range(3)]
    size = 4 * sum(weight.numel() for weight in tiny_causal("llama").model.parameters())
    monkeypatch.setenv("MASKWISE_MEMORY_GB", str(2.5 * size / 1e9))
    first, second = (load_model(name, CAUSAL) for name in names[:2])
    assert load_model(names[0], CAUSAL) is first
    load_model(names[2], CAUSAL)
    assert [kept.source.name for kept in held.kept_models] == [names[0], names[2]]
    assert load_model(names[1], CAUSAL) is not second


def test_a_model_that_does_not_fit_is_refused_before_loading(folder, monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda device: 100_000)
    assert "too large" in refusal(folder) and "smaller model" in refusal(folder)


def test_a_bad_memory_limit_names_itself(folder, monkeypatch):
    monkeypatch.setenv("MASKWISE_MEMORY_GB", "lots")
    assert "MASKWISE_MEMORY_GB" in refusal(folder)


def test_the_containers_limit_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    for name, text in (("max", "5000"), ("current", "4000"), ("stat", "inactive_file 300\nactive_file 200")):
        (tmp_path / f"memory.{name}").write_text(text)
    assert memory.available_bytes(torch.device("cpu")) == 1500


@pytest.mark.parametrize(
    "name",
    ["../up", "owner/name/more", "a--b", "a/../b", "a b", "x" * 3000, "~no-such-user/x", "nul\0", "/", "é"],
)
def test_corrupt_names_are_refused(name):
    assert "config.json" in refusal(name)


def test_without_a_network_the_message_says_so():
    message = refusal("nobody/no-such-model")
    assert "cannot be reached" in message and "at hand" in message


def remove_weights(folder):
    (folder / WEIGHTS).rename(folder / "pytorch_model.bin")
    return "safetensors"


def cut_weights(folder):
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-1000])
    return "damaged"


def garble_header(folder):
    (folder / WEIGHTS).write_bytes(b"\xff" * 1000)
    return "damaged"


def remove_tokenizer(folder):
    (folder / "tokenizer.json").unlink()
    return "The tokenizer of llama cannot be read: its files are missing or damaged"


def need_own_code(folder):
    edit_config(folder, model_type="homemade", auto_map={"AutoConfig": "evil.Config"})
    (folder / "evil.py").write_text("raise SystemExit('this must never run')")
    return "code of its own"


def lose_a_shard(folder):
    tiny_causal("llama").model.save_pretrained(folder, max_shard_size="50KB")
    next(folder.glob("model-*.safetensors")).unlink()
    (folder / WEIGHTS).unlink(missing_ok=True)
    return "missing or damaged"


def lose_a_layer(folder):
    weights = load_file(folder / WEIGHTS)
    del weights["lm_head.weight"]
    save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})
    return "no weights for lm_head"


@pytest.mark.parametrize(
    "damage",
    [
        remove_weights,
        cut_weights,
        garble_header,
        remove_tokenizer,
        need_own_code,
        lose_a_shard,
        lose_a_layer,
    ],
)
def test_a_folder_that_cannot_be_used_says_why(folder, damage):
    assert damage(folder) in refusal(folder)


def test_models_of_the_wrong_kind_are_refused(folder, tmp_path):
    assert "causal language model" in refusal(saved(tiny_masked("bert"), tmp_path / "bert"))
    assert "masked language model" in refusal(folder, MASKED)


def test_an_electra_discriminator_has_no_head(tmp_path):
    model, tokenizer = tiny_discriminator()
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    message = refusal(tmp_path, MASKED)
    assert "without its language-model head" in message and "roberta-base" in message


def test_a_public_deployment_loads_listed_models_only(folder, monkeypatch, smollm):
    monkeypatch.setenv("MASKWISE_MODELS", f"openai-community/gpt2, Qwen/Qwen3-0.6B, {folder}")
    assert "not offered here" in refusal(folder)
    assert "not offered here" in refusal("distilbert/distilgpt2")
    assert "cannot be reached" in refusal("Qwen/Qwen3-0.6B")
    assert load_model("", CAUSAL).name == smollm.name
    offered = [entry.id for entry in available_models(CAUSAL)]
    assert offered == [smollm.name, "Qwen/Qwen3-0.6B", "openai-community/gpt2"]


def test_the_catalogue_says_what_is_at_hand(monkeypatch, tmp_path):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert [entry.id for entry in available_models(CAUSAL) if entry.at_hand] == [CATALOGUE[0].id]
    snapshot = tmp_path / "models--openai-community--gpt2" / "snapshots" / COMMIT
    saved(tiny_causal("gpt2"), snapshot)
    at_hand = [entry.id for entry in available_models(CAUSAL) if entry.at_hand]
    assert at_hand == [CATALOGUE[0].id, "openai-community/gpt2"]
    assert load_model("openai-community/gpt2", CAUSAL).revision == COMMIT
    (snapshot / "tokenizer.json").unlink()
    assert not available_models(CAUSAL)[-4].at_hand


def test_the_catalogue_needs_neither_torch_nor_transformers():
    """Its own imports, that is: a page can list models before either is there."""
    code = (
        "import sys, types; package = types.ModuleType('explainers'); package.__path__ = ['explainers'];"
        "sys.modules['explainers'] = package; import explainers.models.catalogue;"
        "print({'torch', 'transformers', 'gradio'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_without_the_packages_the_built_in_models_come_from_the_hub(monkeypatch):
    """As on a Space, which installs requirements.txt alone; here the Hub is out of reach."""
    for name in ("SMOLLM2", "MINILM"):
        monkeypatch.setattr(builtin, name, replace(getattr(builtin, name), package="not_installed"))
    message = refusal("")
    assert "HuggingFaceTB/SmolLM2-135M-Instruct is not on this machine" in message
    assert "Connect to the network" in message
    with pytest.raises(MaskwiseError, match="sentence-transformers/all-MiniLM-L6-v2 is not on this machine"):
        builtin.sentence_encoder_folder()
