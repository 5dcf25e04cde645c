"""Every kind that transformers offers was held against a slow computation, or has a reason."""

from pathlib import Path

from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)

from benchmarks.tiny.decoders import DECODERS
from benchmarks.tiny.encoder_decoders import ENCODER_DECODERS
from benchmarks.tiny.other_decoders import NOT_TRIED, OTHER_DECODERS
from benchmarks.verified_models import MENU
from explainers.core.types import Task
from explainers.models.catalogue import CATALOGUE
from tests.masked_kinds import ELSEWHERE, REFUSED, RIGHT

PAGE = Path("docs/verified_models.md").read_text(encoding="utf-8")


def test_every_kind_of_decoder_was_tried():
    tried = {kind for kind, _ in (DECODERS | OTHER_DECODERS).values()}
    assert set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES) == (tried & set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)) | set(
        NOT_TRIED
    )
    assert not tried & set(NOT_TRIED)


def test_every_kind_of_masked_lm_was_tried():
    assert set(MODEL_FOR_MASKED_LM_MAPPING_NAMES) == set(RIGHT) | set(REFUSED) | set(ELSEWHERE)


def test_the_page_names_every_kind():
    for name in (*DECODERS, *OTHER_DECODERS, *ENCODER_DECODERS):
        assert f"| {name} | " in PAGE
    for kind in NOT_TRIED:
        assert f"Not tried: {kind}, " in PAGE
    for kind in (*RIGHT, *REFUSED):
        assert f"| {kind} | " in PAGE.split("## Masked language models")[1]


def test_every_model_of_the_menu_is_of_a_verified_kind():
    assert set(MENU) == {entry.id for entry in CATALOGUE}
    for entry in CATALOGUE:
        kinds = DECODERS if entry.task is Task.GENERATION else RIGHT
        assert MENU[entry.id] in kinds
        assert f"| {entry.id} | {MENU[entry.id]} |" in PAGE
