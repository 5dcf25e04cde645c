"""The joint effect of removed spans, on functions whose effects are planted."""

import pytest

from explainers.core.errors import MaskwiseError
from explainers.measures.effect_sentences import describe_joint, joint_kind
from explainers.streams import what_if
from tests.synthetic import SyntheticTarget, random_problem


def planted_joint_effect(monkeypatch, value, removed, spans=6):
    monkeypatch.setattr(what_if, "target_of", lambda explanation, hook: SyntheticTarget(spans, value))
    return what_if.joint_effect({"granularity": "word"}, removed)


def test_spans_that_stand_in_for_each_other_are_redundant(monkeypatch):
    def value(masks):
        gone = 1 - masks.double()
        return -1 - 0.2 * (gone[:, 2] + gone[:, 5]) - 10 * gone[:, 2] * gone[:, 5] - 3 * gone[:, 0]

    found = planted_joint_effect(monkeypatch, value, [2, 5])
    assert found["kind"] == "redundant"
    assert (found["together"], found["sum"]) == pytest.approx((10.4, 0.4))
    assert found["pairs"][0][1] == found["pairs"][1][0] == pytest.approx(-found["difference"])
    assert "one left behind does the work" in found["sentences"][1]
    named = planted_joint_effect(monkeypatch, value, [0, 2, 5])["sentences"]
    assert named[2:] == ["“w2” and “w5” stand in for each other (−10.0 nats)."]


def test_spans_that_need_each_other_are_synergistic(monkeypatch):
    def value(masks):
        return 5 * masks.double()[:, 1] * masks.double()[:, 3] - 6

    found = planted_joint_effect(monkeypatch, value, [1, 3])
    assert found["kind"] == "synergistic" and (found["together"], found["sum"]) == pytest.approx((5, 10))
    assert found["pairs"][0][1] == pytest.approx(5)


def test_spans_that_do_their_own_work_are_additive(monkeypatch):
    found = planted_joint_effect(monkeypatch, lambda masks: masks.double().sum(-1), [0, 1, 4])
    assert found["kind"] == "additive" and found["difference"] == pytest.approx(0)
    assert len(found["sentences"]) == 2


def test_few_and_many_spans(monkeypatch):
    monkeypatch.setattr(what_if, "PAIR_EVALUATIONS", 500)
    value = random_problem(0, 30)
    none, one = (planted_joint_effect(monkeypatch, value, removed, 30) for removed in ([], [3]))
    assert none["together"] == none["sum"] == 0 and none["pairs"] == [] and none["kind"] == "additive"
    assert one["together"] == one["sum"] and one["pairs"] == [[0.0]] and len(one["sentences"]) == 1
    many = planted_joint_effect(monkeypatch, value, list(range(20)), 30)
    assert not many["exact"] and len(many["pairs"]) == 20
    with pytest.raises(MaskwiseError, match="up to 20 spans"):
        planted_joint_effect(monkeypatch, value, list(range(21)), 30)


def test_kinds_have_a_tolerance():
    assert [joint_kind(*drops) for drops in ((10.4, 10), (10.6, 10), (9.4, 10), (0.04, 0), (0.06, 0))] == [
        "additive", "redundant", "synergistic", "additive", "redundant",
    ]  # fmt: skip
    assert describe_joint([], "word", 0, 0, []) == ["Nothing is removed, so nothing is lost."]
