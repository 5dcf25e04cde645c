"""What stands in a removed word's place where the tokenizer has nothing for it."""

from functools import partial

import pytest

from explainers import explain_generation, what_if
from explainers.core.errors import MaskwiseError
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import encode_response, render_prompt
from tests.tiny_models import tiny_causal


def test_a_tokenizer_without_special_tokens_replaces_nothing():
    loaded = tiny_causal("gpt2")
    tokenizer = loaded.tokenizer
    for name in ("unk_token", "pad_token", "eos_token", "bos_token"):
        setattr(tokenizer, name, None)
    asked = loaded, render_prompt(tokenizer, "The sea is wide."), encode_response(tokenizer, "Yes.")
    without = (0, 1, 1, 1, 1)
    with pytest.raises(MaskwiseError, match="no unknown, padding or end token.*zero or delete"):
        ResponseTarget(*asked, operator="replace").log_prob_of(without)
    assert ResponseTarget(*asked, operator="delete").log_prob_of(without) < 0


def test_tokens_without_a_word_embedding_are_refused_and_never_stand_for_a_word():
    loaded = tiny_causal("gpt2")
    loaded.tokenizer.add_tokens(["supercalifragilistic"])
    loaded.tokenizer.add_special_tokens({"pad_token": "<pad>", "unk_token": "<unk>"})
    ask = partial(explain_generation, model=loaded.model, tokenizer=loaded.tokenizer, method="random_removal")
    with pytest.raises(MaskwiseError, match="no word embedding for 'supercalifragilistic'.*resize_token"):
        list(ask("A supercalifragilistic day.", k=1))
    with pytest.raises(MaskwiseError, match="no word embedding for 'supercalifragilistic'"):
        list(ask("A day.", k=1, response="How supercalifragilistic"))
    *_, result = ask("A long day.", k=1, response="Yes", mask_operator="replace")
    assert result["log_prob_masked"] < 0


def test_an_adapter_may_change_the_word_embeddings_as_well():
    from peft import LoraConfig, get_peft_model

    loaded = tiny_causal("llama")
    adapter = LoraConfig(r=2, target_modules=["q_proj", "embed_tokens"], init_lora_weights=False)
    adapted = get_peft_model(loaded.model, adapter)
    ask = partial(explain_generation, "A long day.", tokenizer=loaded.tokenizer, method="random_removal", k=1)
    *_, result = ask(model=adapted, response="Yes")
    again = what_if(result, [0], model=adapted, tokenizer=loaded.tokenizer)
    assert again["log_prob"] == pytest.approx(result["log_prob"], abs=1e-4)
    *_, merged = ask(model=adapted.merge_and_unload(), response="Yes")
    assert result["log_prob_masked"] == pytest.approx(merged["log_prob_masked"], abs=1e-4)
