"""The What-if section on a classified text: its plain values, and the model that answers its questions."""

import copy
from dataclasses import replace

import pytest

from components.classification.tab import replay, stored_events
from components.classification.tuned_models import Tuned
from components.classification.works import TUNED_MODELS
from components.what_if.class_tab import ClassJointQuestion, ClassRemovalQuestion, tuned_model
from components.what_if.class_view import (
    ClassActionView,
    chosen,
    class_explanation,
    counted,
    measured,
    opened,
    recorded,
    unmeasured,
)
from components.what_if.view import method_set, of_link
from explainers.core.errors import MaskwiseError
from explainers.measures.flatness import FLAT
from tests.tiny_models import tiny_masked


@pytest.fixture
def record():
    return copy.deepcopy(replay(stored_events()).record())


@pytest.fixture
def explanation(record):
    return class_explanation(record)


def removal_of(explanation, removed, after: dict) -> dict:
    """A removal that leaves the named classes these probabilities, and the others theirs."""
    rows = explanation["labels"]
    rows = [{**row, "probability_masked": after.get(row["label"], row["probability"])} for row in rows]
    return {"removed": removed, "labels": rows, "label": explanation["label"]}


def sentence(values) -> str:
    return "".join(text for _, text in values["result"]["parts"]).replace("\N{NO-BREAK SPACE}", " ")


def changes(values) -> tuple[list, list]:
    """The probabilities of the classes before and after."""
    (chart,) = values["changes"]["charts"]
    before, after = chart["figure"]["data"]
    return before["x"], after["x"]


def test_it_opens_with_nothing_removed_as_the_record_tells_it(record, explanation):
    shown = opened(record)
    assert sentence(shown) == "With nothing removed, the model says Sports (99.9 %)."
    assert shown["status"]["text"] == "0 of 17 tokens removed."
    before, after = changes(shown)
    assert before == after
    strip = shown["strip"]
    assert [piece["kind"] for piece in strip["before"]] == ["template", "mask", "template"]
    assert strip["selectable"] and not any(span["removed"] for span in strip["spans"])
    assert [span["score"] for span in strip["spans"]] == [span["score"] for span in explanation["spans"]]
    assert strip["neutral"] == 0.25 and "Click a word" in strip["legend"]


def test_the_record_tells_of_no_set_but_the_empty_one(record, explanation):
    assert recorded(record, []) and recorded(record, method_set(explanation)) is None


def test_a_click_strikes_out_and_leaves_the_numbers_to_the_measurement(record):
    shown = chosen(record, [2, 4])
    assert [i for i, span in enumerate(shown["strip"]["spans"]) if span["removed"]] == [2, 4]
    assert shown["strip"]["selected"] == [2, 4] and set(shown) == {"strip", "joint"}


def test_a_links_set_is_applied_to_its_own_text_alone(record, explanation):
    inputs = {"text": explanation["text"], "removed": [4, 2, 900]}
    removed, note = of_link(explanation, inputs, "text")
    assert removed == [2, 4] and "1 of the link's tokens, for this text has only 17" in note
    assert chosen(record, removed, note)["strip"]["legend"].startswith(note)
    removed, note = of_link(explanation, inputs | {"text": "Another"}, "text")
    assert removed == method_set(explanation) and "another text" in note


def test_that_nothing_can_be_told_apart_is_said_of_each_set(explanation):
    explanation["method_notes"] = ["Another note.", f"{FLAT}: log p stays the same."]
    said = sentence(measured(explanation, removal_of(explanation, [4], {})))
    assert said.endswith(f"the model still says Sports. {FLAT}: log p stays the same.")


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (
            {"Sports": 0.31, "Business": 0.6},
            "falls by 68.9 percentage points, from 99.9 % to 31.0 %, and the model says Business instead of "
            "Sports.",
        ),
        (
            {"Sports": 0.9},
            "falls by 9.9 percentage points, from 99.9 % to 90.0 %, and the model still says Sports.",
        ),
        ({"Sports": 0.9989}, "stays at 99.9 %, and the model still says Sports."),
    ],
)
def test_the_sentence_names_class_points_and_prediction(explanation, after, said):
    shown = measured(explanation, removal_of(explanation, [4, 12], after))
    names = [explanation["spans"][i]["text"] for i in (4, 12)]
    assert sentence(shown) == f"Without {names[0]} and {names[1]}, Sports {said}"
    (chart,) = shown["changes"]["charts"]
    assert "Sports (explained)" in chart["figure"]["layout"]["yaxis"]["ticktext"]
    now = "Business" if "instead" in said else "Sports"
    assert f"without the removed words {now}" in chart["said"]


def test_an_explained_class_that_is_not_the_predicted_one(record, explanation):
    explanation["label"] = "World"
    assert sentence(measured(explanation, removal_of(explanation, [], {}))) == (
        "With nothing removed, the model says Sports (99.9 %); World, which is explained, has 0.1 %."
    )
    shown = measured(explanation, removal_of(explanation, [3], {"World": 0.2, "Sports": 0.8}))
    assert "World rises by 19.9 percentage points" in sentence(shown)
    assert sentence(shown).endswith("and the model still says Sports.")
    assert shown["result"]["facts"] == [["log p of World", "−7.14 → −1.61 nats"]]


def test_the_methods_own_set_is_named(explanation):
    own = method_set(explanation)
    assert counted(explanation, own) == "3 of 17 tokens removed. PromptExplainer chose this set."
    assert counted(explanation, own[:2]) == "2 of 17 tokens removed."
    explanation["granularity"] = "word"
    assert counted(explanation, []) == "0 of 17 words removed."


def play(question, explanation, removed, loaded=None):
    view = ClassActionView(explanation, question.failed(explanation))
    for event in question.events(explanation, removed, lambda rows: None, loaded):
        view.add(event)
    return view.values()


def test_the_built_in_model_measures_what_the_method_found(explanation):
    shown = play(ClassRemovalQuestion(), explanation, method_set(explanation))
    assert "Sports falls by 44.5 percentage points, from 99.9 % to 55.4 %" in sentence(shown)
    assert shown["status"]["state"] == "done" and sum(changes(shown)[1]) > 0.999
    joint = play(ClassJointQuestion(), explanation, method_set(explanation))["joint"]
    drops = joint["charts"][0]
    assert [row[0] for row in drops["table"]["rows"][2:]] == ["football", "best", "striker"]
    assert drops["figure"]["data"][0]["x"][0] == pytest.approx(
        explanation["log_prob"] - explanation["log_prob_masked"], abs=1e-3
    )


def test_a_measurement_that_fails_leaves_no_numbers_of_another_set(explanation):
    view = ClassActionView(explanation, unmeasured(explanation))
    view.add({"type": "error", "text": "Gone. Tune it again."})
    shown = view.values()
    assert shown["status"]["text"] == "Gone. Tune it again." and shown["result"] == {}
    assert set(changes(shown)[1]) == {None}
    assert shown["changes"]["charts"][0]["table"]["rows"][1][1].startswith("99.9")


def test_a_tuned_model_answers_for_its_own_results_alone(record, tmp_path):
    tiny = replace(tiny_masked("bert"), revision="first")
    assert tuned_model("one", record) is None
    record["inputs"] = {"model": "tuned"}
    with pytest.raises(MaskwiseError, match="no longer in memory"):
        tuned_model("one", record)
    TUNED_MODELS.keep("one", Tuned(tiny, tmp_path / "adapter"))
    try:
        with pytest.raises(MaskwiseError, match="Another tuned model made this result"):
            tuned_model("one", record)
        record["events"][-1]["revision"] = "first"
        assert tuned_model("one", record) is tiny
    finally:
        TUNED_MODELS.forget("one")


def test_a_class_that_loses_all_of_its_probability_has_a_log_p_of_minus_infinity(explanation):
    shown = measured(explanation, removal_of(explanation, [0], {"Sports": 0.0, "Business": 1.0}))
    assert shown["result"]["facts"][0][1].endswith("→ −∞ nats")
