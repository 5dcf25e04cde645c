"""Means, intervals, tests, tables and verdicts, on rows with planted values."""

import json
from pathlib import Path

import numpy
import pandas
import pyarrow.parquet as parquet
import pytest
from scipy.stats import wilcoxon

from explainers.core.errors import MaskwiseError
from explainers.random_removal import RandomRemoval
from studies.results.charts import charts
from studies.results.claims import judged
from studies.results.published import AGREES, DIFFERS, INCOMPARABLE, Published, verdict
from studies.results.report import read_report, write_report
from studies.results.statistics import estimate, p_value, summary
from studies.results.tables import Table, latex, markdown, tables
from studies.run import run
from tests.studies.small import classification_study, generation_study, write_jsonl

COUNT = 40


def planted_rows(gap: float, spread: float = 0.05) -> pandas.DataFrame:
    """Random removal's ratio lies `gap` above XPrompt's, give or take. Two seeds with the same mean."""
    draw = numpy.random.default_rng(0)
    rows = []
    for prompt in range(COUNT):
        base, noise = draw.uniform(0.2, 0.6), draw.normal(0, spread)
        for seed, off in ((0, -0.1), (1, 0.1)):
            for method, value in (("xprompt", base), ("random_removal", base + gap + noise)):
                rows.append(
                    {"data": "own", "condition": 0, "k": 3, "prompt": prompt, "seed": seed, "method": method}
                    | {"probability_ratio": value + off, "bleu": 0.5, "refused": None}
                )
    return pandas.DataFrame(rows)


def test_intervals_hold_the_mean_of_known_values():
    found = estimate(numpy.array([0.0, 1.0] * 200))
    assert found.mean == 0.5 and found.count == 400
    assert found.low == pytest.approx(0.5 - 1.96 * 0.5 / 20, abs=0.01)
    assert found.high == pytest.approx(0.5 + 1.96 * 0.5 / 20, abs=0.01)
    one = estimate(numpy.array([0.3]))
    assert (one.low, one.high) == (0.3, 0.3)


def test_the_test_is_paired_by_prompt(tmp_path):
    values = numpy.arange(20.0)
    assert p_value(values, values + 0.01) < 1e-4  # each by a little, though the values spread widely
    assert p_value(values, values) == 1.0
    assert p_value(values, values + numpy.where(values % 2, 1e-15, 0)) == 1.0  # the order of a sum


def test_methods_are_compared_on_the_prompts_that_both_did(tmp_path):
    study, rows = generation_study(tmp_path), planted_rows(0.1, 0.001)
    other = rows["method"] == "random_removal"
    easy = rows["prompt"].isin(rows.loc[other & (rows["probability_ratio"] < 0.35), "prompt"])
    rows.loc[other & ~easy, ["probability_ratio", "bleu", "refused"]] = [None, None, "Too long."]
    rows.loc[other, "bleu"] = None
    table = summary(study, rows)
    means = table[table["measure"] == "probability_ratio"].set_index("method")
    assert means["mean"]["random_removal"] < means["mean"]["xprompt"]  # of the easy ones alone
    assert means["difference"]["random_removal"] == pytest.approx(0.1, abs=0.002)
    assert judged(study, table)[0].startswith("**It wins.** **Holds here.**")
    (made,) = tables(study, table.assign(published=None, verdict=INCOMPARABLE))
    count = means["count"]["random_removal"]
    assert made.title == f"own, k = 3, {COUNT} prompts" and 1 < count < COUNT
    assert made.rows[0][0] == "XPrompt" and made.rows[1][:2] == [f"Random removal ({count} prompts)", "–"]


def test_methods_without_a_prompt_in_common_are_not_tested(tmp_path):
    rows = planted_rows(0.2)
    halves = (rows["method"] == "xprompt") == (rows["prompt"] < 10)
    table = summary(generation_study(tmp_path), rows[halves])
    assert set(table["method"]) == {"xprompt", "random_removal"} and table["p"].isna().all()


def test_searches_that_ended_keep_what_they_found(tmp_path):
    study = generation_study(tmp_path, figures=["convergence"])
    curves = {"xprompt": ([-2.0, -3.0], [-5.0, -6.0, -7.0]), "random_removal": ([-4.0], [-9.0])}
    rows = [
        {"data": "own", "condition": 0, "k": 1, "prompt": prompt, "seed": 0, "method": method}
        | {"search": numpy.array(curve), "refused": None}
        for method, both in curves.items()
        for prompt, curve in enumerate(both)
    ]
    (chart,) = charts(study, pandas.DataFrame(rows)).values()
    ours, other = (trace for trace in chart["figure"]["data"] if trace.get("showlegend") is not False)
    assert list(ours["y"]) == [(2 + 4) / 2, (1 + 3) / 2, (1 + 2) / 2] and list(other["y"]) == [0]


def test_seeds_are_averaged_before_prompts_are_counted(tmp_path):
    table = summary(generation_study(tmp_path), planted_rows(0.2)).set_index(["method", "measure"])
    other = table.loc["random_removal", "probability_ratio"]
    own = table.loc["xprompt", "probability_ratio"]
    assert own["count"] == other["count"] == COUNT and numpy.isnan(own["p"])
    assert other["mean"] - own["mean"] == pytest.approx(0.2, abs=0.03)
    rows = planted_rows(0.2).pivot_table("probability_ratio", "prompt", "method", "mean")
    plain = wilcoxon(rows["random_removal"] - rows["xprompt"], zero_method="zsplit").pvalue
    assert other["p"] == pytest.approx(plain)  # one test: nothing to adjust


@pytest.mark.parametrize(
    ("gap", "said"), [(0.2, "Holds here"), (-0.2, "Does not hold here"), (0.0, "Cannot be said")]
)
def test_claims_are_judged_by_the_tests(tmp_path, gap, said):
    study = generation_study(tmp_path)
    rows = planted_rows(gap, 0.05 if gap else 1e-3)
    if not gap:  # as many above as below
        alike = rows["method"] == "random_removal"
        rows.loc[alike, "probability_ratio"] += numpy.where(rows.loc[alike, "prompt"] % 2, 0.05, -0.05)
    (paragraph,) = judged(study, summary(study, rows))
    assert paragraph.startswith(f"**It wins.** **{said}.**"), paragraph


def test_published_values_are_compared_only_where_nothing_departs():
    value = Published(study="s", data="d", method="m", measure="bleu", value=0.4, source="here")
    assert verdict(value, 0.3, 0.5, departs=False) == AGREES
    assert verdict(value, 0.41, 0.5, departs=False) == DIFFERS
    assert verdict(value, 0.3, 0.5, departs=True) == verdict(None, 0.3, 0.5, departs=False) == INCOMPARABLE


def test_tables_mark_what_differs_and_show_the_papers_number(tmp_path):
    study = generation_study(tmp_path)
    table = summary(study, planted_rows(0.2))
    table["published"], table["verdict"] = None, INCOMPARABLE
    table.loc[0, ["published", "verdict"]] = [0.25, AGREES]
    (made,) = tables(study, table)
    assert made.title == f"own, k = 3, {COUNT} prompts"
    assert made.head == ["Method", "BLEU ↓", "Prob. ratio ↓"]
    assert made.rows[0][1].endswith("(paper 0.25: agrees)") and "*" in made.rows[1][2]
    assert markdown(made).splitlines()[2] == "| Method | BLEU ↓ | Prob. ratio ↓ |"


def test_latex_escapes_what_it_would_read():
    text = latex(Table("50 % of a_b", ["Method", "BLEU ↓"], [["A & B", "0.1 {x} ^ ~ \\"]]))
    assert r"\caption{50 \% of a\_b}" in text and r"BLEU $\downarrow$" in text
    assert r"A \& B & 0.1 \{x\} \textasciicircum{} \textasciitilde{} \textbackslash{} \\" in text


def test_a_generation_study_is_written_whole(tmp_path):
    study = generation_study(tmp_path, figures=["ratio_over_k", "convergence"])
    store = run(study, study, tmp_path / "out")
    text = write_report(store.folder)
    assert text == (store.folder / "tables.md").read_text() and "| XPrompt |" in text
    assert "own, k = 1, 4 prompts" in text and "own, k = 2, 4 prompts" in text
    written = pandas.read_csv(store.folder / "summary.csv")
    rows = store.read()
    at = written.query("method == 'xprompt' and measure == 'probability_ratio' and k == 2").iloc[0]
    own = rows.query("method == 'xprompt' and k == 2")["probability_ratio"]
    assert at["mean"] == pytest.approx(own.mean()) and at["low"] <= at["mean"] <= at["high"]
    assert r"\toprule" in (store.folder / "tables.tex").read_text()
    ratios = json.loads((store.folder / "ratio_over_k-own-0.json").read_text())
    assert ratios["table"]["head"] == ["k", "XPrompt", "Random removal"] and len(ratios["table"]["rows"]) == 2
    gaps = json.loads((store.folder / "convergence-own-0.json").read_text())
    assert len(gaps["table"]["rows"]) == 5
    without_column(store.folder, "sufficiency")  # as an earlier version wrote it; no table has it
    assert write_report(store.folder) == text
    without_column(store.folder, "probability_ratio")
    with pytest.raises(MaskwiseError, match="another version of Maskwise: they have no probability_ratio"):
        write_report(store.folder)


def without_column(folder: Path, name: str) -> None:
    for path in folder.glob("rows/*.parquet"):
        parquet.write_table(parquet.read_table(path).drop_columns(name), path)


def test_a_class_study_is_written_whole(tmp_path):
    study = classification_study(tmp_path, templates=[0, 1])
    store = run(study, study, tmp_path / "out")
    text = write_report(store.folder)
    assert "own, template 1, manual 1, 4 prompts" in text and "template 2" in text
    curve = json.loads((store.folder / "activation-own-1.json").read_text())
    assert curve["title"] == "Activation (higher is better): own, template 2, manual 1"
    assert len(curve["table"]["rows"]) == 11


def test_a_prompt_that_cannot_be_explained_leaves_the_others_alone(tmp_path):
    study = generation_study(tmp_path, k=[12, 99], limit=2)  # the prompts have 11 words and more
    report = read_report(run(study, study, tmp_path / "out").folder)
    assert [table.title for table in report.tables()] == ["own, k = 12, 1 prompt"]
    assert report.refusals() == [
        f"{method} refused once: k is 12, but this prompt has only 11 words. Choose k between 1 and 11, or "
        "remove whole tokens."
        for method in ("random_removal", "xprompt")
    ]


@pytest.mark.parametrize("make", [generation_study, classification_study])
def test_a_text_that_no_request_takes_leaves_the_others_alone(tmp_path, monkeypatch, make):
    monkeypatch.setenv("MASKWISE_CHARS", "300")
    changes = {"k": [1]} if make is generation_study else {"tuning": {"weights": "none"}}
    study = make(tmp_path, **changes)
    rows = [{study.data[0].text[0]: text, "label": 0} for text in ("it was bad", "it was bad " * 40)]
    write_jsonl(Path(study.data[0].source), rows)
    report = read_report(run(study, study, tmp_path / "out").folder)
    assert len(report.refusals()) == 2 and "limited to 300 characters" in report.refusals()[0]
    assert report.tables()[0].title.endswith(", 1 prompt")


def test_where_nothing_could_be_explained_the_report_says_why(tmp_path):
    study = generation_study(tmp_path, k=[99], limit=1)
    with pytest.raises(
        MaskwiseError, match="Nothing could be explained in small-.* k is 99, but this prompt"
    ):
        read_report(run(study, study, tmp_path / "out").folder)


def test_a_method_that_refuses_is_named_and_leaves_the_others_alone(tmp_path, monkeypatch):
    def refuse(self, target):
        raise MaskwiseError("Not today.")

    monkeypatch.setattr(RandomRemoval, "attribute", refuse)
    study = generation_study(tmp_path, k=[1], limit=2)
    report = read_report(run(study, study, tmp_path / "out").folder)
    assert report.refusals() == ["random_removal refused 2 times: Not today."]
    assert [row[0] for table in report.tables() for row in table.rows] == ["XPrompt"]
