"""What the Compare tab shows, from events alone: the table and its floor, agreement, the two charts."""

from itertools import combinations

import pytest

from components.compare import tab
from components.compare.agreement_map import expected_agreement
from components.compare.charts import ConvergenceView, SweepView
from components.compare.run import methods_work
from components.compare.tab import estimate_text
from components.compare.view import ComparisonView, replay
from components.line.line import Line

PROMPT = "Tell the doctor and patient"
SPANS = [{"text": w, "start": PROMPT.index(w), "end": PROMPT.index(w) + len(w)} for w in PROMPT.split()]
SETTINGS = {"prompt": PROMPT, "methods": ["first", "second", "third"], "k": 2, "granularity": "word"}
INTERVAL = {"mean": 0.8, "low": 0.7, "high": 0.9, "draws": 20}
FLOOR = {"type": "floor", "draws": 20, "metrics": {"probability_ratio": INTERVAL, "kl": INTERVAL}}
PARTS = [{"passes": 40, "tokens": 500}, *({"passes": 20, "tokens": 500} for _ in SETTINGS["methods"])]
BEGINNING = [{"type": "prompt", "spans": SPANS, "log_prob": -5.0, "passes": 100, "parts": PARTS}, FLOOR]


def row(method, removed, ratio=0.5, kl=0.8, error=None):
    spans = [{**s, "score": 0.5, "removed": t in removed} for t, s in enumerate(SPANS)]
    nothing = error is not None
    return {
        "type": "row",
        "method": method,
        "title": method.title(),
        "spans": [] if nothing else spans,
        "removed": removed,
        "metrics": {} if nothing else {"probability_ratio": ratio, "kl": kl},
        "seconds": None if nothing else 1.25,
        "forward_passes": None if nothing else 1234,
        "certificate": "",
        "error": error,
        "masked_response": "Anew.",
    }


def compared(agreement, votes, best, stopped=False):
    request = {**SETTINGS, "model": "tiny"}
    values = {"agreement": agreement, "votes": votes, "best": best, "stopped": stopped, "request": request}
    return {"type": "compared", **values}


def shown(events):
    view = ComparisonView(SETTINGS)
    for event in events:
        view.add(event)
    return view


def whole():
    agreement = [[1.0, 1 / 3, None], [1 / 3, 1.0, None], [None, None, None]]
    rows = [row("first", [2, 4]), row("second", [2, 3], ratio=0.95), row("third", [], error="Too long.")]
    return shown([*BEGINNING, *rows, compared(agreement, [0, 0, 2, 1, 1], {"probability_ratio": "first"})])


def cells(table, method):
    (found,) = [each for each in table["rows"] if each["method"] == method]
    return {c["name"]: cell for c, cell in zip(table["columns"], found["cells"], strict=True)}


def test_each_value_is_judged_by_the_floors_interval():
    table = whole().values()["table"]
    first, second = cells(table, "first"), cells(table, "second")
    assert first["probability_ratio"]["verdict"] == "better" and first["probability_ratio"]["best"]
    assert second["probability_ratio"]["note"] == "worse than random"
    assert first["kl"]["note"] == "≈ random" and not first["kl"]["best"]
    assert first["forward_passes"]["text"] == "1,234" and first["forward_passes"]["at"] is None
    assert first["probability_ratio"]["at"] == pytest.approx(0.5 / 0.95)
    assert first["probability_ratio"]["floor"]["mean"] == pytest.approx(0.8 / 0.95)


def test_the_floor_is_a_row_and_every_measure_says_how_to_read_it():
    table = whole().values()["table"]
    floor = dict(zip([c["name"] for c in table["columns"]], table["floor"]["cells"], strict=True))
    assert floor["probability_ratio"]["text"] == "0.800"
    assert floor["probability_ratio"]["note"] == "0.700 to 0.900"
    assert floor["agreement"]["text"] == f"{expected_agreement(5, 2):.2f}"
    said = {line["title"]: line["text"] for line in table["reading"]}
    assert "Below 0.700 a method did better than chance." in said["Probability ratio (lower is better)"]
    assert "Above 0.900 a method did better" in said["KL divergence (higher is better)"]
    assert "2 words removed at random: 0.800" in said["Probability ratio (lower is better)"]


def test_an_interval_that_reaches_zero_promises_nothing():
    floor = {"type": "floor", "draws": 5, "metrics": {"bleu": {**INTERVAL, "low": -0.1}}}
    table = shown([BEGINNING[0], floor]).values()["table"]
    assert "cannot tell" in table["reading"][0]["text"]


def test_methods_that_tie_are_all_the_best():
    rows = [row("first", [0, 1]), row("second", [0, 1])]
    end = compared([[1, 1], [1, 1]], [2, 2, 0, 0, 0], {"probability_ratio": "first"})
    table = shown([*BEGINNING, *rows, end]).values()["table"]
    assert [cells(table, name)["probability_ratio"]["best"] for name in ("first", "second")] == [True, True]


def test_a_method_that_refused_keeps_its_row_and_stays_out_of_the_agreement():
    values = whole().values()
    status, table, agreed = values["status"], values["table"], values["map"]
    assert table["rows"][2]["error"] == "Too long."
    assert cells(table, "third")["probability_ratio"]["text"] == "–"
    assert agreed["pairs"]["table"]["rows"] == [["First", "1.00", "0.33"], ["Second", "0.33", "1.00"]]
    assert agreed["pairs"]["figure"]["data"][0]["z"] == [[1.0, 1 / 3], [1 / 3, 1.0]]
    assert cells(table, "first")["agreement"]["text"] == "0.33"
    assert cells(table, "third")["agreement"]["value"] is None
    assert status["text"] == "2 of 3 methods compared on tiny."


def test_stop_keeps_finished_rows_and_an_error_the_earlier_comparison():
    rows = [*BEGINNING, row("first", [0, 1])]
    view = shown([*rows, compared([[1.0]], [1, 1, 0, 0, 0], {}, stopped=True)])
    values = view.values()
    status, table, agreed = values["status"], values["table"], values["map"]
    assert status["state"] == "stopped" and "1 of 3 methods compared" in status["text"]
    assert len(table["rows"]) == 1 and agreed["methods"] == 1 and agreed["pairs"] is None
    failed = shown([{"type": "error", "text": "No such model."}])
    assert set(failed.values()) == {"status"} and failed.record() is None


def test_a_record_shows_the_same_again():
    view = shown([{"type": "status", "text": "Loading"}, *BEGINNING])
    assert view.record() is None
    view = whole()
    assert replay(view.record()["events"]).values() == view.values()


def test_progress_follows_passes_and_names_the_last_method():
    """A part that took fewer passes than were planned is done all the same, and counts by its tokens."""
    view = shown(BEGINNING[:1])
    view.values(5)
    assert view.values(25)["status"]["fraction"] == 0.125
    for event in (FLOOR, row("first", [0, 1])):
        view.add(event)
    view.values(50)
    status = view.values(55)["status"]
    assert status["fraction"] == 0.5625
    assert status["text"] == "1 of 3 methods done, the last First: 65 of about 100 passes"


@pytest.mark.parametrize(("n", "k"), [(5, 2), (6, 3), (4, 3), (3, 3), (7, 1)])
def test_expected_agreement_equals_all_pairs_of_sets(n, k):
    sets = [set(chosen) for chosen in combinations(range(n), k)]
    indices = [len(a & b) / len(a | b) for a in sets for b in sets]
    assert expected_agreement(n, k) == pytest.approx(sum(indices) / len(indices))


def test_a_sweep_has_a_line_a_method_and_the_band_of_chance():
    view = SweepView(SETTINGS, titles={"first": "First", "second": "Second"}, most=9)
    view.add(BEGINNING[0])
    assert "ratio" not in view.values()
    for k in (1, 2):
        point = {"type": "point", "k": k}
        view.add({**point, "method": "random", "probability_ratio": 0.9, "low": 0.8, "high": 1.0})
        view.add({**point, "method": "first", "probability_ratio": 1 / k})
    (chart,) = view.values()["ratio"]["charts"]
    first, band, floor = chart["figure"]["data"]
    assert first["y"] == [1.0, 0.5, None, None, None]  # no more than there are words
    assert (band["x"], band["y"]) == ([1, 2, 2, 1], [1.0, 1.0, 0.8, 0.8])
    assert floor["name"] == "random removal" and floor["y"][:3] == [0.9, 0.9, None]
    assert chart["said"] == "k 2 of 5: First 0.500, random removal 0.900 (0.800 to 1.000)"
    assert chart["table"]["rows"][0] == [1, "1.000", "0.900 (0.800 to 1.000)"]
    view.add({"type": "swept", "refused": {"second": "Too long."}, "stopped": False, "notes": ["Flat."]})
    assert "Second refused: Too long." in view.values()["status"]["text"]


def test_convergence_shows_the_mean_and_the_range_over_seeds():
    view = ConvergenceView(SETTINGS)
    curves = {0: [-1.0, -2.0], 1: [-3.0, -6.0]}
    for seed, y in curves.items():
        view.add({"type": "curve", "method": "first", "title": "First", "seed": seed, "y": y})
    (chart,) = view.values()["bands"]["charts"]
    band, line = chart["figure"]["data"]
    assert line["y"] == [-2.0, -4.0]
    assert (band["x"], band["y"]) == ([1, 2, 2, 1], [-1.0, -2.0, -6.0, -3.0])
    assert "2 seeds" in chart["note"]


def test_the_estimate_says_passes_seconds_and_what_is_wrong(monkeypatch):
    settings = {"prompt": PROMPT, "methods": ["xprompt"], "model": "some-model", "max_new_tokens": 10}
    line, work = Line(), methods_work(settings)
    monkeypatch.setattr(tab, "LINE", line)
    assert "known after a first comparison" in estimate_text(settings)
    line.pace.record("generation some-model", 300.0, work.size)
    assert "about 5 min at the speed of the last explanation" in estimate_text(settings)
    line.pace.record("comparison some-model", 120.0, work.size)
    assert "about 2 min at the speed of the last comparison" in estimate_text(settings)
    assert "known after a first comparison" in estimate_text({**settings, "model": "another"})
    assert "Choose between 1 and 8" in estimate_text({**settings, "methods": []})
