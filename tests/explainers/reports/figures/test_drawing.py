"""A figure within a page that runs no script."""

from xml.etree import ElementTree

from explainers.reports.figures.drawing import drawing
from explainers.reports.figures.hops import spans_figure
from explainers.reports.figures.interactions import arcs_figure

WORDS = ["Write", "a", "<b>story</b>", "about", "a", "doctor & nurse of uncommon length"]
SETS = [{"members": [0, 2], "nats": 2.0}, {"members": [2, 3, 5], "nats": -1.0}]


def drawn(figure) -> tuple[ElementTree.Element, list[str]]:
    """The drawing, and the texts in it."""
    svg = ElementTree.fromstring(drawing(figure, 'About "this"'))
    assert svg.get("aria-label") == 'About "this"'
    return svg, [text.text or "" for text in svg.iter("text")]


def test_arcs_stand_on_their_words():
    svg, texts = drawn(arcs_figure(WORDS, SETS))
    dots = [(float(dot.get("cx", "")), float(dot.get("cy", ""))) for dot in svg.iter("circle")]
    assert len(dots) == len(WORDS) and texts[:3] == WORDS[:3] and texts[-1].endswith("…")
    for line, each in zip(svg.iter("polyline"), SETS, strict=True):
        points = [tuple(map(float, point.split(","))) for point in line.get("points", "").split()]
        members = each["members"]
        assert (points[0], points[-1]) == (dots[members[0]], dots[members[-1]])
        assert min(y for _, y in points) < dots[0][1]
    assert [title.text for title in svg.iter("title")][0] == "Write + <b>story</b>: 2.00 nats"


def test_a_heat_map_has_a_cell_and_a_number_for_each_value_and_stays_within_its_width():
    spans = [{"text": word, "hops": [0.3 / (n + 1), 0.05]} for n, word in enumerate(WORDS)]
    svg, texts = drawn(spans_figure(spans))
    cells, wide = list(svg.iter("rect")), float(svg.get("width", ""))
    assert len(cells) == 2 * len(WORDS) and texts[:2] == ["30.0%", "15.0%"] and "hop 1" in texts
    assert all(float(cell.get("x", "")) + float(cell.get("width", "")) < wide for cell in cells)
    strengths = [float(cell.get("style", "").rpartition(":")[2]) for cell in cells]
    assert strengths[:6] == sorted(strengths[:6], reverse=True) and max(strengths) < 1
