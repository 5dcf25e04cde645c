"""KPT's knowledgeable verbalizer: many words per class, in its zero-shot and in its few-shot setting.

Hu et al. 2022 (arXiv 2108.02035). Its words come from a published file or from the expansion here: the
vocabulary words whose sentence embedding is closest to the class.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from explainers.core.deferred_torch import no_grad, torch
from explainers.models.builtin import sentence_encoder
from explainers.verbalizers.base import WordVerbalizer
from explainers.verbalizers.words import (
    LabelWords,
    build_word_verbalizer,
    is_known,
    shorten,
    unknown_words,
    word_tokens,
)

CANDIDATES, PRESELECTED = 100, 250  # words per class before refinement
# Share of the words that goes, the least expected at <mask> (KPT: half for topics, none for sentiment).
RARE_TOPIC, RARE_SENTIMENT = 0.5, 0.0
MIN_RELEVANCE = 1.0


def few_shot_verbalizer(loaded, label_words: LabelWords) -> WordVerbalizer:
    """All words that are one token, neither refined nor calibrated: KPT's few-shot setting, for tuned models.

    Raises MaskwiseError where two classes are the same words.
    """
    single = {label: keep_single_tokens(loaded, label, words) for label, words in label_words.items()}
    note = "All words count alike, neither refined nor calibrated: meant for a model that was tuned."
    return build_word_verbalizer(loaded, single, notes=[note, *_dropped(label_words, single)])


def knowledgeable_verbalizer(
    loaded, label_words: LabelWords, mask_logits: torch.Tensor, rare: float = RARE_TOPIC
) -> WordVerbalizer:
    """Refine `label_words` and calibrate: KPT's zero-shot setting.

    mask_logits: vocabulary logits at <mask> of N unlabelled texts in the template, (N, V). A class's first
    word is never refined away. Words of several tokens are dropped: their first token says too little.
    Raises MaskwiseError where two classes are the same words.
    """
    single = {label: keep_single_tokens(loaded, label, words) for label, words in label_words.items()}
    log_prior = mask_logits.mean(0)  # (V,); up to a constant, which softmax over classes takes out
    ids = {label: [word_tokens(loaded.tokenizer, w)[0] for w in ws] for label, ws in single.items()}
    kept = refine(ids, mask_logits, rare)
    words = {
        label: [w for w, keep in zip(ws, kept[label], strict=True) if keep] for label, ws in single.items()
    }
    notes = _notes(label_words, single, words)
    return build_word_verbalizer(loaded, words, log_prior, notes)


def keep_single_tokens(loaded, label: str, words: Sequence[str]) -> list[str]:
    """The first word, and of the others those that are one token; none that this model does not know.

    Raises MaskwiseError where a class is left without words.
    """
    known = {word: ids for word in words if is_known(loaded, ids := word_tokens(loaded.tokenizer, word))}
    kept = [word for word, ids in known.items() if len(ids) == 1 or word == words[0]]
    if not kept:
        raise unknown_words(label, loaded.title)
    return kept


def refine(
    ids: dict[str, list[int]], mask_logits: torch.Tensor, rare: float = RARE_TOPIC
) -> dict[str, list[bool]]:
    """Which words stay, by KPT's frequency and relevance refinement; the first of a class always does.

    ids: token ids of each class's words. mask_logits: (N, V). Frequency: the mean probability at <mask>;
    the `rare` share of all words with the lowest goes. Relevance (KPT, equation 5): with r(v, c) the cosine,
    over the N texts, between the centred logits of word v and of c's first word, R(v) = r(v, own class) /
    mean of r(v, other classes); R < 1 goes. Negative cosines count 0.
    """
    columns = {label: mask_logits[:, of_class] for label, of_class in ids.items()}  # (N, W_c) each
    normaliser = mask_logits.logsumexp(1, keepdim=True)
    expected = {label: (z - normaliser).exp().mean(0) for label, z in columns.items()}
    threshold = torch.cat(list(expected.values())).quantile(rare)
    centred = {label: torch.nn.functional.normalize(z - z.mean(0), dim=0) for label, z in columns.items()}
    names = torch.stack([z[:, 0] for z in centred.values()])  # (C, N)
    kept = {}
    for c, label in enumerate(ids):
        r = (names @ centred[label]).clamp(min=0)  # (C, W_c)
        others = (r.sum(0) - r[c]) / (len(names) - 1)
        keep = (expected[label] >= threshold) & (r[c] > MIN_RELEVANCE * others)
        keep[0] = True
        kept[label] = keep.tolist()
    return kept


def _notes(given: LabelWords, single: LabelWords, kept: LabelWords) -> list[str]:
    counts = ", ".join(f"{label} {len(kept[label])} of {len(ws)}" for label, ws in given.items())
    notes = [f"Words kept after refinement: {counts}. Scores are calibrated by each word's prior."]
    return notes + _dropped(given, single)


def _dropped(given: LabelWords, single: LabelWords) -> list[str]:
    lost = [w for label, ws in given.items() for w in ws if w not in single[label]]
    return [f"Dropped, being several tokens or unknown: {shorten(lost)}."] if lost else []


def expand(loaded, label_words: LabelWords, candidates: int = CANDIDATES) -> LabelWords:
    """Add to each class the vocabulary words closest to it, by cosine of sentence embeddings.

    A class is the mean embedding of its name and words; a word goes to the closest class alone. The encoder's
    word embeddings choose PRESELECTED words per class first: the whole vocabulary would take a minute.
    """
    vocabulary = _vocabulary_words(loaded.tokenizer)
    rows = _similarity(_word_embeddings, vocabulary, label_words).topk(min(PRESELECTED, len(vocabulary)), 0)
    near = [vocabulary[i] for i in rows.indices.unique().tolist()]
    similarity = _similarity(_sentence_embeddings, near, label_words)  # (W, C)
    given = {word for words in label_words.values() for word in words}
    expanded = {label: list(words) for label, words in label_words.items()}
    for i in similarity.amax(1).argsort(descending=True).tolist():
        closest = expanded[list(label_words)[similarity[i].argmax()]]
        if near[i] not in given and len(closest) < candidates:
            closest.append(near[i])
    return expanded


def _similarity(embed, vocabulary: Sequence[str], label_words: LabelWords) -> torch.Tensor:
    """Cosine of each vocabulary word and each class, (W, C)."""
    classes = torch.stack([embed((label, *words)).mean(0) for label, words in label_words.items()])
    return embed(tuple(vocabulary)) @ torch.nn.functional.normalize(classes, dim=1).T


@lru_cache(maxsize=4)
def _vocabulary_words(tokenizer) -> tuple[str, ...]:
    """Words of at least three letters that are one token behind a space, in the vocabulary's order."""
    texts = dict.fromkeys(tokenizer.decode([i]).strip() for i in sorted(tokenizer.get_vocab().values()))
    words = [text for text in texts if len(text) > 2 and text.isalpha() and text.islower()]
    return tuple(word for word in words if len(word_tokens(tokenizer, word)) == 1)


@lru_cache(maxsize=64)
def _sentence_embeddings(texts: tuple[str, ...]) -> torch.Tensor:
    """Unit sentence embeddings, (N, e), fp32."""
    embeds = sentence_encoder().encode(
        list(texts),
        batch_size=256,
        normalize_embeddings=True,
        convert_to_tensor=True,
        show_progress_bar=False,
    )
    return embeds.float().cpu()


@lru_cache(maxsize=64)
@no_grad
def _word_embeddings(texts: tuple[str, ...]) -> torch.Tensor:
    """Unit means of the encoder's input embeddings over each text's tokens, (N, e), fp32."""
    encoder = sentence_encoder()
    ids = encoder.tokenizer(list(texts), add_special_tokens=False).input_ids
    transformer: Any = encoder[0]
    table = transformer.auto_model.get_input_embeddings().weight.float().cpu()
    flat, lengths = torch.tensor([i for row in ids for i in row]), torch.tensor([len(row) for row in ids])
    offsets = lengths.cumsum(0) - lengths
    return torch.nn.functional.normalize(torch.nn.functional.embedding_bag(flat, table, offsets), dim=1)
