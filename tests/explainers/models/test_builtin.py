"""The built-in models' files: checked, converted once, and rebuilt when anything in the cache is off."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import gguf
import pytest
import torch

from explainers.core.errors import MaskwiseError
from explainers.models import builtin
from explainers.models.builtin import MARKER, MINILM, SMOLLM2

WEIGHTS = "model.safetensors"


@pytest.fixture
def conversions(monkeypatch, tmp_path):
    """A cache of its own and a converter that writes little; the list grows with every conversion."""
    calls = []

    def convert(gguf, folder):
        calls.append(gguf)
        (folder / WEIGHTS).write_bytes(b"weights" * 1000)
        (folder / "config.json").write_text("{}")

    monkeypatch.setattr(builtin, "convert", convert)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    builtin.converted_folder.cache_clear()
    yield calls
    builtin.converted_folder.cache_clear()


def converted_afresh():
    builtin.converted_folder.cache_clear()
    return builtin.smollm2_folder()


def test_conversion_happens_once(conversions, tmp_path):
    folder = converted_afresh()
    assert folder.parent == tmp_path / "maskwise"
    assert converted_afresh() == folder
    assert len(conversions) == 1
    assert not list(folder.parent.glob("*.partial"))


def cut_short(folder):
    (folder / WEIGHTS).write_bytes(b"weights" * 500)


def flip_a_byte(folder):
    (folder / WEIGHTS).write_bytes(b"weighty" + b"weights" * 999)


def lose_a_file(folder):
    (folder / "config.json").unlink()


def lose_the_marker(folder):
    (folder / MARKER).unlink()


def garble_the_marker(folder):
    (folder / MARKER).write_text("{")


def come_from_another_version(folder):
    marker = json.loads((folder / MARKER).read_text())
    (folder / MARKER).write_text(json.dumps(marker | {"transformers": "4.0"}))


@pytest.mark.parametrize(
    "damage",
    [cut_short, flip_a_byte, lose_a_file, lose_the_marker, garble_the_marker, come_from_another_version],
)
def test_a_damaged_cache_is_rebuilt(conversions, damage):
    damage(converted_afresh())
    folder = converted_afresh()
    assert len(conversions) == 2
    assert (folder / WEIGHTS).read_bytes() == b"weights" * 1000
    assert converted_afresh() and len(conversions) == 2


def test_a_half_written_conversion_is_started_over(conversions, tmp_path):
    partial = tmp_path / "maskwise" / "SmolLM2-135M-Instruct.partial"
    partial.mkdir(parents=True)
    (partial / "left_over").write_text("x")
    assert sorted(file.name for file in converted_afresh().iterdir()) == ["config.json", MARKER, WEIGHTS]


def test_two_at_once_convert_once(conversions, tmp_path):
    def build(_):
        builtin.build(SMOLLM2.path(), tmp_path / "maskwise" / "model", SMOLLM2)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(build, range(2)))
    assert len(conversions) == 1


def test_an_unwritable_cache_names_the_fix(conversions, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(MaskwiseError, match="set XDG_CACHE_HOME"):
        converted_afresh()
    builtin.converted_folder.cache_clear()
    with pytest.raises(SystemExit, match="set XDG_CACHE_HOME"):  # the command ends in the sentence alone
        builtin.main()


def test_another_file_than_the_published_one_is_refused(conversions):
    other = replace(SMOLLM2, sha256="0" * 64)
    with pytest.raises(MaskwiseError, match="not the published one.*pip install"):
        builtin.converted_folder(other, builtin.cache_folder() / "other")
    with pytest.raises(MaskwiseError, match="not the published one.*pip install"):
        builtin.checked_folder(replace(MINILM, sha256="0" * 64))
    assert not conversions


def test_without_the_package_there_is_no_folder(conversions):
    smollm2, minilm = (replace(packaged, package="not_installed") for packaged in (SMOLLM2, MINILM))
    assert builtin.converted_folder(smollm2, builtin.cache_folder()) is None
    assert builtin.checked_folder(minilm) is None


def test_the_sentence_encoder_is_the_packages_own():
    folder = builtin.sentence_encoder_folder()
    assert (folder / "modules.json").exists() and (folder / "1_Pooling" / "config.json").exists()


def test_conversion_gives_the_same_model_every_time(smollm, monkeypatch, tmp_path):
    """The real conversion, over a cache whose weights were cut short (about 10 s)."""
    monkeypatch.setattr("gguf.GGUFReader", cache(gguf.GGUFReader))  # transformers reads the file three times
    original = builtin.smollm2_folder()
    broken = tmp_path / "maskwise" / original.name
    shutil.copytree(original, broken, ignore=lambda *_: [WEIGHTS])
    (broken / WEIGHTS).write_bytes(b"cut short")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    rebuilt = builtin.smollm2_folder()
    assert rebuilt == broken
    assert (rebuilt / MARKER).read_text() == (original / MARKER).read_text()


def test_conversion_gives_the_same_weights_on_every_machine():
    """This machine's own conversion, which each load compares with its marker, against those weights that the
    documents' numbers come from. Another version of transformers may write another head before them."""
    marker = json.loads((builtin.smollm2_folder() / MARKER).read_text())
    assert marker["sha256"][WEIGHTS] == "a672150fb4f99d7c8f4168cecdd464069c0ef3a37d8113f22ddb9d48031d03cd"


def test_the_chat_template_came_along(smollm):
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    rendered = smollm.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    assert rendered == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
    )
    default = smollm.tokenizer.apply_chat_template(turns[1:], tokenize=False)
    assert default.startswith("<|im_start|>system\nYou are a helpful AI assistant named SmolLM")


def test_the_tokenizer_reads_digits_one_by_one(smollm):
    """As the published tokenizer does, which cuts digits off before it looks at white space."""
    tokens = smollm.tokenizer.tokenize("in  2024 12x")
    assert tokens == ["in", "ĠĠ", "2", "0", "2", "4", "Ġ", "1", "2", "x"]
    assert smollm.tokenizer("in  2024 12x").tokens() == tokens, "nothing is put before or after a text"


def test_it_knows_the_capital_of_france(smollm):
    turn = [{"role": "user", "content": "What is the capital of France?"}]
    inputs = smollm.tokenizer.apply_chat_template(
        turn, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    output = smollm.model.generate(**inputs, max_new_tokens=10, do_sample=False)
    assert "Paris" in smollm.tokenizer.decode(output[0, inputs["input_ids"].shape[1] :])
    assert smollm.dtype is torch.float32 and smollm.device.type == "cpu"
