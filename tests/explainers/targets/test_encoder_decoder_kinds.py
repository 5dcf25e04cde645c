"""Every kind of encoder–decoder is right or refused, also where a model is damaged or a text is short."""

import pytest
import torch

from benchmarks import verified_models
from benchmarks.tiny.encoder_decoders import ENCODER_DECODERS, tiny_encoder_decoder
from benchmarks.verified_models import OPERATORS, byte_tokenizer, verify
from explainers import explain_generation
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.models.loaded import LoadedModel
from explainers.targets.encoder_decoder.decoding import decoder_steps
from explainers.targets.encoder_decoder.reading import reading_of, start_ids

CLOSE = 0.005  # nats
REFUSED = {"fsmt": "The encoder of this fsmt model cannot be given word embeddings"}
every_kind = pytest.mark.parametrize("kind", ENCODER_DECODERS)


@pytest.mark.parametrize("operator", OPERATORS)
@every_kind
def test_log_prob_is_right_or_the_kind_is_refused_by_name(kind, operator):
    verdict = verify(kind, operator)
    if kind in REFUSED:
        assert REFUSED[kind] in verdict.refusal
    else:
        assert not verdict.refusal and verdict.difference < CLOSE and verdict.moved > 10 * CLOSE


def test_a_decoder_that_fails_on_its_cache_is_read_without():
    assert verify("prophetnet", OPERATORS[0]).difference < CLOSE
    assert not reading_of(verified_models.model_of_kind("prophetnet")).caches


def test_a_context_is_shortened_once_though_both_halves_count_behind_the_padding():
    model, tokenizer = tiny_encoder_decoder("prophetnet", 200), byte_tokenizer()
    loaded = LoadedModel("", "", Task.GENERATION, model, tokenizer, torch.device("cpu"), torch.float32)
    table = model.get_encoder().position_embeddings
    assert loaded.context == table.num_embeddings - table.padding_idx - 1


@pytest.mark.parametrize("kind", ["m2m_100", "m2m_100 whose answers start with padding", "nllb-moe", "t5"])
def test_an_answer_is_what_the_whole_is_read_for_token_by_token(kind):
    """Positions that are counted by padding differ between a decoder's cache and the whole answer."""
    model, tokenizer = tiny_encoder_decoder(kind, len(byte_tokenizer())), byte_tokenizer()
    loaded = LoadedModel(kind, "", Task.GENERATION, model, tokenizer, torch.device("cpu"), torch.float32)
    ids = torch.tensor(tokenizer(["Tell me of dogs.", "Tell us of cats."]).input_ids)
    embeds = model.get_input_embeddings()(ids)
    written = torch.tensor(list(decoder_steps(loaded, embeds, 8, lambda rows: None))).T
    expected = start_ids(model).expand(2, -1)
    for _ in range(8):
        logits = model(input_ids=ids, decoder_input_ids=expected, use_cache=False).logits
        expected = torch.cat([expected, logits[:, -1:].argmax(-1)], 1)
    assert written.equal(expected[:, 1:])
    assert reading_of(model).caches is ("padding" not in kind)


@pytest.mark.parametrize("operator", ["zero", "replace"])  # an encoder cannot read nothing
@pytest.mark.parametrize("kind", ["t5", "bart", "marian"])
def test_a_prompt_and_an_answer_of_one_token(kind, operator):
    assert verify(kind, operator, "T", "O").difference < CLOSE


def explain(model, **settings):
    *_, found = explain_generation(
        "Tell me of dogs.", model=model, tokenizer=byte_tokenizer(), method="best_swap", k=1, **settings
    )
    return found


@pytest.mark.parametrize("kind", ["t5", "bart", "marian"])
def test_damaged_weights_end_in_a_sentence(kind):
    model = tiny_encoder_decoder(kind, len(byte_tokenizer()))
    list(model.parameters())[-1].fill_(float("nan"))
    for answer in ("Once", ""):
        with pytest.raises(MaskwiseError, match="numbers overflow"):
            explain(model, response=answer)


@pytest.mark.parametrize("kind", ["t5", "bart", "marian"])
def test_an_answer_that_ends_at_once(kind):
    model = tiny_encoder_decoder(kind, len(byte_tokenizer()))
    model.generation_config.eos_token_id = list(range(len(byte_tokenizer())))
    with torch.no_grad(), pytest.raises(MaskwiseError, match="The answer is empty"):
        explain(model)


@pytest.mark.parametrize("told", [{}, {"forced_bos_token_id": 7}, {"decoder_start_token_id": 7}])
def test_a_translator_that_is_not_told_the_language_of_its_answer_says_so(told):
    model, tokenizer = tiny_encoder_decoder("m2m_100", len(byte_tokenizer())), byte_tokenizer()
    tokenizer.src_lang = "eng_Latn"
    model.config.decoder_start_token_id = told.get("decoder_start_token_id", 0)
    model.generation_config.forced_bos_token_id = told.get("forced_bos_token_id")
    *_, found = explain_generation("Tell me of dogs.", model=model, tokenizer=tokenizer, response="Once", k=1)
    assert any("translates from eng_Latn into any" in note for note in found["notes"]) is (not told)
