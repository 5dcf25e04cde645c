"""The figures: what they hold equals what they were given, whatever that is."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.page.scripts import ASSETS
from explainers.reports.figures.class_probabilities import ClassChange, classes_chart, classes_figure
from explainers.reports.figures.convergence import Search, convergence_chart, convergence_figure
from explainers.reports.figures.convergence_bands import bands_figure
from explainers.reports.figures.drops import drops_chart
from explainers.reports.figures.faithfulness import Curve, faithfulness_chart
from explainers.reports.figures.ratio_over_k import ratio_chart
from explainers.reports.figures.response_losses import losses_chart, losses_figure
from explainers.reports.figures.shared.heat_map import heat_map
from explainers.reports.figures.shared.lines import Series
from explainers.reports.figures.shared.style import VARIABLES
from explainers.reports.numbers import fixed

STEP = st.tuples(st.floats(-1e3, 0), st.none() | st.floats(-1e3, 0), st.booleans())


@settings(max_examples=25)
@given(st.lists(STEP, max_size=30), st.none() | st.floats(-1e3, 0), st.integers(0, 50))
def test_a_search_is_drawn_point_by_point(steps, unmasked, total):
    best, proposals, accepted = ([step[i] for step in steps] for i in range(3))
    search = Search(best, proposals, accepted, unmasked, total)
    figure, chart = convergence_figure(search), convergence_chart(search)
    assert list(figure.data[0].x) == list(range(1, len(steps) + 1)) and list(figure.data[0].y) == best
    assert list(figure.data[1].y) == proposals
    assert list(figure.data[2].x) == [i for i, step in enumerate(steps, 1) if step[2]]
    assert len(figure.data) == 3 + (unmasked is not None)
    assert len(chart["table"]["rows"]) == len(steps) and bool(chart["said"]) == bool(steps)
    assert figure.layout.xaxis.range[1] >= max(total, len(steps))


def test_a_thinned_search_keeps_its_numbers():
    figure = convergence_figure(Search([-1.0, -2.0], [-1.0, -2.0], [False, True], None, 90, [7, 80]))
    assert list(figure.data[0].x) == [7, 80] and list(figure.data[2].x) == [80]


def test_a_band_goes_along_the_high_ends_and_back_along_the_low():
    series = [Series("A", [2.0, None, 4.0], [1.0, None, 3.0], [3.0, None, 5.0])]
    band, line = bands_figure(series).data
    assert (list(band.x), list(band.y)) == ([1, 3, 3, 1], [3.0, 5.0, 3.0, 1.0])
    assert list(line.y) == [2.0, None, 4.0]


def test_a_line_without_a_band_has_none_and_chance_is_grey():
    chart = ratio_chart([Series("A", [0.5], [None], [None]), Series("chance", [0.9], [0.8], [1.0], True)], "")
    assert [trace["name"] for trace in chart["figure"]["data"]] == ["A", "chance"]
    assert chart["figure"]["data"][1]["line"]["dash"] == "dash"
    assert chart["said"] == "k 1 of 1: A 0.500, chance 0.900 (0.800 to 1.000)"


@pytest.mark.parametrize("kind", ["activation", "pruning"])
def test_faithfulness_has_a_line_and_a_column_a_method(kind):
    curves = [Curve(name, [0.0, 0.5, 1.0], [0.1, 0.2, 0.9], 0.4) for name in ("A", "B")]
    chart = faithfulness_chart(kind, curves, "about")
    assert [list(trace["y"]) for trace in chart["figure"]["data"]] == [[0.1, 0.2, 0.9]] * 2
    assert chart["table"]["rows"][1] == ["50 %", "0.2000", "0.2000"]


def test_the_axes_of_faithfulness_say_what_is_drawn_from_none_to_all_tokens():
    curves = [Curve("A", [0.0, 1.0], [0.1, 1.4], 0.4)]
    drawn = [faithfulness_chart(kind, curves, "")["figure"]["layout"] for kind in ("activation", "pruning")]
    assert [axes["yaxis"]["title"]["text"] for axes in drawn] == [
        "probability",
        "squared change",
    ]
    assert all(axes["xaxis"]["tickvals"][-1] == 1 for axes in drawn)


def test_text_of_a_person_is_no_markup_in_a_heat_map():
    figure = heat_map([[1.0]], [["<b>bold</b>"]], ["<a href='http://x'>row</a>"], ["a & b"], signed=True)
    assert figure.data[0].text[0][0] == "&lt;b&gt;bold&lt;/b&gt;"
    assert "<" not in figure.layout.yaxis.ticktext[0] and figure.layout.xaxis.ticktext[0] == "a &amp; b"


def test_each_color_is_a_variable_of_the_page():
    style = (ASSETS / "page" / "page.css").read_text(encoding="utf-8")
    light, dark = (
        re.search(rf"{start} \{{(.*?)\}}", style, re.DOTALL)[1] for start in (r"\n\.mw", r"\.dark \.mw")
    )
    for color, name in VARIABLES.items():
        assert f"{name}:" in light, color
        if name.startswith("--series"):
            assert f"{name}:" in dark


def test_numbers_have_a_true_minus_sign():
    assert (fixed(-0.001), fixed(-1.5, 1), fixed(None)) == ("0.00", "−1.5", "–")


def test_losses_stand_token_by_token_with_gains_in_the_other_colour():
    tokens, losses = ["As", "<b>", "doctor"], [1.5, -0.25, 0.0]
    bars, chart = losses_figure(tokens, losses).data[0], losses_chart(tokens, losses)
    assert list(bars.y) == losses and list(bars.customdata) == ["As", "&lt;b&gt;", "doctor"]
    assert len(set(bars.marker.color)) == 2 and bars.marker.color[0] == bars.marker.color[2]
    assert chart["table"]["rows"] == [["As", "1.50"], ["<b>", "−0.25"], ["doctor", "0.00"]]
    assert chart["said"] == "3 tokens lose 1.25 nats together"
    assert losses_chart(["\n\n", " ", ""], [0.0] * 3)["table"]["rows"] == [
        ["⏎⏎", "0.00"], ["␣", "0.00"], ["(no text)", "0.00"]
    ]  # fmt: skip
    assert losses_figure(["a"] * 100, [0.0] * 100).layout.xaxis.ticktext is None


def test_classes_have_a_bar_with_all_words_and_one_without_the_removed():
    classes = [ClassChange("<b>", 0.9, 0.25), ClassChange("Sports", 0.1, 0.75)]
    before, after = classes_figure(classes, "<b>").data
    assert (list(before.x), list(after.x)) == ([0.9, 0.1], [0.25, 0.75])
    chart = classes_chart(classes, "<b>")
    assert list(chart["figure"]["layout"]["yaxis"]["ticktext"]) == ["&lt;b&gt; (explained)", "Sports"]
    assert chart["table"]["rows"] == [["<b>", "90.0 %", "25.0 %"], ["Sports", "10.0 %", "75.0 %"]]
    assert chart["said"] == "with all words <b> 90.0 %, without the removed words Sports 75.0 %"


def test_classes_that_were_not_measured_again_have_no_second_bar():
    chart = classes_chart([ClassChange("A", 0.6, None), ClassChange("B", 0.4, None)], "A")
    assert list(chart["figure"]["data"][1]["x"]) == [None, None]
    assert chart["table"]["rows"][0] == ["A", "60.0 %", "–"] and chart["said"] == "with all words A 60.0 %"


def test_drops_begin_with_the_joint_one_and_the_sum():
    chart = drops_chart(["one", "one"], 9.0, [2.0, -0.5])
    (bars,) = chart["figure"]["data"]
    assert list(bars["x"]) == [9.0, 1.5, 2.0, -0.5] and list(bars["y"]) == [0, 1, 2, 3]
    assert bars["marker"]["color"][2] != bars["marker"]["color"][3]
    low, high = chart["figure"]["layout"]["xaxis"]["range"]
    assert low < -0.5 and high > 9
    assert chart["said"] == "all together 9.00 nats, one by one, added up 1.50 nats"
