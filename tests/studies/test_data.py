"""Rows from files of each format, by column names, and which of them a study takes."""

import csv

import pyarrow
import pyarrow.parquet
import pytest

from explainers.core.errors import MaskwiseError
from studies.data import chosen_items, read_rows, training_items
from tests.studies.small import LINES, PROMPTS, classification_study, generation_study, write_jsonl

ROWS = [
    {"question": "Why is the sky blue?", "more": "Say, please"},
    {"question": "Wörter — 日本", "more": ""},
]


def write(path, rows):
    if path.suffix == ".jsonl":
        write_jsonl(path, rows)
    elif path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return str(path)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_every_format_gives_the_same_prompts(tmp_path, suffix):
    source = write(tmp_path / f"data{suffix}", ROWS)
    study = generation_study(tmp_path, data=[{"name": "a", "source": source, "text": ["question", "more"]}])
    items = chosen_items(study, study.data[0])
    assert [item.text for item in items] == ["Why is the sky blue? Say, please", "Wörter — 日本"]
    assert [item.number for item in items] == [0, 1]


def test_words_limits_and_draws(tmp_path):
    study = generation_study(tmp_path, least_words=9, most_words=10, limit=1)
    assert [item.text for item in chosen_items(study, study.data[0])] == [PROMPTS[0]]
    drawn = generation_study(tmp_path, draw="random", limit=3)
    first = chosen_items(drawn, drawn.data[0])
    assert first == chosen_items(drawn, drawn.data[0]) and len({item.number for item in first}) == 3
    assert all(item.text == PROMPTS[item.number] for item in first)
    with pytest.raises(MaskwiseError, match="no text of 99 to any number of words"):
        chosen_items(generation_study(tmp_path, least_words=99), study.data[0])


def test_labels_are_numbers_or_names(tmp_path):
    source = write(
        tmp_path / "named.csv", [{"text": "good", "label": "Positive"}, {"text": "bad", "label": "0"}]
    )
    study = classification_study(tmp_path)
    data = study.data[0].model_copy(update={"source": source, "training": source})
    assert [item.label for item in chosen_items(study, data)] == [1, 0]
    assert [(item.text, item.label) for item in training_items(study.data[0])] == list(LINES)
    counted_from_1 = data.model_copy(update={"first_label": 1})
    with pytest.raises(MaskwiseError, match="label '0', which is no class of sst2: Negative, Positive"):
        chosen_items(study, counted_from_1)


def test_what_is_missing_is_said(tmp_path):
    study = generation_study(tmp_path)
    other = study.data[0].model_copy(update={"text": ["instruction"]})
    with pytest.raises(MaskwiseError, match="no column 'instruction'; it has: prompt"):
        chosen_items(study, other)
    gone = study.data[0].model_copy(update={"source": str(tmp_path / "gone.csv")})
    with pytest.raises(MaskwiseError, match="There is no file gone.csv"):
        list(read_rows(gone, "train"))
    for name, content in (("a.jsonl", "{"), ("b.jsonl", "[1]\n"), ("c.parquet", "no"), ("d.jsonl", "\xff")):
        (tmp_path / name).write_bytes(content.encode("latin-1"))
        broken = study.data[0].model_copy(update={"source": str(tmp_path / name)})
        with pytest.raises(MaskwiseError, match=name):
            list(read_rows(broken, "train"))
