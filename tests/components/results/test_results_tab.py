"""The Results tab: studies of a folder, their tables and figures, and the explanation behind any row."""

import json
import shutil

import pandas
import pyarrow
import pyarrow.parquet as parquet
import pytest

import app
from components.results.folder import events_of, explanations, open_study, prompts, studies
from explainers.core.errors import MaskwiseError
from studies.run import run
from tests import axe
from tests.browser import choose, expect, guarded_page
from tests.served import served_app
from tests.studies.small import PROMPTS, classification_study, generation_study

ATTACK = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A results folder with a study of each task; the name of each."""
    folder = tmp_path_factory.mktemp("results")
    made = generation_study(folder), classification_study(folder, limit=2)
    return folder / "out", *(run(study, study, folder / "out").folder.name for study in made)


@pytest.fixture
def opened(results, monkeypatch):
    monkeypatch.setenv("MASKWISE_RESULTS", str(results[0]))
    return results


def test_every_row_can_be_shown_again(opened):
    _, *names = opened
    assert sorted(studies()) == sorted(names)
    for name in names:
        report = open_study(name)
        shown = [
            event
            for prompt in prompts(report)
            for choice in explanations(report, prompt.value)
            for event in events_of(report, choice.value)[-1:]
        ]
        assert len(shown) == len(report.rows)
        assert all(event["type"] == "explanation" for event in shown)


def test_menus_say_what_differs(opened):
    _, name, _ = opened
    report = open_study(name)
    (first, *_) = prompts(report)
    assert first.shown == f"own 0: {PROMPTS[0]}"
    assert [choice.shown for choice in explanations(report, first.value)] == [
        "XPrompt, k 1", "XPrompt, k 2", "Random removal, k 1", "Random removal, k 2"
    ]  # fmt: skip


def test_only_studies_of_the_folder_are_opened(opened):
    for name in ("..", "../out", "/etc", "", "nothing"):
        with pytest.raises(MaskwiseError, match="no such study"):
            open_study(name)


@pytest.mark.parametrize(
    "explanation",
    ["", "[]", "{}", '{"type": "explanation"}', "[" * 100_000, json.dumps({"spans": [{"start": 9}]})],
)
def test_a_row_that_somebody_wrote_is_refused(opened, tmp_path, monkeypatch, explanation):
    folder, name, _ = opened
    copy = tmp_path / name
    (copy / "rows").mkdir(parents=True)
    (copy / "study.json").write_bytes((folder / name / "study.json").read_bytes())
    part = min((folder / name / "rows").iterdir())
    table = parquet.read_table(part)
    column = pyarrow.array([explanation] * len(table), pyarrow.string())
    at = table.column_names.index("explanation")
    parquet.write_table(table.set_column(at, "explanation", column), copy / "rows" / part.name)
    monkeypatch.setenv("MASKWISE_RESULTS", str(tmp_path))
    with pytest.raises(MaskwiseError):
        events_of(open_study(name), "0")


def test_a_broken_folder_is_explained(tmp_path, monkeypatch):
    monkeypatch.setenv("MASKWISE_RESULTS", str(tmp_path))
    for name, content in (("a", "{"), ("b", "[]"), ("c", '{"study": {}}'), ("d", "\xff")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "study.json").write_bytes(content.encode("latin-1"))
        with pytest.raises(MaskwiseError, match=f"{name} holds no study that can be read"):
            open_study(name)


def test_without_a_folder_there_is_no_tab(monkeypatch):
    monkeypatch.delenv("MASKWISE_RESULTS", raising=False)
    page = app.build()
    assert "results-study" not in [block.elem_id for block in page.blocks.values()]
    page.close()


@pytest.mark.timeout(600)
def test_a_study_is_opened_and_its_explanations_are_seen(browser, results, tmp_path, monkeypatch):
    folder, generation, classes = results
    copy = shutil.copytree(folder, tmp_path / "out")
    monkeypatch.setenv("MASKWISE_RESULTS", str(copy))
    hostile(copy / generation)
    shutil.copytree(copy / classes, copy / "odd")
    rewritten(copy / "odd", lambda part, frame: frame.assign(condition=99))  # the study has one
    with served_app() as url, guarded_page(browser, viewport={"width": 390, "height": 900}) as page:
        page.goto(url)
        page.get_by_role("tab", name="Results", exact=True).click()
        choose(page, "#results-study", generation)
        expect(page.locator("#results-tables")).to_contain_text("own, k = 1, 3 prompts")
        expect(page.locator("#results-tables")).to_contain_text(f"own{ATTACK}, k = 1, 1 prompt")
        expect(page.locator("#results-tables table").first).to_contain_text("XPrompt")
        expect(page.locator("#results-figures .cap").first).to_contain_text("k 2 of 2")
        expect(page.locator("#results-strip")).to_contain_text("doctor")
        expect(page.locator("#results-metrics")).to_contain_text("Probability ratio")
        page.locator("#results-prompt input").first.click()
        page.get_by_role("option").nth(1).click()
        expect(page.locator("#results-strip")).to_contain_text("magazine")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert axe.faults(page) == []
        choose(page, "#results-study", classes)
        expect(page.locator("#results-tables")).to_contain_text("template 1, manual 1")
        expect(page.locator("#results-plot .cap").first).to_contain_text("Activation")
        choose(page, "#results-study", "odd")
        expect(page.locator("#results-status")).to_contain_text("The rows of odd cannot be read (IndexError)")


def hostile(folder):
    """Write markup into the name of a data set, wherever it is shown."""
    rewritten(
        folder,
        lambda part, frame: frame.assign(data=f"own{ATTACK}") if part.name.startswith("own-3") else frame,
    )


def rewritten(folder, change):
    """Change the rows of each part, (path, frame) → frame."""
    for part in (folder / "rows").iterdir():
        table = parquet.read_table(part)
        frame = change(part, table.to_pandas())
        assert isinstance(frame, pandas.DataFrame)
        parquet.write_table(pyarrow.Table.from_pandas(frame, table.schema), part)
