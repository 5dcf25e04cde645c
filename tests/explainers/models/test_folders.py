"""Folders with one thing broken: each is refused in a sentence that names it."""

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


def test_layers_that_predict_further_words_may_be_left_over(folder):
    edit_config(folder, num_hidden_layers=1, num_nextn_predict_layers=1)
    assert read_model("tiny", folder, CAUSAL, torch.float32).config.num_hidden_layers == 1


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
