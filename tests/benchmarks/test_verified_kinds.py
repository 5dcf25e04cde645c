"""Every kind that transformers offers was held against a slow computation, or has a reason."""

import json
from pathlib import Path

import pytest
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
)

from benchmarks.tiny.decoders import DECODERS
from benchmarks.tiny.encoder_decoders import ENCODER_DECODERS, READ_SOUND
from benchmarks.tiny.other_decoders import NOT_TRIED, OTHER_DECODERS
from benchmarks.verified_models import MENU
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.models.catalogue import CATALOGUE
from explainers.models.configuration import read_config
from tests.masked_kinds import ELSEWHERE, REFUSED, RIGHT

PAGE = Path("docs/verified_models.md").read_text(encoding="utf-8")


def test_every_kind_of_decoder_was_tried():
    tried = {kind for kind, _ in (DECODERS | OTHER_DECODERS).values()}
    assert set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES) == (tried & set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)) | set(
        NOT_TRIED
    )
    assert not tried & set(NOT_TRIED)


def test_every_kind_of_encoder_decoder_was_tried_or_reads_sound_and_is_refused(tmp_path):
    """transformers lists decoders that are given sound beside encoder–decoders."""
    classes = MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES
    sound = set(classes) - set(ENCODER_DECODERS) - set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
    assert sound == set(READ_SOUND)
    for kind in sound:
        stored = {"model_type": kind, "architectures": [classes[kind]]}
        (tmp_path / "config.json").write_text(json.dumps(stored))
        with pytest.raises(MaskwiseError, match=f"{classes[kind]}. does not fit this task. Choose a causal"):
            read_config("m", tmp_path, Task.GENERATION)


def test_every_kind_of_masked_lm_was_tried():
    assert set(MODEL_FOR_MASKED_LM_MAPPING_NAMES) == set(RIGHT) | set(REFUSED) | set(ELSEWHERE)


def test_the_page_names_every_kind():
    for name in (*DECODERS, *OTHER_DECODERS, *ENCODER_DECODERS):
        assert f"| {name} | " in PAGE
    for kind in (*NOT_TRIED, *READ_SOUND):
        assert f"Not tried: {kind}, " in PAGE
    for kind in (*RIGHT, *REFUSED):
        assert f"| {kind} | " in PAGE.split("## Masked language models")[1]


def test_every_model_of_the_menu_is_of_a_verified_kind():
    assert set(MENU) == {entry.id for entry in CATALOGUE}
    for entry in CATALOGUE:
        kinds = DECODERS if entry.task is Task.GENERATION else RIGHT
        assert MENU[entry.id] in kinds
        assert f"| {entry.id} | {MENU[entry.id]} |" in PAGE
