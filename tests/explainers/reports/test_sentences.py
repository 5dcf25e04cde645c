"""What a result says: its sentence, its measures, and the words that two answers do not share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainers.reports.answer_diff import diff_words, split_words
from explainers.reports.metric_rows import MEANINGS, metric_rows
from explainers.reports.result_sentence import result_sentence


def joined(pieces, *kinds):
    return "".join(text for kind, text in pieces if not kinds or kind in kinds)


def changed(before, after):
    diff = diff_words(before, after)
    return [t for k, t in diff["original"] if k == "lost"], [t for k, t in diff["masked"] if k == "new"]


@given(st.text(), st.text())
def test_diff_keeps_both_texts_and_their_common_part(before, after):
    diff = diff_words(before, after)
    assert joined(diff["original"]) == before and joined(diff["masked"]) == after
    kept = [split_words(joined(diff[side], "same")) for side in ("original", "masked")]
    assert "".join(kept[0]).split() == "".join(kept[1]).split()


@given(st.text())
def test_diff_of_a_text_with_itself_has_no_change(text):
    diff = diff_words(text, text)
    assert {kind for kind, _ in diff["original"] + diff["masked"]} <= {"same"}
    assert diff["lost"] == diff["added"] == 0


def test_diff_marks_whole_words_and_joins_neighbours():
    assert changed("see a doctor today", "see the vet today") == (["a doctor"], ["the vet"])
    assert changed("I can't go.", "I won't go.") == (["can't"], ["won't"])
    assert changed("one, two", "one two") == ([","], [])
    diff = diff_words("see a doctor, today", "see today")
    assert (diff["lost"], diff["added"]) == (2, 0)


@pytest.mark.parametrize(("before", "after"), [("A cat!", "🐱🐶"), ("🐱", "🐶"), ("🐱", "A cat.")])
def test_beside_an_answer_of_emoji_no_word_is_marked_or_counted(before, after):
    diff = diff_words(before, after)
    assert (diff["original"], diff["masked"], diff["shared"]) == ([["own", before]], [["own", after]], 0)


@pytest.mark.parametrize(("before", "after"), [("A cat.", ""), ("🐱", "🐱")])
def test_an_empty_answer_lost_all_and_an_equal_one_nothing(before, after):
    diff = diff_words(before, after)
    assert "shared" not in diff and (diff["lost"], diff["added"]) == (2 if after == "" else 0, 0)


def test_diff_of_unspaced_scripts_goes_by_the_words_of_a_dictionary():
    assert changed("我喜欢公园", "我喜欢公路") == (["公园"], ["公路"])
    assert changed("วันนี้อากาศดี", "วันนี้อากาศร้อน") == (["ดี"], ["ร้อน"])
    assert split_words("السلام عليكم") == ["السلام", " ", "عليكم"]
    accent, coder = "cafe\u0301", "\U0001f469\u200d\U0001f4bb"
    assert split_words(f"{accent} {coder}!") == [accent, " ", f"{coder}!"]


def test_diff_while_the_answers_are_being_written():
    assert diff_words(None) == {"original": None, "masked": None, "lost": 0, "added": 0}
    assert diff_words("As a") == {"original": [["same", "As a"]], "masked": None, "lost": 0, "added": 0}
    assert diff_words("", "")["original"] == []


def explanation(words, ratio, kept=("the",)):
    spans = [{"text": w, "removed": True} for w in words] + [{"text": w, "removed": False} for w in kept]
    numbers = {"log_prob": -20.1, "log_prob_masked": -52.314, "evaluations": 1102, "seconds": 12.34}
    return {"spans": spans, "probability_ratio": ratio, **numbers}


@pytest.mark.parametrize(
    ("words", "ratio", "start", "effect"),
    [
        (["doctor"], 0.5, "Without doctor", "becomes 2.0× less likely."),
        (["a", "b"], 1.5, "Without a and b", "becomes 1.5× more likely."),
        (["a", "b", "c"], 1.0, "Without a, b and c", "stays as likely as before."),
        (list("abcdefgh"), 0.96, "Without a, b, c, d, e, f and 2 more", "becomes 1.04× less likely."),
        ([], 1.0, "With nothing removed", "stays as likely as before."),
        (["\n"], 1 / 42, "Without ⏎", "becomes 42× less likely."),
        (["a"], 1 / 1234, "Without a", "becomes 1,200× less likely."),
        (["a"], 0.0, "Without a", "becomes impossible."),
    ],
)
def test_result_sentence(words, ratio, start, effect):
    parts = result_sentence(explanation(words, ratio))["parts"]
    assert joined(parts) == f"{start}, each token of this answer {effect}"


def test_result_names_the_removed_words_in_bold_and_gives_the_facts():
    value = result_sentence(explanation(["<b>x</b>", "y"], 0.32))
    assert [text for kind, text in value["parts"] if kind == "strong"] == ["<b>x</b>", "y"]
    assert dict(value["facts"]) == {
        "log p of the answer": "−20.10 → −52.31 nats",
        "probability ratio": "0.32",
        "evaluations": "1,102",
        "time": "12.3 s",
    }


def test_result_says_what_was_proved_of_the_set():
    proof = "Optimal: all 286 sets of 3 words were tried."
    facts = dict(result_sentence(explanation(["x"], 0.5) | {"certificate": proof})["facts"])
    assert facts["certificate"] == proof


def test_a_removed_sentence_is_shortened():
    parts = result_sentence(explanation(["long words " * 20], 0.5))["parts"]
    assert len(parts[1][1]) <= 60 and parts[1][1].endswith("…")


def test_metric_rows_give_direction_meaning_and_undefined_values():
    rows = metric_rows(
        [
            {"name": "bleu", "value": 0.41234, "lower_is_better": True},
            {"name": "kl", "value": float("nan"), "lower_is_better": False},
            {"name": "<new>", "value": -1, "lower_is_better": False, "curve": ()},
        ]
    )["rows"]
    assert [row["text"] for row in rows] == ["0.412", "not defined", "−1.000"]
    assert [row["direction"] for row in rows] == ["lower", "higher", "higher"]
    assert rows[0]["meaning"] == MEANINGS["bleu"][1]
    assert (rows[2]["title"], rows[2]["meaning"]) == ("<new>", "")


REWORDED = "Even so, the new answer says nearly the same in other words"


@pytest.mark.parametrize(
    ("ratio", "near", "new", "said"),
    [
        (
            0.1,
            0.97,
            "The cat sits.",
            f"{REWORDED} (SentenceBERT 0.97).",
        ),
        (0.1, 1.0, "A cat sat. ", "Even so, the model still writes the same answer."),
        (0.1, 0.4, "No.", ""),
        (0.8, 0.97, "The cat sits.", ""),
        (0.1, None, "", ""),
    ],
)
def test_a_rewording_is_said_in_the_result(ratio, near, new, said):
    found = explanation(["cat"], ratio) | {"response": "A cat sat.", "masked_response": new}
    metrics = [{"name": "sentence_bert", "value": near, "lower_is_better": True}]
    plain = joined(result_sentence(found)["parts"])
    assert joined(result_sentence(found | {"metrics": metrics})["parts"]).removeprefix(plain).strip() == said


def test_answers_that_share_almost_nothing_stand_side_by_side():
    before, after = "The doctor gave his patient a new kind of medicine.", "Once there lived a fox, far away."
    diff = diff_words(before, after)
    assert {kind for side in ("original", "masked") for kind, _ in diff[side]} == {"own", "shared"}
    assert [[text for kind, text in diff[side] if kind == "shared"] for side in ("original", "masked")] == [
        ["a"],
        ["a"],
    ]
    assert (diff["shared"], diff["lost"], diff["added"]) == (1, 9, 6)
    assert ["".join(text for _, text in diff[side]) for side in ("original", "masked")] == [before, after]


def test_a_full_stop_alone_is_nothing_shared():
    diff = diff_words("Paris.", "London.")
    assert diff["shared"] == 0 and diff["original"] == [["own", "Paris."]]


def test_answers_that_share_more_are_marked_where_they_differ():
    assert "shared" not in diff_words("As a doctor, rest.", "As a friend, rest.")
    assert "shared" not in diff_words("", "")
