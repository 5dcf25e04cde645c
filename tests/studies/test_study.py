"""Declared studies: all of them can be read, and what is wrong with one is said."""

import pytest

from explainers.core.errors import MaskwiseError
from studies.declarations import declared_studies, make_study, read_study
from studies.departures import departures
from studies.options import changed, parse
from studies.results.published import published_values
from studies.results.statistics import HIGHER_IS_BETTER
from studies.results.tables import TITLES
from studies.study import FAITHFULNESS
from tests.studies.small import classification_study, generation_study


@pytest.mark.parametrize("name", declared_studies())
def test_every_declared_study_can_be_read(name):
    study = read_study(name)
    assert study.name == name and study.paper_method in study.methods
    assert set(study.columns) <= set(study.MEASURES) & set(TITLES)
    for claim in study.claims:
        assert claim.measure in study.columns and set(claim.against) <= set(study.methods)


def test_both_papers_tables_and_figures_are_declared():
    shown = [
        f"{study.paper[:7]} {each}" for study in map(read_study, declared_studies()) for each in study.shows
    ]
    wanted = {f"XPrompt {name}" for name in ("Table 1", "Table 2", "Table 4", "Figure 3", "Figure 4")}
    wanted |= {f"PromptE Table {n}" for n in (2, 3, 5, 6, 7, 8, 9)} | {"PromptE Figure 3"}
    assert wanted <= set(shown)


def test_the_newer_methods_are_judged_beside_the_papers():
    study = read_study("newer_methods")
    assert {"proxy_spex", "mexgen", "attn_lrp", "at2", "flash_trace", "xprompt"} <= set(study.methods)
    assert set(FAITHFULNESS) <= set(study.columns) and "forward_passes" in study.columns


def test_published_values_belong_to_declared_studies():
    for value in published_values():
        study = read_study(value.study)
        assert value.method in study.methods and value.measure in study.columns
        assert value.data in [data.name for data in study.data]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"task": "poems"}, "small: task: It must be generation or classification"),
        ({"methods": ["xprompt", "gae"]}, "small: there is no method 'gae' for generation"),
        ({"limit": -1}, "limit"),
        ({"mask_operator": "pad"}, "mask_operator: Input should be 'zero', 'delete' or 'replace'"),
        ({"colour": "red"}, "small: colour: There is no such setting"),
        ({"options": {"xprompt": {"speed": 3}}}, "no option 'speed'"),
        ({"k": [0]}, "k.0"),
        ({"data": []}, "data"),
        ({"methods": ["xprompt", "xprompt"]}, "methods holds xprompt twice"),
        ({"k": [3, 3]}, "k holds 3 twice"),
        ({"seeds": [1, 2, 1]}, "seeds holds 1 twice"),
        ({"columns": ["speed"]}, "columns has no 'speed', but: bleu"),
        ({"figures": ["faithfulness"]}, "figures has no 'faithfulness', but: ratio_over_k, convergence"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, change, said):
    values = generation_study(tmp_path).model_dump() | change
    with pytest.raises(MaskwiseError, match=said):
        make_study(values)


def test_a_class_study_needs_labels_and_templates_that_are_there(tmp_path):
    study = classification_study(tmp_path)
    with pytest.raises(MaskwiseError, match="sst2 has 5 templates"):
        make_study(study.model_dump() | {"templates": [5]})
    with pytest.raises(MaskwiseError, match="no verbalizer 'magic'"):
        make_study(study.model_dump() | {"verbalizers": [{"name": "magic"}]})
    for name in ("templates", "verbalizers"):  # else nothing would be run, or the error be Python's own
        with pytest.raises(MaskwiseError, match=f": {name}: List should have at least 1 item"):
            make_study(study.model_dump() | {name: []})


def test_unknown_studies_and_broken_files_are_explained(tmp_path):
    with pytest.raises(MaskwiseError, match="There is no study 'nothing'. There are: .*xprompt_tables_1_2"):
        read_study("nothing")
    (tmp_path / "bad.toml").write_text("title = ")
    with pytest.raises(MaskwiseError, match="bad.toml is not TOML"):
        read_study(str(tmp_path / "bad.toml"))


def test_options_of_the_command_change_the_study_and_are_departures():
    published = read_study("xprompt_tables_1_2")
    arguments = ["xprompt_tables_1_2", "--model", "", "--data", "alpaca=mine.csv", "--text", "prompt"]
    arguments += [
        "--limit",
        "5",
        "--set",
        "measures.bleu=words",
        "options.xprompt.iterations=50",
        "--device",
        "cpu",
    ]
    study = changed(published, parse(arguments))
    assert [data.source for data in study.data] == ["mine.csv"] and study.data[0].text == ["prompt"]
    assert (study.model, study.limit, study.measures.bleu) == ("", 5, "words")
    assert study.options["xprompt"] == {"iterations": 50}
    said = "\n".join(departures(study, published))
    assert "measures.bleu: words (published: characters)" in said and "limit: 5 (published: 110)" in said
    assert "data alpaca, source: mine.csv (published: tatsu-lab/alpaca)" in said and "device" not in said
    assert "data mhc left out" in said and "model: none (published: meta-llama" in said
    assert departures(published, published) == []


def test_a_wrong_option_of_the_command_is_explained():
    published = read_study("xprompt_tables_1_2")
    with pytest.raises(MaskwiseError, match="no data set 'news', but: alpaca, tldr_news, mhc"):
        changed(published, parse(["x", "--data", "news=mine.csv"]))
    with pytest.raises(MaskwiseError, match="a name and a value"):
        changed(published, parse(["x", "--data", "mine.csv"]))
    with pytest.raises(MaskwiseError, match="mhc is named twice"):
        changed(published, parse(["x", "--data", "mhc=a.csv", "mhc=b.csv"]))
    with pytest.raises(MaskwiseError, match="holds no further values"):
        changed(published, parse(["x", "--set", "limit.a=1"]))


def test_settings_texts_and_versions_make_another_digest(tmp_path):
    study = generation_study(tmp_path)
    digests = {
        study.digest("a", {"torch": "1"}),
        study.digest("b", {"torch": "1"}),
        study.digest("a", {"torch": "2"}),
        generation_study(tmp_path, k=[1]).digest("a", {"torch": "1"}),
    }
    assert len(digests) == 4 and study.digest("a", {"torch": "1"}) in digests


def test_measures_that_are_better_when_higher_exist():
    assert set(TITLES) | {"kl_published"} >= HIGHER_IS_BETTER


def test_a_data_set_of_ones_own_brings_its_columns(tmp_path):
    study = classification_study(tmp_path)
    arguments = ["x", "--data", "imdb=mine.csv", "--text", "review", "--label", "stars"]
    (data,) = changed(study, parse([*arguments, "--training", "imdb=more.csv"])).data
    assert (data.source, data.text, data.label, data.task) == ("mine.csv", ["review"], "stars", "imdb")
    assert data.training == "more.csv"
