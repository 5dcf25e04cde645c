"""Folders with one thing broken: each is refused in a sentence that names it."""

import json
import re

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForImageTextToText

from benchmarks.tiny.other_decoders import OTHER_DECODERS
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.models.loading import read_model
from tests.explainers.models.test_models import CAUSAL, edit_config, refusal, saved
from tests.tiny_models import tiny_causal


@pytest.fixture
def folder(tmp_path):
    return saved(tiny_causal("llama", chat=True), tmp_path / "llama")


def stored_as(path, change):
    file = path / "model.safetensors"
    save_file({key: change(weight) for key, weight in load_file(file).items()}, file, {"format": "pt"})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"num_hidden_layers": 1}, "model.layers.1.input_layernorm.weight is left over"),
        ({"num_hidden_layers": 3}, "model.layers.2.input_layernorm.weight is missing"),
        ({"num_hidden_layers": 0}, "is left over"),
        ({"num_hidden_layers": -1}, "is left over"),
        ({"hidden_size": 48}, "sizes differ"),
        ({"vocab_size": 100}, "sizes differ"),
    ],
)
def test_a_config_of_another_model_is_refused(folder, changes, says):
    edit_config(folder, **changes)
    message = refusal(folder)
    assert "config.json of" in message and "does not fit its weights" in message and says in message


Q_PROJ, Q_NORM = "model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.q_norm.weight"


@pytest.mark.parametrize(
    "left", [f"{Q_PROJ}.lora_A.default.weight", f"{Q_PROJ}.bias", Q_NORM, f"{Q_PROJ}.weight_scale"]
)
def test_weights_that_the_config_has_no_place_for_are_refused(folder, left):
    file = folder / "model.safetensors"
    save_file(load_file(file) | {left: torch.ones(8)}, file, {"format": "pt"})
    assert f"does not fit its weights ({left} is left over)" in refusal(folder)


def test_what_is_no_weight_of_a_layer_may_be_left_over(folder):
    file, attention = folder / "model.safetensors", "model.layers.0.self_attn"
    names = (
        f"{attention}.bias",
        f"{attention}.masked_bias",
        f"{attention}.rotary_emb.inv_freq",
        "visual.layers.0.weight",
    )
    save_file(load_file(file) | {name: torch.ones(4) for name in names}, file, {"format": "pt"})
    assert read_model("tiny", folder, CAUSAL, torch.float32)


def test_weights_under_other_names_are_refused(folder):
    file = folder / "model.safetensors"
    save_file({f"module.{key}": weight for key, weight in load_file(file).items()}, file, {"format": "pt"})
    assert "has other names for them than module.lm_head.weight" in refusal(folder)


@pytest.mark.parametrize("stored", [torch.float8_e4m3fn, torch.int8])
def test_weights_whose_scales_would_be_passed_over_are_refused(folder, stored):
    stored_as(folder, lambda weight: weight.to(stored) if weight.shape == (32, 32) else weight)
    name = {torch.int8: "I8"}.get(stored, "F8_E4M3")
    assert f"are stored as {name}, and its config.json does not say how they were quantized" in refusal(
        folder
    )


@pytest.mark.parametrize("config", [False, True])
@pytest.mark.parametrize(("base", "named"), [("owner/whole", " (owner/whole)"), (None, "")])
def test_an_adapter_alone_is_told_apart_from_a_model(tmp_path, base, named, config):
    if config:  # as a training run's checkpoints have it
        tiny_causal("llama").model.config.save_pretrained(tmp_path)
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": base}))
    assert f"is an adapter (PEFT), not a whole model. Merge it into its model{named} with" in refusal(
        tmp_path
    )


def test_layers_that_predict_further_words_may_be_left_over(folder):
    edit_config(folder, num_hidden_layers=1, num_nextn_predict_layers=1)
    assert read_model("tiny", folder, CAUSAL, torch.float32).config.num_hidden_layers == 1


DAMAGED = {  # file → what is written into it, and what is said
    "a list": ("config.json", "[1, 2]", "config.json of llama is damaged. Download"),
    "no JSON": ("config.json", "{broken", "config.json of llama is damaged. Download"),
    "architectures": ("config.json", '{"architectures": 7}', "config.json of llama is damaged. Download"),
    "no kind": ("config.json", "{}", "does not name its kind"),
    "unknown": ("config.json", '{"model_type": "orca9"}', r"transformers does not know \('orca9'\)\. Choose"),
    "own code": (
        "config.json",
        '{"model_type": "x", "auto_map": {}}',
        "code of its own, which Maskwise does not",
    ),
    "weights": ("model.safetensors", "version https://git-lfs", "model.safetensors is missing or damaged"),
    "tokenizer": ("tokenizer.json", "{broken", "tokenizer of llama cannot be read: .*Copy that of its model"),
    "tokenizer's kind": ("tokenizer.json", '{"model": {"type": "Odd"}}', "tokenizer of llama cannot be read"),
    "template": ("tokenizer_config.json", '{"chat_template": 7}', "tokenizer of llama cannot be read"),
    "generation": ("generation_config.json", "[]", "config files of llama describe no llama model"),
}
FROM_PYTHON = re.compile(
    r"/|\b\w*(Error|Exception)\b|'\w+' object|NoneType|\bstr\b|\bint\b|\bdict\b|Traceback"
)


@pytest.mark.parametrize(("file", "text", "says"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_ends_in_a_sentence_without_paths_or_pythons_words(folder, file, text, says):
    (folder / "chat_template.jinja").unlink()
    (folder / file).write_text(text)
    message = refusal(folder)
    assert re.search(says, message) and not FROM_PYTHON.search(message)


@pytest.mark.parametrize(
    "changes",
    [
        {"hidden_size": "many"},
        {"hidden_size": -4},
        {"num_attention_heads": 0},
        {"hidden_act": "frobnicate"},
        {"rope_parameters": {"rope_type": "spiral"}},
        {"vocab_size": None},
        {"quantization_config": "awq"},
        {"num_hidden_layers": 1_000_000},
    ],
)
def test_values_that_make_no_model_end_in_a_sentence(folder, changes):
    edit_config(folder, **changes)
    message = refusal(folder)
    assert re.search(
        "config(.json| files) of llama (describe no llama model|names 1,000,000 layers)", message
    )
    assert not FROM_PYTHON.search(message) and "Download or save the model again" in message


@pytest.mark.parametrize(
    "index", ["[]", "{}", '{"weight_map": {"a": 7}}', '{"metadata": {}, "weight_map": {}}']
)
def test_a_damaged_index_is_named(folder, index):
    (folder / "model.safetensors").rename(folder / "part.safetensors")
    (folder / "model.safetensors.index.json").write_text(index)
    assert "index.json is damaged. Download" in refusal(folder)


def test_a_file_in_place_of_a_folder_is_named(folder):
    assert "model.safetensors is a file. Give the folder" in refusal(folder / "model.safetensors")


def test_integers_that_nothing_explains_are_refused(folder):
    stored_as(folder, lambda weight: weight.to(torch.int8))
    assert "stored as I8, and its config.json does not say how they were quantized" in refusal(folder)


def test_a_folder_without_a_tokenizer_is_refused(tmp_path):
    tiny_causal("llama").model.save_pretrained(tmp_path)
    assert "has no tokenizer (tokenizer.json)" in refusal(tmp_path, Task.GENERATION)


def test_what_transformers_says_of_a_config_is_told_whole(folder):
    edit_config(folder, num_attention_heads=7)
    assert "not a multiple of the number of attention heads (7)" in refusal(folder)


@pytest.mark.parametrize("kind", ["qwen3_5", "llama4"])
def test_a_model_of_pictures_is_loaded_by_its_text_model(kind, tmp_path):
    own = {"vocab_size": 300, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
    settings = OTHER_DECODERS[kind][1]
    text = settings["text_config"] | own
    config = AutoConfig.for_model(kind, **settings | {"text_config": text})
    whole = AutoModelForImageTextToText.from_config(config).eval()
    whole.save_pretrained(tmp_path)
    model = read_model(kind, tmp_path, CAUSAL, torch.float32).eval()
    ids = torch.arange(5, 13)[None]
    with torch.no_grad():
        assert torch.equal(model(input_ids=ids).logits, whole(input_ids=ids).logits)


def test_a_model_of_another_task_is_still_refused(folder):
    edit_config(folder, architectures=["LlamaForSequenceClassification"])
    with pytest.raises(MaskwiseError, match="does not fit this task"):
        read_model("tiny", folder, CAUSAL, torch.float32)
