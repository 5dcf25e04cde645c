"""Files of a result: each comes back as it went, and nothing hostile gets through."""

import csv
import io
import json

import pytest

from components.classification import tab as classification_tab
from components.compare import tab as compare_tab
from components.generation import tab as generation_tab
from components.sharing.downloads import BOM, comparison_csv, explanation_csv, file_name, record_json
from components.sharing.records import inputs_of, read_record
from explainers.core.errors import MaskwiseError
from explainers.reports.html_report import explanation_html
from explainers.reports.record import explanation_of
from tests.shared_records import (
    NASTY,
    classification_record,
    comparison_record,
    generation_record,
)

pytestmark = pytest.mark.usefixtures("on_tiny_models")


@pytest.mark.parametrize("text", NASTY[:7])
def test_a_record_comes_back_from_its_file(text):
    record = generation_record(text, k=1, method="feature_ablation", options={})
    again = read_record(record_json(record), "generation")
    assert again == json.loads(json.dumps(record))
    assert generation_tab.replay(again["events"]).values() == generation_tab.replay(record["events"]).values()
    assert inputs_of(again)["prompt"] == text and inputs_of(again)["k"] == 1


def test_a_search_and_a_classification_come_back():
    for record in (generation_record(), classification_record(), classification_record(method="xprompt")):
        tab = {"generation": generation_tab, "classification": classification_tab}[record["tab"]]
        again = read_record(record_json(record), record["tab"])
        assert tab.replay(again["events"]).values() == tab.replay(record["events"]).values()


@pytest.mark.parametrize("name", ["label_words", "examples"])
def test_a_file_brings_back_as_many_lines_as_the_page_takes(name):
    record = classification_tab.replay(classification_tab.stored_events()).record()
    lines = "World: politics\n" * 12_000
    assert inputs_of(record | {"inputs": {name: lines}}) == {name: lines}


def test_a_comparison_comes_back_from_its_file():
    record = comparison_record(NASTY[1])
    again = read_record(record_json(record), "compare")
    assert again == json.loads(json.dumps(record))
    assert compare_tab.replay(again["events"]).values() == compare_tab.replay(record["events"]).values()
    assert inputs_of(again)["prompt"] == NASTY[1] and len(inputs_of(again)["methods"]) == 3
    assert file_name(record, "csv") == "maskwise-compare-methods.csv"


def test_the_stored_examples_are_records():
    record = compare_tab.stored_comparison().record()
    assert read_record(record_json(record), "compare") == record
    record = generation_tab.stored_record()
    assert read_record(record_json(record), "generation") == record
    assert (
        inputs_of(record)["prompt"] == explanation_of(record)["prompt"] and not inputs_of(record)["response"]
    )
    record = classification_tab.replay(classification_tab.stored_events()).record()
    assert read_record(record_json(record), "classification") == record
    assert inputs_of(record)["label_words"].startswith("World: politics\nSports: sports")


def test_a_csv_holds_the_scores_and_starts_no_formula():
    record = generation_record("=cmd|' /C calc'!A0 and +1 -2 @x \"q\",; story", k=1)
    text = explanation_csv(record)
    assert text.startswith(BOM)
    head, *rows = csv.reader(io.StringIO(text[1:]))
    assert head == ["index", "text", "start", "end", "score", "removed"]
    spans = explanation_of(record)["spans"]
    assert len(rows) == len(spans) and sum(row[5] == "true" for row in rows) == 1
    for row, span in zip(rows, spans, strict=True):
        assert row[1] in (span["text"], f"'{span['text']}") and float(row[4]) == span["score"]
        assert not row[1].startswith(tuple("=+-@\t\r"))
    assert rows[0][1].startswith("'=")


def test_a_comparison_as_csv():
    span = {"text": "@x", "start": 0, "end": 2, "score": 1.0, "removed": True}
    row = {
        "method": "xprompt", "title": "XPrompt", "spans": [span], "removed": [0], "log_prob_masked": -3.5,
        "probability_ratio": 0.5, "metrics": {"kl": 1.5, "bleu": None}, "seconds": 1.0, "forward_passes": 7,
        "certificate": "", "masked_response": "=1+1", "error": None,
    }  # fmt: skip
    failed = row | {"removed": [], "metrics": {}, "error": "No gradients here.", "log_prob_masked": None}
    record = {"events": [row | {"type": "row"}, failed | {"type": "row"}]}
    head, *rows = csv.reader(io.StringIO(comparison_csv(record)[1:]))
    first, second = (dict(zip(head, each, strict=True)) for each in rows)
    assert first["removed"] == "'@x" and first["kl"] == "1.5" and first["masked_response"] == "'=1+1"
    assert second["error"] == "No gradients here." and second["log_prob_masked"] == ""


def damaged_files():
    record = json.loads(record_json(generation_tab.stored_record()))

    def changed(change):
        other = json.loads(json.dumps(record))
        change(other, other["events"][-1])
        return json.dumps(other)

    yield from ("", "{", "[]", "null", '"text"', "{}", "[" * 1_000_000, '{"a":' * 100_000, "NaN", "9" * 6000)
    yield changed(lambda r, e: r.update(maskwise=2))
    yield changed(lambda r, e: r.update(tab="nowhere"))
    yield changed(lambda r, e: r.update(events=[]))
    yield changed(lambda r, e: r.update(events=[1, 2]))
    yield changed(lambda r, e: r.update(events=r["events"][:-1]))
    yield changed(lambda r, e: r["events"].insert(0, {"type": "__class__"}))
    yield changed(lambda r, e: r["events"][1].update(type="fraction"))
    yield changed(lambda r, e: r["events"][1].update(removed=[10_000]))
    yield changed(lambda r, e: e.update(log_prob="high"))
    yield changed(lambda r, e: e.update(log_prob=float("nan")))
    yield changed(lambda r, e: e.update(seconds=float("inf")))
    yield changed(lambda r, e: e.update(seed=10**30))
    yield changed(lambda r, e: e.update(probability_ratio=None))
    yield changed(lambda r, e: e.update(response={"html": "x"}))
    yield changed(lambda r, e: e["spans"][0].update(start=5, end=2))
    yield changed(lambda r, e: e["spans"][0].update(end=10**6))
    yield changed(lambda r, e: e["spans"].pop())
    yield changed(lambda r, e: e["metrics"].append({"name": "x"}))
    yield changed(lambda r, e: e.update(interactions=[{"members": [0, 10_000], "nats": 1.0}]))
    yield changed(lambda r, e: e.update(interactions=[{"members": [], "nats": 1.0}]))
    yield changed(lambda r, e: e.update(prompt="half \ud800"))
    yield changed(lambda r, e: r.update(inputs=[1]))
    yield changed(lambda r, e: e.update(extra=[[[[[[[[[[[[[1]]]]]]]]]]]]]))


def damaged_comparisons():
    record = json.loads(record_json(compare_tab.stored_comparison().record()))
    for change in (
        lambda rows, last: rows[0].update(removed=[99]),
        lambda rows, last: rows[0].update(spans=rows[0]["spans"][:-1]),
        lambda rows, last: rows[0].update(seconds=None),
        lambda rows, last: rows[0].update(metrics={"kl": "x"}),
        lambda rows, last: last["agreement"].pop(),
        lambda rows, last: last["votes"].pop(),
        lambda rows, last: last["methods"].reverse(),
        lambda rows, last: last["request"].pop("k"),
        lambda rows, last: last["request"].update(prompt="short"),
    ):
        other = json.loads(json.dumps(record))
        change([event for event in other["events"] if event["type"] == "row"], other["events"][-1])
        yield json.dumps(other)


@pytest.mark.parametrize("text", list(damaged_comparisons()), ids=range(9))
def test_a_hostile_comparison_is_refused_in_words(text):
    with pytest.raises(MaskwiseError, match="The file is damaged"):
        read_record(text, "compare")


@pytest.mark.parametrize("text", list(damaged_files()), ids=lambda text: str(len(text)))
def test_a_hostile_file_is_refused_in_words(text):
    with pytest.raises(MaskwiseError, match="no result of Maskwise|The file is damaged"):
        read_record(text, "generation")


def test_sets_of_words_come_back_from_a_file():
    record = json.loads(record_json(generation_tab.stored_record()))
    record["events"] = [event for event in record["events"] if event["type"] != "step"]
    record["events"][-1]["interactions"] = [{"members": [0, 2], "nats": -1.5}]
    view = generation_tab.replay(read_record(json.dumps(record), "generation")["events"])
    first, third = (record["events"][-1]["spans"][t]["text"] for t in (0, 2))
    assert view.values()["plot"]["charts"][0]["table"]["rows"] == [[f"{first} + {third}", 2, "−1.50"]]
    page = explanation_html(record)
    assert "<h2>Words that act together</h2>" in page and f"{first} + {third}" in page and "−1.50" in page


def test_hops_come_back_from_a_file_if_all_words_have_as_many():
    record = generation_record(k=1, method="flash_trace", options={})
    again = read_record(record_json(record), "generation")
    (chart,) = generation_tab.replay(again["events"]).values()["plot"]["charts"]
    assert chart["table"]["head"] == ["word", "hop 0", "hop 1"]
    assert "<h2>Hops</h2>" in explanation_html(again) and "hop 1</th>" in explanation_html(again)
    explanation_of(record)["spans"][0]["hops"].pop()
    with pytest.raises(MaskwiseError, match="The file is damaged"):
        read_record(record_json(record), "generation")


def test_too_large_a_file_and_one_of_another_tab_are_refused():
    with pytest.raises(MaskwiseError, match="larger than 2 MB"):
        read_record(" " * 2_000_001, "generation")
    with pytest.raises(MaskwiseError, match="of the Generation tab. Open that tab"):
        read_record(record_json(generation_tab.stored_record()), "classification")


def test_a_files_name_is_plain():
    record = generation_tab.stored_record()
    assert file_name(record, "json") == "maskwise-generation-xprompt.json"
    explanation_of(record)["method"] = "../../x\r\n"
    assert file_name(record, "csv") == "maskwise-generation-x.csv"
