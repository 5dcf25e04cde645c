"""Where removing makes no difference the result says that it tells nothing, and elsewhere it does not."""

import pytest

from components.classification.view import ClassificationView
from components.what_if.values import measured
from explainers.core.base import explainers_for
from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError, Stopped
from explainers.core.types import Task
from explainers.measures.flatness import flat_notes, tie_notes
from explainers.models import held
from explainers.streams import classification, generation, reading, what_if
from explainers.streams.comparison import compare
from explainers.streams.game import guessing
from explainers.streams.game.known_rounds import kept_rounds
from explainers.streams.game.rounds import Round
from explainers.streams.requests.classification import ClassificationRequest
from explainers.streams.requests.comparison import ComparisonRequest
from explainers.streams.requests.generation import GenerationRequest
from explainers.streams.sweep import convergence, sweep
from tests.synthetic import SyntheticTarget
from tests.tiny_models import tiny_causal, tiny_masked

pytestmark = pytest.mark.usefixtures("on_tiny_models")
SAID = "Nothing can be told apart here: log p stays the same"
CLASSES = {"template": "It was <mask>. {text}", "label_words": {"up": ["good"], "down": ["bad"]}}
PROMPT, SHORT = "The sea is wide.", {"k": 1, "max_new_tokens": 2}


def zeroed(loaded):
    with torch.no_grad():
        for weights in loaded.model.parameters():
            weights.zero_()
    return loaded


@pytest.fixture(scope="module")
def dead_causal():
    return zeroed(tiny_causal("llama", chat=True))


def of_equal_classes(words: list[str]):
    """A masked model that scores all of these words alike."""
    loaded = tiny_masked("bert")
    ids = loaded.tokenizer.convert_tokens_to_ids(words)
    assert loaded.tokenizer.unk_token_id not in ids
    with torch.no_grad():
        head = loaded.model.get_output_embeddings()
        head.weight[ids], head.bias[ids] = head.weight[ids[0]].clone(), 0.0
    return loaded


@pytest.mark.usefixtures("learned_heads")
@pytest.mark.parametrize("method", explainers_for(Task.GENERATION))
def test_a_model_of_zeros_tells_nothing_apart(method, dead_causal):
    request = GenerationRequest(PROMPT, method=method, response="Yes.", **SHORT)
    *_, last = generation.run(request, loaded=dead_causal)
    assert SAID in last["notes"][-1]


@pytest.mark.parametrize("method", ["prompt_explainer", "xprompt", "integrated_gradients"])
def test_classes_that_nothing_moves_are_not_told_apart(method):
    request = ClassificationRequest("Stocks fell.", "custom", method=method, **CLASSES)
    *_, last = classification.run(request, loaded=of_equal_classes(["good", "bad"]))
    assert SAID in last["method_notes"][-1]
    assert "cannot tell these classes apart, which are equally probable: up, down" in last["notes"][-1]


def test_a_classifier_of_zeros_is_refused():
    with pytest.raises(MaskwiseError, match="does not depend on the words.*weights may be damaged"):
        list(
            classification.run(
                ClassificationRequest("Stocks fell.", "custom", **CLASSES), loaded=zeroed(tiny_masked("bert"))
            )
        )


def test_the_comparison_says_so(dead_causal):
    asked = ComparisonRequest(
        PROMPT, ["feature_ablation", "gradient_x_input"], draws=2, response="Yes.", **SHORT
    )
    *_, last = compare(asked, loaded=dead_causal)
    assert SAID in last["notes"][-1]


def test_the_charts_of_the_comparison_say_so(dead_causal, monkeypatch):
    monkeypatch.setattr(held, "load_model", lambda *how: dead_causal)
    asked = ComparisonRequest(PROMPT, ["feature_ablation"], draws=2, response="Yes.", **SHORT)
    for last in [*sweep(asked, 2)][-1], [*convergence(asked, 1, 2)][-1]:
        assert SAID in last["notes"][-1]


def test_every_method_beside_the_others_says_so(monkeypatch):
    monkeypatch.setattr(reading, "explainers_for", lambda task: ["prompt_explainer", "gradient_x_input"])
    request = ClassificationRequest("Stocks fell.", "custom", **CLASSES)
    events = list(reading.explain_by_all(request, {}, loaded=of_equal_classes(["good", "bad"])))
    assert SAID in events[-1]["notes"][-1]
    view = ClassificationView("Stocks fell.")
    for event in events:
        view.add(event)
    assert SAID in view.values()["status"]["text"]


def test_what_if_says_so(dead_causal):
    request = GenerationRequest(PROMPT, method="feature_ablation", response="Yes.", **SHORT)
    *_, explanation = generation.run(request, loaded=dead_causal)
    removal = what_if.removal(explanation, [0, 1], loaded=dead_causal)
    assert SAID in measured(explanation, removal)["result"]["parts"][-1][1]
    joint = what_if.joint_effect_on(additive([0.0, 0.0]), [0, 1], "word")
    assert joint["sentences"][1] == "What they do adds up to nothing."


def test_a_round_says_so_before_and_after_the_marks(dead_causal, monkeypatch):
    monkeypatch.setattr(held, "load_model", lambda *how: dead_causal)
    kept_rounds.clear()
    round = Round("Sea", PROMPT, 1, settings={"response": "Yes.", "max_new_tokens": 2})
    events = {event["type"]: event for event in guessing.play(round, [0])}
    assert SAID in events["prepared"]["notes"][-1] and SAID in events["revealed"]["sentence"]
    (scored,) = [event for event in guessing.score_guesses(round, [[1]]) if event["type"] == "scored"]
    assert SAID in scored["guesses"][0]["sentence"]


def test_a_model_that_heeds_its_prompt_is_not_called_flat():
    *_, last = generation.run(
        GenerationRequest(PROMPT, response="Yes.", **SHORT), loaded=tiny_causal("llama")
    )
    assert not [note for note in last["notes"] if SAID in note]
    assert tie_notes(["a", "b", "c"], [0.5, 0.3, 0.2]) == ()


def additive(weights: list[float]) -> SyntheticTarget:
    """log p is the sum of the weights of the words that stay."""
    return SyntheticTarget(len(weights), lambda masks: masks.double() @ torch.tensor(weights).double())


def test_a_bad_set_is_no_flat_target():
    """The set that was found makes no difference, but a word that was not found does."""
    target = additive([0.0, 0.0, 2.0])
    assert flat_notes(target, target.log_prob_of((0, 1, 1))) == ()
    before = target.evaluations
    assert flat_notes(target, target.log_prob_of((1, 1, 0))) == ()
    assert target.evaluations <= before + 2, "no more is asked for where the set makes a difference"


def test_words_that_cancel_each_other_are_no_flat_target():
    assert flat_notes(additive([2.0, -2.0, 0.0]), 0.0) == ()


def test_a_stop_ends_the_check_without_a_word():
    target = additive([0.0, 0.0])

    def stop(masks):
        raise Stopped

    target.log_prob = stop
    assert flat_notes(target, 0.0) == ()
