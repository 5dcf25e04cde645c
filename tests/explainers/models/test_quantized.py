"""Folders of quantized models: read where their library is installed, else refused in words."""

import pytest

from explainers.core.errors import MaskwiseError
from explainers.models import configuration, held, loading
from explainers.models.held import load_model
from explainers.streams.generation import run
from explainers.streams.requests.generation import GenerationRequest
from tests.explainers.models.test_models import CAUSAL, edit_config, refusal, saved
from tests.tiny_models import tiny_causal

QUANTIZED = {
    "bitsandbytes": {"quant_method": "bitsandbytes", "load_in_4bit": True},
    "torchao": {"quant_method": "torchao", "quant_type": {"default": {"_type": "Int8WeightOnlyConfig"}}},
}
by_library = pytest.mark.parametrize("library", QUANTIZED)


def is_here(library):
    """Stands in for the search for installed libraries."""
    return lambda name: name == library


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(held, "kept_models", type(held.kept_models)())
    return saved(tiny_causal("llama", chat=True), tmp_path / "llama")


def test_a_method_that_nothing_here_reads_names_the_model_it_was_made_from(folder):
    edit_config(folder, quantization_config={"quant_method": "awq", "bits": 4})
    (folder / "README.md").write_text("---\nbase_model: owner/whole\n---\n# Small")
    assert "quantized (awq). Choose the model it was made from (owner/whole)." in refusal(folder)


@by_library
@pytest.mark.parametrize(
    ("card", "named"),
    [
        ("", ""),
        ("---\nbase_model: owner/whole\n---\n", " (owner/whole)"),
        ("---\nbase_model: [owner/a, owner/b]\n---\n", " (owner/a, owner/b)"),
    ],
)
def test_a_quantized_folder_names_what_to_load_and_what_to_install(folder, monkeypatch, library, card, named):
    edit_config(folder, quantization_config=QUANTIZED[library])
    (folder / "README.md").write_text(card)
    monkeypatch.setattr(configuration, "find_spec", is_here("another"))
    said = f"quantized ({library}). Choose the model it was made from{named}, or install {library} and start"
    assert said in refusal(folder)


@by_library
def test_a_quantized_folder_is_read_where_its_library_is_installed(folder, monkeypatch, library):
    edit_config(folder, quantization_config=QUANTIZED[library])
    read, tiny = [], tiny_causal("llama", chat=True)

    def stand_in(path, config, **how):
        read.append((path, config.quantization_config["quant_method"], how["use_safetensors"]))
        return tiny.model, {"missing_keys": [], "unexpected_keys": []}

    monkeypatch.setattr(configuration, "find_spec", is_here(library))
    monkeypatch.setattr(loading.AutoModelForCausalLM, "from_pretrained", stand_in)
    assert load_model(str(folder), CAUSAL).model is tiny.model
    assert read == [(folder, library, True)]


def test_a_library_that_fails_ends_in_a_sentence(folder, monkeypatch):
    edit_config(folder, quantization_config=QUANTIZED["bitsandbytes"])

    def stand_in(path, **how):
        raise ImportError("Using `bitsandbytes` 4-bit quantization requires a newer one")

    monkeypatch.setattr(configuration, "find_spec", is_here("bitsandbytes"))
    monkeypatch.setattr(loading.AutoModelForCausalLM, "from_pretrained", stand_in)
    assert "could not be loaded (Using `bitsandbytes` 4-bit" in refusal(folder)


@pytest.mark.parametrize(("method", "passes_on"), [("gradient_x_input", True), ("attn_lrp", False)])
def test_gradients_that_stop_at_quantized_weights_end_in_a_sentence(method, passes_on):
    """bitsandbytes knows no gradient of its 4-bit layers on a CPU; torch takes it for zero."""
    tiny = tiny_causal("llama", chat=True)
    tiny.model.config.quantization_config = QUANTIZED["bitsandbytes"]
    if not passes_on:
        for layer in tiny.model.model.layers:
            layer.self_attn.o_proj.register_forward_hook(lambda module, given, found: found.detach())
            layer.mlp.register_forward_hook(lambda module, given, found: found.detach())
    request = GenerationRequest("The sea is wide.", method=method, k=1, response="Yes")
    if passes_on:
        assert list(run(request, loaded=tiny))
        return
    with pytest.raises(MaskwiseError, match="Gradients through this model's quantized weights are not right"):
        list(run(request, loaded=tiny))


def test_a_quantization_that_rounds_all_words_together_is_named():
    tiny = tiny_causal("llama", chat=True)
    tiny.model.config.quantization_config = QUANTIZED["bitsandbytes"]
    mix = lambda module, given, found: found + found.mean(1, keepdim=True)  # noqa: E731
    tiny.model.model.layers[0].mlp.register_forward_hook(mix)
    with pytest.raises(MaskwiseError, match="rounds all words of a text together.*model it was made from"):
        list(run(GenerationRequest("The sea is wide.", k=1, response="Yes"), loaded=tiny))
