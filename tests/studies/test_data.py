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
    with pytest.raises(MaskwiseError, match="no text of 99 to any number of words: its texts have 9 to 14"):
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


def from_file(tmp_path, name, content, **changes):
    """What a study of prompts takes from a file of that content."""
    (tmp_path / name).write_bytes(content)
    data = {"name": "a", "source": str(tmp_path / name), "text": ["prompt"]}
    study = generation_study(tmp_path, data=[data], **changes)
    return [item.text for item in chosen_items(study, study.data[0])]


CUT_OFF = pyarrow.BufferOutputStream()
pyarrow.parquet.write_table(pyarrow.table({"prompt": ["Why is the sky blue?"] * 100}), CUT_OFF)
CUT_OFF = CUT_OFF.getvalue().to_pybytes()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b'{"prompt": "Hi"}\n{', "Line 2 of a.jsonl is no JSON object"),
        ("a.jsonl", b"[1]\n", "Line 1 of a.jsonl is no JSON object"),
        ("a.jsonl", b"[" * 100_000, "Line 1 of a.jsonl is no JSON object"),
        ("a.jsonl", b'{"prompt": ["Hi"]}', r"The column 'prompt' of a holds no text: \['Hi'\]"),
        ("a.jsonl", b"", "a.jsonl is empty, or its column is"),
        ("a.csv", b"prompt\n", "a.csv is empty, or its column is"),
        ("a.csv", b"prompt\n\xff\xfe\n", "a.csv is not UTF-8 text. Save it as UTF-8"),
        ("a.csv", b'prompt\n"never closed\nlost\n', "a.csv cannot be read: unexpected end of data"),
        ("a.csv", b"prompt\nWell, yes\n", "Line 2 of a.csv has more cells than the first line has names"),
        ("a.jsonl", b'{"text": "Hi"}\n{"question": "Why?"}', "no column 'prompt'; it has: text"),
        ("a.parquet", b"no", "a.parquet cannot be read: "),
        ("a.parquet", b"", "a.parquet cannot be read: "),
        ("a.parquet", CUT_OFF[: len(CUT_OFF) // 2], "a.parquet cannot be read: "),
        ("a.parquet", CUT_OFF[:20] + b"\xff" * 40 + CUT_OFF[60:], "a.parquet cannot be read: "),
        ("a.txt", b"Hi", "a.txt must be a JSONL, CSV or Parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_is_explained(tmp_path, name, content, said):
    with pytest.raises(MaskwiseError, match=said):
        from_file(tmp_path, name, content)


def test_files_as_they_come_are_read(tmp_path):
    assert from_file(tmp_path, "A.CSV", "\ufeffprompt,more\nHé,1,\n,\n".encode()) == ["Hé"]  # from Excel
    assert from_file(tmp_path, "a.csv", b"prompt\n" + b"word " * 100_000) == [("word " * 100_000).strip()]
    assert from_file(tmp_path, "a.jsonl", b'{"prompt": "half \\ud83d"}\n\n{"prompt": null}') == [
        "half \ufffd"
    ]
    assert from_file(tmp_path, "a.jsonl", b'{"id": 1}\n{"prompt": NaN}\n{"prompt": 0}') == ["0"]


@pytest.mark.parametrize("label", ["0.5", "-1", "2", "inf", "NaN", "", "good", "1e400"])
def test_a_label_that_is_no_class_is_refused(tmp_path, label):
    source = write(tmp_path / "a.csv", [{"text": "good", "label": label}])
    study = classification_study(tmp_path)
    data = study.data[0].model_copy(update={"source": source})
    with pytest.raises(MaskwiseError, match="which is no class of sst2: Negative, Positive"):
        chosen_items(study, data)


def test_texts_to_tune_on_must_be_of_every_class(tmp_path):
    study = classification_study(tmp_path)
    good = write_jsonl(tmp_path / "good.jsonl", [{"text": "good", "label": 1}])
    with pytest.raises(MaskwiseError, match="own is tuned on hold none of the class Negative"):
        training_items(study.data[0].model_copy(update={"training": good}))
