"""Folders of adapters, and of weights that have no place, in the model field: a result or a sentence."""

from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from explainers.core.types import Task
from explainers.models.held import load_model
from tests.browser import choose, expect, guarded_page
from tests.served import stand_ins, tiny_model
from tests.tiny_models import tiny_causal, tiny_masked

# People's adapters train tied layers, too; PEFT warns of that wherever one is made or loaded.
pytestmark = pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings")


def load(name, task, *how):
    """The folder's own model; a tiny one for all other names."""
    return load_model(name, task, *how) if Path(name).is_dir() else tiny_model(name, task, *how)


@pytest.fixture
def url(launched_url, monkeypatch):
    monkeypatch.setattr("explainers.streams.report.text_metrics", lambda *answers: [])  # by a second model
    with stand_ins(load):
        yield launched_url


def with_adapter(folder, tiny, beside: bool, **how):
    """A folder with an adapter, and its model beside it. how: of the adapter."""
    if beside:
        tiny.model.save_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        adapted = get_peft_model(tiny.model, LoraConfig(r=2, init_lora_weights=False, **how))
    adapted.peft_config["default"].base_model_name_or_path = "owner/base"
    adapted.save_pretrained(folder, save_embedding_layers=False)  # beyond those of modules_to_save
    tiny.tokenizer.save_pretrained(folder)
    return folder


def folders(root):
    """Of each kind one."""
    added = tiny_causal("gpt2", chat=True)
    added.tokenizer.add_tokens(["<go>"])
    added.model.resize_token_embeddings(len(added.tokenizer), mean_resizing=False)
    saved = ["wte", "lm_head"]
    how = {"target_modules": ["c_attn"], "fan_in_fan_out": True, "modules_to_save": saved}
    with_adapter(root / "whole", added, True, task_type="CAUSAL_LM", **how)
    alone = with_adapter(root / "alone", tiny_causal("llama"), False, target_modules=["q_proj"])
    tiny_causal("llama").model.config.save_pretrained(alone)
    with_adapter(root / "masked", tiny_masked("bert"), True, target_modules=["query"])
    left = root / "left"
    tiny_causal("llama").model.save_pretrained(left)
    tiny_causal("llama").tokenizer.save_pretrained(left)
    weights = left / "model.safetensors"
    more = {"model.layers.0.self_attn.q_proj.bias": torch.ones(32)}
    save_file(load_file(weights) | more, weights, {"format": "pt"})
    return root


def run_on(page, folder, model="#model", run="#run"):
    page.locator(f"{model} input").first.fill(str(folder))
    page.keyboard.press("Enter")
    page.locator(run).click()


def test_folders_end_in_a_result_or_a_sentence(browser, url, tmp_path):
    root = folders(tmp_path)
    with guarded_page(browser) as page:
        page.goto(url)
        expect(page.locator("#status")).to_contain_text("A stored example")
        page.locator("#prompt textarea").fill("Write a <go> story")
        choose(page, "#method", "Feature ablation")
        run_on(page, root / "alone")
        expect(page.locator("#status")).to_contain_text(
            "alone is an adapter (PEFT), not a whole model. Merge it"
        )
        run_on(page, root / "left")
        said = "left does not fit its weights (model.layers.0.self_attn.q_proj.bias is left over)"
        expect(page.locator("#status")).to_contain_text(said)
        run_on(page, root / "whole")
        expect(page.locator("#status")).to_contain_text(f"Feature ablation on {root / 'whole'}")
        expect(page.locator("#strip .mw-strip [data-index='2']")).to_contain_text("go")
        page.get_by_role("tab", name="Classification").click()
        page.get_by_role("button", name="SST-2: Positive").click()
        page.locator("#class-text textarea").fill("the movie was great")
        run_on(page, root / "masked", "#class-model", "#class-run")
        expect(page.locator("#class-status")).to_contain_text(f"on {root / 'masked'}")


def test_a_folder_of_an_adapter_beside_its_model_is_the_two_together(tmp_path):
    root = folders(tmp_path)
    ids = torch.tensor([[5, 6, 7]])
    for name, task in (("whole", Task.GENERATION), ("masked", Task.CLASSIFICATION)):
        model = load_model(str(root / name), task).model
        with_it = model(input_ids=ids).logits
        model.disable_adapters()
        assert (with_it - model(input_ids=ids).logits).abs().max() > 0.1
