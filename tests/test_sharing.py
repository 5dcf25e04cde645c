"""Links, files and code of a result: each comes back as it went, and nothing hostile gets through."""

import csv
import io
import json
import zlib
from base64 import urlsafe_b64encode
from dataclasses import asdict
from html.parser import HTMLParser
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components import classification_tab, compare_tab, generation_tab
from components.compare_view import ComparisonView
from components.round_choice import round_titles
from components.sharing.code import python_lines
from components.sharing.comparison_report import comparison_html
from components.sharing.downloads import BOM, comparison_csv, explanation_csv, file_name, record_json
from components.sharing.fields import TABS
from components.sharing.html_report import explanation_html
from components.sharing.links import MOST_PACKED, MOST_READABLE, link_fields, read_link
from components.sharing.packing import MOST_UNPACKED, pack, unpack
from components.sharing.records import explanation_of, inputs_of, read_record, with_inputs
from components.sharing.restore import notices
from explainers import explain_generation
from explainers.core import models
from explainers.core.classification import ClassificationRequest
from explainers.core.classification_streams import explain_and_read
from explainers.core.comparison import ComparisonRequest, compare
from explainers.core.errors import MaskwiseError
from explainers.core.metrics import METRICS
from explainers.core.types import MetricScore
from tests.served import tiny_model

TEXT_METRICS = ("bleu", "rouge_l_precision", "rouge_l_recall", "rouge_l_f1", "sentence_bert")
NASTY = [
    "Write about a doctor 👩🏽‍⚕️ and a 𝒃ook",
    "<script>alert(1)</script> <img src=x onerror=alert(2)> & \"quotes\" 'single'",
    "${alert(3)} {{ value }} `tick` \\n %41 +plus &amp; #hash ?a=b&c=d",
    "two lines\nand\ta tab\r\n\nend",
    "مرحبا بالعالم \u202eright to left\u202c mixed",
    "=cmd|' /C calc'!A0, =1+1 +2 -3 @sum",
    "\"\"\"\nimport os  # ''' {braces} {0}",
    "long " * 700,
]
GENERATION = {
    "prompt": "Write a story", "model": "some/model", "method": "xprompt", "k": 2, "granularity": "word",
    "mask_operator": "delete", "max_new_tokens": 12, "seed": 7, "response": "", "system_prompt": "Be brief.",
    "options": {"iterations": 30, "initialisation": "random"},
}  # fmt: skip


def parsed(query):
    return {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}


def reopened(query):
    return read_link(parsed(query))


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(models, "load_model", tiny_model)
    measured = [MetricScore(name, 0.5, lower) for name, lower in METRICS.items() if name in TEXT_METRICS]
    monkeypatch.setattr("explainers.core.report.text_metrics", lambda *answers: measured)  # it takes seconds


def generation_record(prompt="Write a short story about a doctor.", **asked):
    asked = {"method": "xprompt", "k": 2, "max_new_tokens": 8, "options": {"iterations": 12}, **asked}
    view = generation_tab.GenerationView("")
    for event in explain_generation(prompt, **asked):
        view.add(event)
    page = {"prompt": prompt, "response": asked.get("response", "")}
    return with_inputs(view.record(), {**GENERATION, **asked, **page})


def classification_record(text="The movie was great, but the ending was bad.", **asked):
    view = classification_tab.ClassificationView("", shows=classification_tab.RUN_SHOWS)
    for event in explain_and_read(ClassificationRequest(text, **asked)):
        view.add(event)
    return view.record()


def comparison_record(prompt="Write a short story about a doctor.", **asked):
    asked = {
        "methods": ["feature_ablation", "random_removal", "xprompt"],
        "k": 1,
        "max_new_tokens": 6,
        **asked,
    }
    request = ComparisonRequest(prompt, draws=2, **asked)
    view = ComparisonView(asdict(request))
    for event in compare(request):
        view.add(event)
    return view.record()


# Links


@pytest.mark.parametrize("text", NASTY)
def test_a_link_gives_back_what_it_was_given(text):
    inputs = GENERATION | {"prompt": text, "response": text[:50]}
    query = link_fields("generation", inputs)
    assert query.isascii() and len(query) <= max(MOST_READABLE, MOST_PACKED)
    assert reopened(query) == {"tab": "generation", "inputs": inputs, "ignored": []}


def test_a_short_link_can_be_read_and_a_long_one_is_packed():
    assert "prompt=Write+a+story" in link_fields("generation", GENERATION)
    long = link_fields("generation", GENERATION | {"prompt": "many words " * 1500})
    assert long.startswith("z=") and len(long) < MOST_READABLE
    assert reopened(long)["inputs"]["prompt"] == "many words " * 1500


def test_what_no_link_can_hold_is_refused_in_words():
    noise = "".join(chr(0x4E00 + i * i * 7919 % 20000) for i in range(20_000))
    with pytest.raises(MaskwiseError, match="too long for a link. Download the result"):
        link_fields("generation", GENERATION | {"prompt": noise})


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=300)


@settings(max_examples=60, deadline=None)
@given(
    prompt=TEXTS,
    response=TEXTS,
    k=st.integers(1, 20),
    seed=st.integers(0, 2**31 - 1),
    iterations=st.integers(1, 1000),
)
def test_any_input_comes_back(prompt, response, k, seed, iterations):
    inputs = GENERATION | {"prompt": prompt, "response": response, "k": k, "seed": seed}
    inputs["options"] = {"iterations": iterations, "initialisation": "random"}
    link = reopened(link_fields("generation", inputs))
    assert link["inputs"] == inputs and not link["ignored"]


NAMES = st.sampled_from(
    [*{name for fields in TABS.values() for name in fields}, "z", "tab", "option.iterations", "other"]
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, st.one_of(TEXTS, st.integers().map(str), st.sampled_from([*TABS])), max_size=8))
def test_no_query_raises_and_all_that_is_read_can_be_used(query):
    link = read_link(query)
    if link and link["tab"]:
        again = reopened(link_fields(link["tab"], link["inputs"]))
        assert again["inputs"] == link["inputs"] and not again["ignored"]
    for sentence in notices(link.get("ignored", [])):
        assert len(sentence) < 200


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("k", "21", "k must be a whole number between 1 and 20"),
        ("k", "1e1", "k must be a whole number"),
        ("k", "9" * 5000, "k must be a whole number"),
        ("seed", "-1", "seed must be a whole number"),
        ("method", "prompt_explainer", "method must be one of"),
        ("granularity", "Word", "granularity must be one of token, word, sentence"),
        ("prompt", "x" * 20_001, "prompt is limited to 20,000 characters"),
        ("option.iterations", "1001", "must lie between 1 and 1000"),
        ("option.iterations", "nan", "must be of type int"),
        ("option.exec", "1", "has no option 'exec'"),
        ("option.initialisation", "worst", "must be one of"),
    ],
)
def test_a_bad_value_is_left_out_in_words(name, value, words):
    fields = parsed(link_fields("generation", GENERATION)) | {name: value}
    link = read_link(fields)
    (sentence,) = link["ignored"]
    assert words in sentence
    kept = {key: value for key, value in GENERATION.items() if key not in (name, "options")}
    assert link["inputs"].items() >= kept.items()


BEYOND = {
    "what-if": [{"removed": []}, {"removed": [0, 3, 20_000]}, {"removed": list(range(900))}, {}],
    "classroom": [{"round": title} for title in round_titles()],
    "replay": [{}],
}


@pytest.mark.parametrize("tab", BEYOND)
@pytest.mark.parametrize("text", NASTY)
def test_a_link_to_a_view_gives_back_what_it_was_given(tab, text):
    for beyond in BEYOND[tab]:
        inputs = GENERATION | {"prompt": text} | beyond
        assert reopened(link_fields(tab, inputs)) == {"tab": tab, "inputs": inputs, "ignored": []}


@pytest.mark.parametrize(
    "tab, name, value, words",
    [
        ("what-if", "removed", "1,-2", "removed must be a whole number"),
        ("what-if", "removed", "1,,2", "removed must be a whole number"),
        ("what-if", "removed", "1;2", "removed must be a whole number"),
        ("what-if", "removed", "${alert(1)}", "removed must be a whole number"),
        ("what-if", "removed", "9" * 5000, "removed must be a whole number"),
        ("what-if", "removed", ",".join(["0"] * 20_001), "removed is limited to 20000 values"),
        ("classroom", "round", "<img src=x onerror=alert(1)>", "round must be one of"),
        ("classroom", "round", "", "round must be one of"),
        ("replay", "method", "__class__", "method must be one of"),
    ],
)
def test_a_bad_value_of_a_view_is_left_out_in_words(tab, name, value, words):
    link = read_link(parsed(link_fields(tab, GENERATION)) | {name: value})
    (sentence,) = link["ignored"]
    assert words in sentence and name not in link["inputs"] and link["inputs"]["prompt"] == "Write a story"
    assert notices([sentence])[0].startswith(f"Left out: {words}")


def squeezed(data: bytes) -> str:
    return urlsafe_b64encode(zlib.compress(data, 9)).decode()


@pytest.mark.parametrize(
    "packed",
    [
        "", "!!!", "é", "AAAA", squeezed(b"[1]"), squeezed(b'{"a": 1}'), squeezed(b"[" * 100_000),
        squeezed(b'{"prompt": "' + b"a" * 10_000_000 + b'"}'), pack({"a": "b"})[:-4], squeezed(b"\xff\xfe"),
    ],
)  # fmt: skip
def test_a_damaged_link_is_said_to_be(packed):
    with pytest.raises(MaskwiseError, match="link is damaged"):
        unpack(packed)
    assert read_link({"z": packed}) == {
        "tab": "",
        "inputs": {},
        "ignored": [read_link({"z": ""})["ignored"][0]],
    }


def test_half_a_character_is_left_out():
    packed = squeezed(b'{"tab": "generation", "prompt": "a \\ud800 b", "k": "2"}')
    link = read_link({"z": packed})
    assert link["inputs"] == {"k": 2} and "characters that are no text" in link["ignored"][0]


def test_packing_refuses_what_unpacking_would():
    with pytest.raises(MaskwiseError, match="too long"):
        pack({"a": "x" * MOST_UNPACKED})


def test_an_ordinary_address_is_no_link():
    assert read_link({}) == read_link({"__theme": "dark", "utm_source": "x"}) == {}
    assert read_link({"tab": "nowhere"})["ignored"] == ["There is no tab 'nowhere'."]


def test_every_input_of_the_tabs_is_in_the_table():
    import gradio as gr

    with gr.Blocks():
        generation = generation_tab.generation_tab()
        others = classification_tab.classification_tab(), compare_tab.compare_tab(generation)
    for tab in (generation.shared, *(each.shared for each in others)):
        assert set(tab.inputs) == set(TABS[tab.name])
        values = {name: control.value for name, control in tab.inputs.items()}
        if tab.options:
            values["options"] = {n: c.value for n, c in tab.options[values["method"]].items()}
        assert reopened(link_fields(tab.name, values)) == {"tab": tab.name, "inputs": values, "ignored": []}
        for method, controls in tab.options.items():
            values |= {"method": method, "options": {name: c.value for name, c in controls.items()}}
            assert reopened(link_fields(tab.name, values))["inputs"] == values


# Files


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


def test_a_comparison_comes_back_from_its_file():
    record = comparison_record(NASTY[1])
    again = read_record(record_json(record), "compare")
    assert again == json.loads(json.dumps(record))
    assert compare_tab.replay(again["events"]).values() == compare_tab.replay(record["events"]).values()
    assert inputs_of(again)["prompt"] == NASTY[1] and len(inputs_of(again)["methods"]) == 3
    page = Page(explanation_page := comparison_html(record))
    assert page.tags <= TAGS and NASTY[1] in page.text and "random, 2 draws" in explanation_page
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


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += attributes

    def handle_data(self, data):
        self.text += data


TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "section", "p", "div",
    "span", "strong", "del", "ins", "table", "thead", "tbody", "tr", "th", "td", "svg", "polyline",
    "details", "summary",
}  # fmt: skip


@pytest.mark.parametrize("text", NASTY[:7])
def test_the_page_is_safe_with_any_text(text):
    for record in (
        generation_record(text, k=1, system_prompt=text, response=text, options={"iterations": 3}),
        classification_record(
            text, label_words={'<b onload="x">': ["sports"], "${a}": ["business"]}, task="custom"
        ),
    ):
        page = Page(explanation_html(record))
        assert page.tags <= TAGS
        assert not [n for n, _ in page.attributes if n.startswith("on") or n in ("src", "href", "xlink:href")]
        policy = dict(page.attributes)["content"] or ""
        assert "http-equiv" in dict(page.attributes) and policy
        flat = text.replace("\r\n", "\n").strip()
        assert flat in page.text.replace("\r\n", "\n")


def test_the_page_shows_all_that_was_found():
    record = generation_record()
    text = Page(explanation_html(record)).text
    explanation = explanation_of(record)
    for said in (
        explanation["response"],
        explanation["certificate"],
        "KL divergence",
        "transformers",
        "tiny-llama",
    ):
        assert said in text
    assert "The search" in text and "default-src 'none'" in explanation_html(record).replace("&#x27;", "'")


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


# Code


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
