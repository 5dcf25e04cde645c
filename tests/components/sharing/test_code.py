"""The code that the page shows computes what the page shows."""

import pytest

from components.generation import tab as generation_tab
from components.sharing.code import python_lines
from explainers.reports.record import explanation_of
from tests.shared_records import (
    NASTY,
    classification_record,
    comparison_record,
    generation_record,
)

pytestmark = pytest.mark.usefixtures("on_tiny_models")


def computed_by(lines, capsys):
    scope = {}
    exec(compile(lines, "shown code", "exec"), scope)
    assert capsys.readouterr().out.count("\n") >= len(scope["result"]["spans"])
    return scope["result"]


@pytest.mark.parametrize(
    "asked",
    [
        {"seed": 5, "options": {"iterations": 20, "initialisation": "random"}},
        {"method": "feature_ablation", "options": {}, "granularity": "token", "mask_operator": "delete"},
        {"response": "Once upon a time", "system_prompt": 'Be "kind"\nand {brief}'},
        *({"prompt": text, "k": 1, "options": {"iterations": 3}} for text in NASTY[:7]),
    ],
)
def test_the_code_computes_the_same_generation(asked, capsys):
    record = generation_record(**asked)
    result, explanation = computed_by(python_lines(record), capsys), explanation_of(record)
    assert result["spans"] == explanation["spans"] and result["log_prob"] == explanation["log_prob"]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"method": "xprompt", "seed": 3, "options": {"iterations": 15, "granularity": "word", "k": 2}},
        {"label": "Sports", "method": "integrated_gradients", "template": "{text} It was <mask> ."},
        {"task": "custom", "label_words": {"'a'": ["great"], 'b"\n{': ["bad", "terrible"]}},
    ],
)
def test_the_code_computes_the_same_classification(asked, capsys):
    record = classification_record(**asked)
    result, explanation = computed_by(python_lines(record), capsys), explanation_of(record)
    assert result["spans"] == explanation["spans"] and result["label"] == explanation["label"]


def test_the_code_computes_the_same_comparison(capsys):
    record, scope = comparison_record('Say "it"\nand {that} now'), {}
    exec(compile(python_lines(record), "shown code", "exec"), scope)
    rows = [event for event in record["events"] if event["type"] == "row"]
    assert [row["removed"] for row in scope["rows"]] == [row["removed"] for row in rows]
    assert capsys.readouterr().out.count("\n") == 3


def test_a_loaded_file_brings_no_code():
    record = generation_tab.stored_record()
    explanation = explanation_of(record)
    explanation |= {"versions": {"torch": "1\nraise SystemExit"}, "model": "'); raise SystemExit #"}
    explanation |= {
        "method": "x\nraise SystemExit",
        "options": {"a": "\nraise SystemExit"},
        "screening": "}\n",
    }
    lines = python_lines(record)
    assert "raise SystemExit" in lines
    statements = compile(lines, "code", "exec", flags=0x400).body
    assert [type(statement).__name__ for statement in statements] == ["ImportFrom", "Assign", "For"]
