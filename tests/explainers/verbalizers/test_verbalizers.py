"""Verbalizers against their definitions, and our own label words."""

import math
from dataclasses import replace
from functools import cache

import pytest
import torch
from transformers import AutoTokenizer

from explainers.core.errors import MaskwiseError
from explainers.models.builtin import MINILM
from explainers.targets.mlm_head import read_masks
from explainers.text.tasks import TASKS, unlabelled_texts
from explainers.text.templates import render_cloze
from explainers.verbalizers import WordVerbalizer
from explainers.verbalizers.build import VERBALIZERS, VerbalizerInputs, build_verbalizer
from explainers.verbalizers.knowledgeable import expand, knowledgeable_verbalizer, refine
from explainers.verbalizers.prototypical import fit_prototypes, prototype_loss, prototypical_verbalizer
from explainers.verbalizers.soft import fit_vectors
from explainers.verbalizers.words import build_word_verbalizer, word_tokens
from tests.tiny_models import MASKED_KINDS, tiny_masked

LABELS = ("World", "Sports", "Business")
NAMED = [name for name, task in TASKS.items() if task.words]


@cache
def wordpiece():
    """A random model with the words of BERT's vocabulary."""
    loaded = tiny_masked("bert")
    tokenizer = AutoTokenizer.from_pretrained(MINILM.path().parent)
    torch.manual_seed(0)
    model = type(loaded.model)(
        type(loaded.model.config).from_dict(loaded.model.config.to_dict() | {"vocab_size": len(tokenizer)})
    )
    return replace(loaded, tokenizer=tokenizer, model=model.eval().requires_grad_(False))


def token(word):
    return word_tokens(wordpiece().tokenizer, word)[0]


def logits(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_manual_scores_are_mean_log_probabilities_up_to_what_classes_share():
    ids = ((3, 4), (5,), (6, 7, 8))
    verbalizer = WordVerbalizer(LABELS, [["w"] * len(i) for i in ids], ids)
    z = logits(2, 7, 20)
    read = verbalizer.class_scores(z).log_softmax(-1)
    probabilities = z.softmax(-1)
    for row in (0, 1):
        for position in range(7):
            p = probabilities[row, position]
            scores = [sum(math.log(p[i]) for i in of_class) / len(of_class) for of_class in ids]
            total = math.log(sum(map(math.exp, scores)))
            assert read[row, position].tolist() == pytest.approx([s - total for s in scores], abs=1e-4)


def test_scores_stay_finite_and_exact_where_a_label_word_stands_itself():
    verbalizer = WordVerbalizer(("a", "b"), [["x", "y"], ["z"]], ((0, 1), (2,)))
    z = torch.tensor([80.0, -80.0, -90.0])
    assert verbalizer.class_scores(z).log_softmax(-1).tolist() == pytest.approx([0, -90], abs=1e-4)


def test_half_precision_is_averaged_in_full():
    verbalizer = WordVerbalizer(("a", "b"), [["w"] * 30, ["w"]], (tuple(range(30)), (30,)))
    z = 20 + logits(31)
    fast = verbalizer.class_scores(z.bfloat16())
    assert fast.dtype == torch.float32
    assert fast[0].item() == pytest.approx(z.bfloat16().float()[:30].mean().item(), abs=1e-4)


def test_manual_words_of_several_tokens_are_read_by_the_first_and_said():
    verbalizer = build_word_verbalizer(
        wordpiece(), {"A": ["politics", "antidisestablishment"], "B": ["sports"]}
    )
    assert verbalizer.ids == ((token("politics"), token("antidisestablishment")), (token("sports"),))
    assert "antidisestablishment" in verbalizer.notes[0] and "politics" not in verbalizer.notes[0]


def test_unknown_words_are_dropped_and_said():
    verbalizer = build_word_verbalizer(wordpiece(), {"A": ["politics", "\U0001f600"], "B": ["sports"]})
    assert verbalizer.words == (("politics",), ("sports",))
    assert "\U0001f600" in verbalizer.notes[-1]
    with pytest.raises(MaskwiseError, match="None of the label words of 'B'"):
        build_word_verbalizer(wordpiece(), {"A": ["politics"], "B": ["\U0001f600"]})


def test_classes_of_the_same_words_are_refused():
    with pytest.raises(MaskwiseError, match="'A' and 'B' have the same label words"):
        build_word_verbalizer(wordpiece(), {"A": ["good", "bad"], "B": ["bad", "good"]})


@pytest.mark.parametrize("name", NAMED)
def test_own_label_words_are_thirty_distinct_single_tokens_a_class(name):
    words = TASKS[name].label_words(30)
    everything = [word for of_class in words.values() for word in of_class]
    assert {len(of_class) for of_class in words.values()} == {30}
    assert len(set(everything)) == len(everything)
    assert all(len(word_tokens(wordpiece().tokenizer, word)) == 1 for word in everything)
    assert list(TASKS[name].example_texts()) == list(words) == list(TASKS[name].labels)


def test_reading_masks_in_batches_equals_one_by_one():
    for kind in MASKED_KINDS:
        loaded = tiny_masked(kind)
        clozes = [render_cloze(loaded, "A <mask> : {text}", t) for t in ("It was great.", "The fox", "good")]
        together = read_masks(loaded, clozes)
        hidden = read_masks(loaded, clozes, hidden=True)
        for n, cloze in enumerate(clozes):
            with torch.no_grad():
                alone = loaded.model(torch.tensor([cloze.prompt.input_ids])).logits[0, cloze.mask_position]
            assert torch.allclose(together[n], alone, atol=1e-3)
        assert torch.allclose(loaded.model.get_output_embeddings()(hidden), together, atol=1e-3)


def slow_refine(ids, z):
    """KPT's two refinements, one word at a time."""
    probabilities = z.softmax(1)
    expected = {i: probabilities[:, i].mean().item() for of_class in ids.values() for i in of_class}
    threshold = torch.tensor(list(expected.values())).quantile(0.5).item()
    kept = {}
    for label, of_class in ids.items():
        kept[label] = []
        for n, i in enumerate(of_class):
            relevance = {
                name: max(0.0, torch.corrcoef(torch.stack([z[:, i], z[:, words[0]]]))[0, 1].item())
                for name, words in ids.items()
            }
            others = sum(r for name, r in relevance.items() if name != label) / (len(ids) - 1)
            kept[label].append(n == 0 or (expected[i] >= threshold and relevance[label] > others))
    return kept


def test_refinement_equals_slow_computation():
    ids = {"a": [0, *range(3, 15)], "b": [1, *range(15, 27)], "c": [2, *range(27, 39)]}
    z = logits(40, 60)
    z[:, 3:15] += 0.5 * z[:, :1]
    kept = refine(ids, z)
    assert kept == slow_refine(ids, z)
    flat = [keep for of_class in kept.values() for keep in of_class]
    assert 3 < sum(flat) < len(flat)


def test_a_planted_word_stays_and_strangers_go():
    z = 0.1 * logits(60, 12)
    z[:, 0], z[:, 1] = logits(60, seed=1), logits(60, seed=2)
    z[:, 2] = z[:, 0] + 3  # follows the name of class a
    z[:, 3] = z[:, 1] + 3  # listed under a, follows the name of b
    z[:, 4] = z[:, 0] - 9  # follows a, but is never expected
    assert refine({"a": [0, 2, 3, 4], "b": [1, 5]}, z)["a"] == [True, True, False, False]


def test_calibration_takes_the_prior_off():
    z = logits(30, 30522)
    z[:, token("sports")] += 20  # a word that the template alone brings about
    words = {"A": ["politics"], "B": ["sports"]}
    calibrated = knowledgeable_verbalizer(wordpiece(), words, z)
    centred = z - z.mean(0)
    expected = centred[:, [token("politics"), token("sports")]]
    assert torch.allclose(calibrated.class_scores(z), expected, atol=1e-4)
    assert calibrated.class_scores(z).log_softmax(-1).exp().mean(0).tolist() == pytest.approx(
        [0.5] * 2, abs=0.1
    )


def test_knowledgeable_drops_words_of_several_tokens_and_says_so():
    words = {"A": ["politics", "antidisestablishment"], "B": ["sports"]}
    verbalizer = knowledgeable_verbalizer(wordpiece(), words, logits(10, 30522))
    assert verbalizer.words == (("politics",), ("sports",))
    assert any("antidisestablishment" in note for note in verbalizer.notes)


def test_expansion_finds_related_words_in_the_vocabulary():
    words = expand(wordpiece(), {"Sports": ["sports", "football"], "Medicine": ["doctor", "hospital"]}, 40)
    assert words["Sports"][:2] == ["sports", "football"] and len(words["Sports"]) <= 40
    assert {"athletes", "soccer"} <= set(words["Sports"])
    assert {"physician", "medical"} <= set(words["Medicine"])
    assert not set(words["Sports"]) & set(words["Medicine"])


def clusters():
    """Hidden states of three classes around three random directions, 8 each."""
    directions = 2 * logits(3, 32, seed=5)
    classes = torch.arange(3).repeat_interleave(8)
    return directions[classes] + 0.5 * logits(24, 32, seed=6), classes, directions


def test_prototypes_learn_their_classes():
    hidden, classes, directions = clusters()
    generator = torch.Generator().manual_seed(0)
    verbalizer = prototypical_verbalizer(LABELS, [["w"]] * 3, hidden, classes, generator)
    scores = verbalizer.class_scores(hidden)
    assert scores.argmax(1).tolist() == classes.tolist()
    assert scores.abs().max() <= 1 + 1e-5
    assert verbalizer.class_scores(directions).argmax(1).tolist() == [0, 1, 2]
    projection, prototypes = verbalizer.projection, verbalizer.prototypes
    cosine = torch.cosine_similarity(projection @ hidden[0], prototypes[1], dim=0)
    assert scores[0, 1].item() == pytest.approx(cosine.item(), abs=1e-5)


def test_fitting_lowers_the_prototypes_loss():
    hidden, classes, _ = clusters()
    noisy = hidden + 2 * logits(24, 32, seed=7)
    before = torch.randn(64, 32, generator=torch.Generator().manual_seed(0)) / 32**0.5
    means = torch.stack([(noisy[classes == c] @ before.T).mean(0) for c in range(3)])
    after = fit_prototypes(noisy, classes, 3, torch.Generator().manual_seed(0))
    assert prototype_loss(noisy, classes, *after) < prototype_loss(noisy, classes, before, means) - 0.01


def test_prototypes_of_one_example_a_class():
    hidden, classes, _ = clusters()
    projection, prototypes = fit_prototypes(hidden[::8], classes[::8], 3, torch.Generator().manual_seed(0))
    assert projection.isfinite().all() and prototypes.isfinite().all()


def test_soft_vectors_learn_their_classes():
    hidden, classes, _ = clusters()
    start = torch.zeros(3, 32)
    fitted = fit_vectors(start, hidden, classes)
    assert (hidden @ fitted.T).argmax(1).tolist() == classes.tolist()
    assert start.abs().sum() == 0


def inputs(kind="bert", given=False, examples=None):
    loaded, task = wordpiece() if kind == "bert" else tiny_masked(kind), TASKS["sst2"]
    examples = task.example_texts() if examples is None else examples
    words = task.label_words(3)
    return VerbalizerInputs(loaded, task, task.templates[0], words, words if given else {}, examples)


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("name", VERBALIZERS)
def test_every_verbalizer_is_built_and_repeats(name, given):
    one, two = (build_verbalizer(name, inputs(given=given)) for _ in range(2))
    width = 32 if one.reads_hidden else 30522
    head = logits(4, width)
    assert one.class_scores(head).shape == (4, 2)
    assert torch.equal(one.class_scores(head), two.class_scores(head))
    assert one.labels == ("Negative", "Positive") and all(one.words)
    if name == "knowledgeable" and given:
        assert set(one.words[0]) <= set(TASKS["sst2"].label_words(3)["Negative"])


def test_verbalizers_without_examples():
    with pytest.raises(MaskwiseError, match="needs labelled texts"):
        build_verbalizer("prototypical", inputs(examples={}))
    soft = build_verbalizer("soft", inputs(examples={}))
    rows = wordpiece().model.get_output_embeddings().weight
    words = TASKS["sst2"].label_words(3)["Negative"]
    assert torch.allclose(soft.vectors[0], rows[[token(word) for word in words]].mean(0), atol=1e-6)


def test_custom_tasks_take_their_prior_from_all_example_texts():
    assert len(unlabelled_texts(TASKS["custom"])) > 100
    assert unlabelled_texts(TASKS["sst2"]) == sum(TASKS["sst2"].example_texts().values(), [])
