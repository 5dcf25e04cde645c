"""Reading label words: KPT's file formats, and what a person types."""

import json

import pytest

from components.classification.filling import words_of_file
from explainers.core.errors import MaskwiseError
from explainers.verbalizers.kpt_file import parse_kpt, read_kpt_file
from explainers.verbalizers.words import find_label, read_label_words

LABELS = ("World", "Sports", "Business")


def test_kpt_text_is_read_and_words_of_two_classes_go():
    text = "politics,government, law ,team\nsports,team,game,politics\nbusiness,trade\n\n"
    assert parse_kpt(text, LABELS) == {
        "World": ["politics", "government", "law"],
        "Sports": ["sports", "game"],
        "Business": ["business", "trade"],
    }


def test_kpt_json_is_read_by_class():
    words = {"Business": ["trade"], "World": ["politics", "law"], "Sports": ["sports"]}
    assert list(parse_kpt(json.dumps(words), LABELS).items()) == [(n, words[n]) for n in LABELS]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("politics\nsports", "2 lines, but the task has 3 classes"),
        ('{"World": ["x"]}', "must be those of the task"),
        ("{broken", "neither KPT's text nor JSON"),
        ("a" * 61 + "\nb\nc", "1 to 60 characters"),
    ],
)
def test_faulty_files_are_refused(text, message):
    with pytest.raises(MaskwiseError, match=message):
        parse_kpt(text, LABELS)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"a": ["b"]}, "2 to 50 classes"),
        ([], "2 to 50 classes"),
        ({f"c{n}": ["x"] for n in range(51)}, "2 to 50 classes"),
        ({"a": 3, "b": ["c"]}, "must be a list"),
        ({"a": [3], "b": ["c"]}, "must be text"),
        ({"x" * 61: ["b"], "b": ["c"]}, "1 to 60 characters"),
        ({"a": ["b"], "a ": ["c"]}, "same name"),
        ({"a": ["w"] * 2001, "b": ["c"]}, "at most 2000"),
        ({"a": [" "], "b": ["c"]}, "'a' are nothing but space. Give it a word, or leave them out"),
        ({"a": " ,\u3000, ", "b": ["c"]}, "'a' are nothing but space"),
        ({"a": ["▁"], "b": ["c"]}, r"A label word, '\\u2581', holds nothing that can be seen"),
        ({"a": ["x", "\u200b"], "b": ["c"]}, r"A label word, '\\u200b', holds nothing that can be seen"),
        ({"a": ["\ufeff"], "b": ["c"]}, "nothing that can be seen"),
        ({"a": ["\u00ad\u2060"], "b": ["c"]}, "nothing that can be seen"),
        ({"a": ["\u3164"], "b": ["c"]}, "nothing that can be seen"),
        ({"a": ["\u2800"], "b": ["c"]}, "nothing that can be seen"),
        ({"a": ["\u0301"], "b": ["c"]}, "nothing that can be seen"),
        ({"\u200d": ["x"], "b": ["c"]}, r"A class name, '\\u200d', holds nothing that can be seen"),
    ],
)
def test_faulty_label_words_are_refused(words, message):
    with pytest.raises(MaskwiseError, match=message):
        read_label_words(words)


def test_label_words_may_be_text_and_default_to_the_class_itself():
    read = read_label_words({"Sports": "football, team , football", "Food": [], "Art": ""})
    assert read == {"Sports": ["football", "team"], "Food": ["food"], "Art": ["art"]}


@pytest.mark.parametrize(
    "word", ["👩‍👩‍👧", "❤\ufe0f", "क्", "می\u200cخواهم", "+", "1", "商业", "\u200ffar\u200f"]
)
def test_words_of_every_script_are_seen(word):
    assert read_label_words({"a": [word, " "], "b": ["c"]})["a"] == [word]


def test_a_class_is_found_in_any_case_but_its_own_name_comes_first():
    assert find_label(" SPORTS ", ["Sports", "Food"]) == "Sports"
    assert [find_label(name, ["US", "us"]) for name in ("US", "us", "Us")] == ["US", "us", "US"]
    with pytest.raises(MaskwiseError, match="none of the classes"):
        find_label(None, ["Sports", "Food"])


def test_a_published_file_is_read_from_its_path(tmp_path):
    file = tmp_path / "knowledgeable_verbalizer.txt"
    file.write_text("bad,awful\ngood,fine\n", encoding="utf-8")
    assert read_kpt_file(file, ["no", "yes"]) == {"no": ["bad", "awful"], "yes": ["good", "fine"]}
    file.write_text("bad,awful\ngood,fine\n", encoding="utf-8-sig")  # as editors under Windows save it
    assert read_kpt_file(file, ["no", "yes"])["no"] == ["bad", "awful"]
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(MaskwiseError, match="UTF-8"):
        read_kpt_file(file, ["no", "yes"])
    file.write_bytes(b"a" * 1_000_001)
    with pytest.raises(MaskwiseError, match="larger than 1000 kB"):
        read_kpt_file(file, ["no", "yes"])


def test_a_file_fills_the_lines_or_says_what_is_wrong(tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("bad,awful\ngood,fine\n", encoding="utf-8")
    assert words_of_file(str(file), "No: x\nYes: y")[0] == "No: bad, awful\nYes: good, fine"
    assert "2 lines, but the task has 3 classes" in words_of_file(str(file), "A: x\nB: y\nC: z")[1]["text"]
