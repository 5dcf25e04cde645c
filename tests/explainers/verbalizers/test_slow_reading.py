"""Every verbalizer, from the texts it is made from to log p of a class, beside a slow reading of the logits.

The slow side reads one text at a time by the plain model and follows the published formulas, in fp64.
"""

import math

import pytest
import torch

from explainers.targets.label import LabelTarget
from explainers.text.tasks import TASKS
from explainers.text.templates import render_cloze
from explainers.verbalizers.build import VerbalizerInputs, build_verbalizer
from explainers.verbalizers.words import word_tokens
from tests.tiny_models import tiny_masked

OPERATORS = ("zero", "delete", "replace")
TEMPLATE, TEXT = "It was <mask> . {text}", "the quick story, a good book of the world"
WORDS = {
    "Bad": ["bad", "terrible", "ending", "news", "lazy"],
    "Good": ["great", "good", "helpful", "quick", "capital"],
}
EXAMPLES = {
    "Bad": ["the ending was bad", "terrible news of the world", "a lazy dog, a bad movie"],
    "Good": ["the movie was great", "a good and helpful doctor", "the book was good !"],
}
TINY, RATES = 1e-15, {"soft": 3e-4, "prototypical": 1e-3}


def inputs(kind):
    return VerbalizerInputs(tiny_masked(kind), TASKS["custom"], TEMPLATE, WORDS, WORDS, EXAMPLES)


def columns(loaded, words):
    return [word_tokens(loaded.tokenizer, word)[0] for word in words]


@torch.no_grad()
def read(loaded, rows, place):
    """Logits (V,) at a place of one text, and what the decoder made them from, (d,); fp64."""
    seen = []
    hook = loaded.model.get_output_embeddings().register_forward_pre_hook(lambda _, given: seen.append(given))
    try:
        logits = loaded.model(inputs_embeds=torch.stack(rows)[None]).logits
    finally:
        hook.remove()
    return logits[0, place].double(), seen[0][0][0, place].double()


def of_text(loaded, text):
    cloze, embed = render_cloze(loaded, TEMPLATE, text), loaded.model.get_input_embeddings()
    return read(loaded, [embed(torch.tensor(i)) for i in cloze.prompt.input_ids], cloze.mask_position)


def of_mask(target, mask):
    """The text without the words that a mask removes, put together anew."""
    gone = {p for span, kept in zip(target.spans, mask, strict=True) if not kept for p in span.positions}
    embed, rows, place = target.model.get_input_embeddings(), [], None
    for position, token in enumerate(target.prompt.input_ids):
        if position == target.mask_position:
            place = len(rows)
        if position in gone and target.operator == "delete":
            continue
        row = embed(torch.tensor(token))
        if position in gone:
            unknown = embed(torch.tensor(target.tokenizer.unk_token_id))
            row = unknown if target.operator == "replace" else torch.zeros_like(row)
        rows.append(row)
    return read(target.loaded, rows, place)


def manual(made):
    """KPT, equation 7 with equal weights: the mean log p of a class's words."""
    ids = [columns(made.loaded, words) for words in WORDS.values()]
    return lambda logits, hidden: [logits.log_softmax(-1)[of_class].mean().item() for of_class in ids]


def knowledgeable(made):
    """q over all words, divided by what the words' own prior is, and the mean of its logarithms."""
    texts = [text for of_class in EXAMPLES.values() for text in of_class]
    seen = torch.stack([of_text(made.loaded, text)[0] for text in texts])  # (N, V)
    ids = {label: columns(made.loaded, words) for label, words in WORDS.items()}
    kept = [i for label in ids for i in refined(ids, label, seen)]
    sizes = [len(refined(ids, label, seen)) for label in ids]
    prior = seen.mean(0)[kept].softmax(-1)

    def scores(logits, hidden):
        q = logits[kept].softmax(-1) / (prior + TINY)
        parts = (q / q.sum() + TINY).log().split(sizes)
        return [part.mean().item() for part in parts]

    return scores


def refined(ids, label, seen):
    """The words of a class that are expected and belong to it more than to the others; the first always."""
    expected = {i: seen.softmax(-1)[:, i].mean().item() for of_class in ids.values() for i in of_class}
    middle = torch.tensor(list(expected.values()), dtype=torch.float64).quantile(0.5).item()
    kept = []
    for i in ids[label]:
        near = {name: alike(seen[:, i], seen[:, of_class[0]]) for name, of_class in ids.items()}
        others = [cosine for name, cosine in near.items() if name != label]
        if not kept or (expected[i] >= middle and near[label] > sum(others) / len(others)):
            kept.append(i)
    return kept


def alike(one, two):
    one, two = one - one.mean(), two - two.mean()
    return max(0.0, (one @ two / (one.norm() * two.norm())).item())


def labelled(made):
    rows = [(of_text(made.loaded, text)[1], c) for c, label in enumerate(WORDS) for text in EXAMPLES[label]]
    return torch.stack([hidden for hidden, _ in rows]), [c for _, c in rows]


def soft(made):
    """A vector per class in the decoder's place, from the words' rows by Adam on the cross-entropy."""
    hidden, classes = labelled(made)
    rows = made.loaded.model.get_output_embeddings().weight.double()
    vectors = torch.stack([rows[columns(made.loaded, words)].mean(0) for words in WORDS.values()])

    def loss(vectors):
        shares = [(vectors @ h).log_softmax(-1)[c] for h, c in zip(hidden, classes, strict=True)]
        return -torch.stack(shares).mean()

    (vectors,) = adam(loss, [vectors], RATES["soft"])
    return lambda logits, hidden: (vectors @ hidden).tolist()


def prototypical(made):
    """cos(W h, P) after Adam on both InfoNCE terms, from W drawn by the seed and P at the classes' means."""
    hidden, classes = labelled(made)
    drawn = torch.randn(64, hidden.shape[1], generator=torch.Generator().manual_seed(0))
    w = drawn.double() / math.sqrt(hidden.shape[1])
    means = [
        torch.stack([w @ h for h, k in zip(hidden, classes, strict=True) if k == c]).mean(0) for c in (0, 1)
    ]
    cosine = lambda a, b: (a @ b) / (a.norm() * b.norm())  # noqa: E731

    def loss(w, prototypes):
        to_prototypes, to_others = [], []
        for i, c in enumerate(classes):
            near = torch.stack([cosine(w @ hidden[i], p) for p in prototypes])
            to_prototypes.append(near[c] - near.logsumexp(0))
            others = [j for j in range(len(classes)) if j != i]
            near = torch.stack([cosine(w @ hidden[i], w @ hidden[j]) for j in others]).log_softmax(0)
            to_others += [near[n] for n, j in enumerate(others) if classes[j] == c]
        return -torch.stack(to_prototypes).mean() - torch.stack(to_others).mean()

    w, prototypes = adam(loss, [w, torch.stack(means)], RATES["prototypical"])
    return lambda logits, hidden: [cosine(w @ hidden, p).item() for p in prototypes]


def adam(loss, values, rate):
    """Fifty steps, written out (Kingma and Ba 2015, Algorithm 1)."""
    first, second = ([torch.zeros_like(value) for value in values] for _ in range(2))
    for step in range(1, 51):
        values = [value.detach().requires_grad_() for value in values]
        for n, slope in enumerate(torch.autograd.grad(loss(*values), values)):
            first[n] = 0.9 * first[n] + 0.1 * slope
            second[n] = 0.999 * second[n] + 0.001 * slope**2
            mean, spread = first[n] / (1 - 0.9**step), second[n] / (1 - 0.999**step)
            values[n] = values[n] - rate * mean / (spread.sqrt() + 1e-8)
    return [value.detach() for value in values]


SLOWLY = {
    "manual": manual,
    "knowledgeable": knowledgeable,
    "knowledgeable_few_shot": manual,
    "soft": soft,
    "prototypical": prototypical,
}


@pytest.mark.parametrize("name", SLOWLY)
@pytest.mark.parametrize("kind", ["bert", "modernbert"])
def test_log_p_of_classes_equals_the_formula_on_plain_logits(kind, name):
    made = inputs(kind)
    verbalizer, slowly = build_verbalizer(name, made), SLOWLY[name](made)
    cloze = render_cloze(made.loaded, TEMPLATE, TEXT, "word")
    for operator in OPERATORS:
        target = LabelTarget(made.loaded, cloze, verbalizer, operator=operator)
        masks = (torch.rand(4, len(target.spans), generator=torch.Generator().manual_seed(1)) > 0.4).int()
        masks[0] = 1
        slow = [torch.tensor(slowly(*of_mask(target, mask))).log_softmax(-1) for mask in masks.tolist()]
        fast = target.class_log_probs(masks)
        assert torch.allclose(fast, torch.stack(slow).double(), atol=1e-4)
        assert (fast.amax(0) - fast.amin(0)).max() > 1e-3
