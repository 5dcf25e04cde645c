"""The built-in masked LM as it is shipped: it fills blanks, classifies, and fits into a Space's git."""

import re

import pytest
import torch
from transformers import AutoTokenizer

from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.models.builtin import sentence_encoder_folder
from explainers.models.builtin_masked_lm import WEIGHTS, load_builtin_masked_lm
from explainers.models.held import load_model
from explainers.text.templates import render_cloze
from training.cloze import class_scores, parse_template, word_ids
from training.tasks import SENTIMENT_TEMPLATES, SENTIMENT_WORDS, TOPIC_TEMPLATES, TOPIC_WORDS

BLANKS = [
    ("Paris is the capital of [MASK].", {"france"}),
    ("The president of the United [MASK] spoke to reporters on Monday.", {"states"}),
    ("Oil prices rose to a record of more than 50 dollars a [MASK].", {"barrel"}),
    ("Shares of the company fell five [MASK] on Tuesday.", {"percent"}),
    ("He scored the winning goal in the second [MASK] of the match.", {"half"}),
    ("The prime [MASK] met the leaders of the opposition.", {"minister"}),
    ("She lives in New [MASK] City.", {"york"}),
    ("Two soldiers were killed and three were [MASK] in the attack.", {"wounded", "injured"}),
    ("Microsoft sells software for personal [MASK].", {"computers", "computer"}),
    ("The company said its profit [MASK] in the third quarter.", {"rose", "fell", "increased", "grew"}),
    ("It was one of the best movies I have ever [MASK].", {"seen", "watched"}),
    ("He got up at six o'clock in the [MASK] and went to work.", {"morning"}),
]
NEWS = [
    ("Leaders of both countries signed a peace accord after weeks of talks in Geneva.", 0),
    ("Rebels attacked a convoy near the border, killing four soldiers, the ministry said.", 0),
    ("Voters went to the polls on Sunday to choose a new parliament.", 0),
    ("The striker scored twice as the visitors won the cup final 3-1.", 1),
    ("She beat the top seed in straight sets to reach the semifinals of the tennis open.", 1),
    ("The quarterback threw for 280 yards and the coach praised his defense.", 1),
    ("Shares of the retailer dropped after it warned that quarterly profit would fall.", 2),
    ("The airline agreed to merge with its rival in a deal worth two billion dollars.", 2),
    ("The central bank raised interest rates to slow inflation.", 2),
    ("A new version of the web browser fixes several security holes, its developers said.", 3),
    ("The chip maker showed a processor that lets laptops run longer on one battery.", 3),
    ("Astronomers using a space telescope found a planet around a distant star.", 3),
]
REVIEWS = [
    ("a dull and lifeless film that never finds its way", 0),
    ("I wanted my money back ; the plot makes no sense and the acting is awful .", 0),
    ("the jokes fall flat and the ending is a mess", 0),
    ("a tedious waste of two hours", 0),
    ("a warm , funny and moving story with superb performances", 1),
    ("I loved every minute of it ; the cast is brilliant .", 1),
    ("beautifully shot and full of charm", 1),
    ("one of the most delightful surprises of the year", 1),
]


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(sentence_encoder_folder())


@pytest.fixture(scope="module")
def model():
    return load_builtin_masked_lm(sentence_encoder_folder())


@torch.no_grad()
def log_probs_at(model, ids: list[int], position: int) -> torch.Tensor:
    return model(input_ids=torch.tensor([ids])).logits[0, position].log_softmax(-1)  # (V,)


def accuracy(model, tokenizer, examples, template, label_words) -> float:
    cloze, words = parse_template(template, tokenizer), word_ids(label_words, tokenizer)
    hits = 0
    for text, label in examples:
        filled = cloze.encode(tokenizer(text, add_special_tokens=False)["input_ids"], 510)
        hits += class_scores(log_probs_at(model, *filled)[None], words).argmax().item() == label
    return hits / len(examples)


def test_it_fills_blanks_that_a_person_finds_easy(model, tokenizer):
    """By chance one of five guesses would be right once in about 6,000 blanks."""
    hits = 0
    for sentence, answers in BLANKS:
        ids = tokenizer(sentence)["input_ids"]
        best = log_probs_at(model, ids, ids.index(tokenizer.mask_token_id)).topk(5).indices
        hits += not answers.isdisjoint(tokenizer.convert_ids_to_tokens(best))
    assert hits >= 8


@pytest.mark.parametrize("count", [1, 8])
def test_it_classifies_news(model, tokenizer, count):
    words = [list(words[:count]) for words in TOPIC_WORDS]
    assert accuracy(model, tokenizer, NEWS, TOPIC_TEMPLATES[0], words) >= 10 / 12


@pytest.mark.parametrize("template", SENTIMENT_TEMPLATES[:2])
def test_it_classifies_reviews(model, tokenizer, template):
    words = [list(words[:1]) for words in SENTIMENT_WORDS]
    assert accuracy(model, tokenizer, REVIEWS, template, words) >= 7 / 8


def test_words_are_the_encoders_own_and_everything_is_frozen(model):
    from safetensors.torch import load_file

    words = load_file(sentence_encoder_folder() / "model.safetensors")["embeddings.word_embeddings.weight"]
    assert torch.equal(model.get_input_embeddings().weight, words)
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    assert not model.training and not any(value.requires_grad for value in model.parameters())


def test_files_are_small_enough_for_git():
    sizes = [path.stat().st_size for path in WEIGHTS.iterdir()]
    assert max(sizes) < 10_000_000 and sum(sizes) <= 24_000_000


def test_missing_weights_name_the_fix(tmp_path):
    with pytest.raises(MaskwiseError, match="Restore the folder"):
        load_builtin_masked_lm(sentence_encoder_folder(), weights=tmp_path)


@pytest.mark.parametrize(
    ("text", "said"), [("🎉🎉", "1 of 1 token is"), ("หุ้นตก", "(is|are) unknown to this model")]
)
def test_a_text_that_it_does_not_know_is_said(text, said):
    notes = render_cloze(load_model("", Task.CLASSIFICATION), "{text} It was <mask> .", text).notes
    assert re.search(said, notes[0])
