"""The linear surrogate, TDD and XPrompt's two ablations, held against their definitions."""

import re
from dataclasses import replace

import pytest
import torch

from explainers import EXPLAINERS, read_options
from explainers.core.errors import MaskwiseError
from explainers.linear_surrogate import held_out_predictions, sparse_model, sparse_weights
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import encode_response, render_prompt
from tests.explainers.targets.test_response_target import make_target
from tests.synthetic import SyntheticTarget
from tests.tiny_models import CAUSAL_KINDS, tiny_causal

TEXT = "Write a short story about a doctor."
BARE = {"chat": False, "granularity": "token", "text": TEXT}


def explain(name, target, /, k=2, seed=0, **options):
    method = EXPLAINERS[name]
    return method(read_options(method, options, k, seed)).explain(target)


# --- the linear surrogate


def planted(masks):
    """Three of twelve spans matter, each on its own."""
    return -20 + masks.double() @ torch.tensor([0, 3, 0, 0, -1, 0, 0, 0, 0, 5, 0, 0], dtype=torch.float64)


def test_surrogate_recovers_a_planted_linear_model():
    explanation = explain("linear_surrogate", SyntheticTarget(12, planted), alpha=0.001)
    truth = planted(torch.eye(12)) + 20
    assert explanation.scores == pytest.approx(truth.tolist(), abs=0.02)
    assert [t for t, kept in enumerate(explanation.mask) if not kept] == [1, 9]
    assert explanation.notes[0].startswith("The linear model's R² is 1.00 on masks it was not fitted to")
    assert explanation.evaluations == 64


def test_the_penalty_drops_spans_that_do_not_matter_despite_noise():
    def noisy(masks):
        return planted(masks) + 0.2 * torch.sin(1e3 * masks.double() @ torch.arange(1.0, 13).double())

    scores = explain("linear_surrogate", SyntheticTarget(12, noisy), alpha=0.05).scores
    assert [t for t, score in enumerate(scores) if score] == [1, 4, 9]
    assert scores[9] > scores[1] > 2 and scores[4] < 0


def test_a_joint_effect_shows_as_a_poor_fit_on_masks_held_out():
    def parity(masks):
        return 1 - 2.0 * (masks.sum(1) % 2).double()

    notes = explain("linear_surrogate", SyntheticTarget(12, parity)).notes
    held_out, fitted = map(float, re.findall(r"(-?\d+\.\d\d) on", notes[0]))
    assert held_out < 0.1 < fitted + 0.1 and "The fit is poor: raise Samples" in notes[2]


@pytest.mark.parametrize("spans", [1, 2, 4])
def test_a_prompt_of_few_spans_has_no_masks_left_to_hold_out(spans):
    notes = explain("linear_surrogate", SyntheticTarget(spans, lambda m: m.double().sum(1)), k=1).notes
    assert notes[0].startswith(f"The linear model's R² is 1.00 on all {2**spans} masks") and len(notes) == 2


def test_a_mask_drawn_twice_is_never_on_both_sides():
    generator = torch.Generator().manual_seed(0)
    masks = (torch.rand(8, 6, generator=generator) < 0.5).int().repeat(4, 1)  # every mask four times
    values = torch.arange(8, dtype=torch.float64).repeat(4)
    predicted = held_out_predictions(masks, values, 0.01).view(4, 8)
    assert torch.equal(predicted[0], predicted[3]) and not torch.allclose(predicted[0], values[:8], atol=0.1)


def test_values_that_do_not_vary_give_no_weights():
    model = sparse_model(0.01).fit(torch.eye(5).double(), torch.full((5,), -3.1))
    assert not sparse_weights(model).any() and model.predict(torch.zeros(1, 5)).item() == pytest.approx(-3.1)


@pytest.mark.parametrize("alpha", [float("nan"), float("inf"), 10**400, 0, True, "0.01"])
def test_a_penalty_that_is_no_number_in_range_is_refused(alpha):
    with pytest.raises(MaskwiseError, match="Option alpha must"):
        read_options(EXPLAINERS["linear_surrogate"], {"alpha": alpha})


def test_surrogate_agrees_with_least_squares_on_a_model():
    target = make_target(text="Write a short story")
    masks = torch.cartesian_prod(*[torch.arange(2)] * len(target.spans))
    design = torch.cat([masks.double(), torch.ones(len(masks), 1, dtype=torch.float64)], 1)
    exact = torch.linalg.lstsq(design, target.log_prob(masks)[:, None]).solution[:-1, 0]
    scores = explain("linear_surrogate", target, samples=2000, alpha=0.001).scores
    assert scores == pytest.approx(exact.tolist(), abs=0.05 * exact.abs().max().item())


# --- token distribution dynamics


def transcribed(target, ids, word, foil):
    """r by the whole model on token ids; forward by positions, backward by endings of the token sequence."""

    def r(sequence):
        p = target.model(torch.tensor([sequence])).logits[0].softmax(-1)  # (L, V)
        return (p[:, word] - (p[:, foil] if foil is not None else 0)).tolist()

    along, forward, last, backward = r(ids), [], 0.0, []
    for i, value in enumerate(along):
        forward.append(value - (along[i - 1] if i else 0.0))
    for start in reversed(range(len(ids))):
        value = r(ids[start:])[-1]
        backward.insert(0, value - last)
        last = value
    return forward, backward


@pytest.mark.parametrize("kind", ["gpt2", "gpt_neox", "qwen2", "qwen3", "phi3"])  # those that add no mark
@pytest.mark.parametrize("foil", ["", "magazine"])
def test_tdd_equals_a_direct_transcription(kind, foil):
    target = make_target(kind, **BARE)
    ids = list(target.prompt.input_ids)
    assert [span.positions for span in target.spans] == [(i,) for i in range(len(ids))]
    word = target.response_ids[0]
    other = target.tokenizer(" " + foil).input_ids[0] if foil else None
    forward, backward = transcribed(target, ids, word, other)
    both = [(f + b) / 2 for f, b in zip(forward, backward, strict=True)]
    for direction, expected in {"forward": forward, "backward": backward, "bidirectional": both}.items():
        scores = explain("tdd", target, direction=direction, foil=foil).scores
        assert scores == pytest.approx(expected, abs=1e-5)
        assert max(map(abs, scores)) > 1e-4


@pytest.mark.parametrize("kind", CAUSAL_KINDS)
@pytest.mark.parametrize("chat", [True, False])
def test_tdd_under_a_template_is_read_off_the_same_prompt(kind, chat):
    """By words: marks and template stay, the spans before the ending are deleted."""
    target = make_target(kind, chat=chat, text=TEXT)
    ids, word = target.prompt.input_ids, target.response_ids[0]

    def p(sequence):
        return target.model(torch.tensor([sequence])).logits[0].softmax(-1)[:, word].tolist()

    along, count = p(ids), len(target.spans)
    gone = [{i for span in target.spans[:t] for i in span.positions} for t in range(count + 1)]
    rests = [[x for i, x in enumerate(ids) if i not in out] for out in gone]
    endings = [p(rest)[-1] if rest else 0.0 for rest in rests]
    forward = [sum(along[i] - (along[i - 1] if i else 0) for i in span.positions) for span in target.spans]
    backward = [endings[t] - endings[t + 1] for t in range(count)]
    assert explain("tdd", target, direction="forward").scores == pytest.approx(forward, abs=1e-5)
    assert explain("tdd", target, direction="backward").scores == pytest.approx(backward, abs=1e-5)


def test_tdd_without_a_known_output_layer_is_the_same(monkeypatch):
    expected = explain("tdd", make_target("gemma2"), foil="magazine").scores
    target = make_target("gemma2")
    assert target.scorer.causal.reading.readout is not None
    plain = replace(target.scorer.causal.reading, readout=None)
    monkeypatch.setattr(target.scorer.causal, "reading", plain)
    assert explain("tdd", target, foil="magazine").scores == pytest.approx(expected, abs=1e-5)


def test_target_and_foil_exchanged_turn_the_sign():
    one = explain("tdd", make_target(), target="magazine", foil="story").scores
    other = explain("tdd", make_target(), target="story", foil="magazine").scores
    assert one == pytest.approx([-score for score in other], abs=1e-6) and max(map(abs, one)) > 1e-4


def test_a_part_of_the_answer_is_read_after_what_precedes_it():
    loaded = tiny_causal("llama")
    prompt, answer = render_prompt(loaded.tokenizer, TEXT), "Once upon a time"
    ids = encode_response(loaded.tokenizer, answer)
    target = ResponseTarget(loaded, prompt, ids, part=(2, 4))
    p = loaded.model(torch.tensor([prompt.input_ids + ids[:2]])).logits[0, -1].softmax(-1)[ids[2]].item()
    (note,) = explain("tdd", target).notes
    assert f"p(“{loaded.tokenizer.decode(ids[2]).strip()}”) is {p:.3f}." in note


@pytest.mark.parametrize(("chat", "due"), [(True, ""), (False, " ")])
def test_a_word_is_read_with_a_space_before_it_where_one_is_due(chat, due):
    target = make_target("gpt2", chat=chat)
    first = target.tokenizer(due + "story").input_ids[0]
    chosen = EXPLAINERS["tdd"]().first_token(target, " story ")
    assert chosen == first != target.tokenizer((" " if not due else "") + "story").input_ids[0]


def test_only_the_first_token_of_a_long_word_is_read_and_that_is_said():
    notes = explain("tdd", make_target(), target="xylophone").notes
    assert re.match(r"“xylophone” is \d tokens for this model: only the first, “x\w*”, is read\.", notes[0])


def test_tdd_refuses_words_it_cannot_tell_apart_and_long_ones():
    with pytest.raises(MaskwiseError, match="both begin with “x.*Choose words that begin differently"):
        explain("tdd", make_target(), target="xylophone", foil="xylophones")
    with pytest.raises(MaskwiseError, match="limited to 100 characters"):
        read_options(EXPLAINERS["tdd"], {"foil": "a" * 101})


@pytest.mark.parametrize(("direction", "passes"), [("forward", 1), ("backward", 9), ("bidirectional", 10)])
def test_tdd_takes_the_passes_it_announces(direction, passes):
    target, method = make_target(text=TEXT), EXPLAINERS["tdd"]
    explainer = method(read_options(method, {"direction": direction}))
    before = target.forward_passes
    explainer.explain(target)
    assert target.forward_passes - before == passes == explainer.passes(len(target.spans))


# --- XPrompt's ablations


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("xprompt_random_start", {"initialisation": "random"}),
        ("xprompt_uniform_swaps", {"proposals": "uniform"}),
    ],
)
def test_an_ablation_is_xprompt_with_one_setting(name, settings):
    method = EXPLAINERS[name]
    assert list(method.own_options()) == ["iterations"]
    ours = explain(name, make_target(), seed=3, iterations=25)
    theirs = explain("xprompt", make_target(), seed=3, iterations=25, **settings)
    assert (ours.mask, ours.scores, ours.certificate) == (theirs.mask, theirs.scores, theirs.certificate)
    assert ours.method == name and method.title.startswith("XPrompt without")
    with pytest.raises(MaskwiseError, match="it takes: iterations"):
        read_options(method, settings)
