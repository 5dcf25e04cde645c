"""The pieces of the masked-LM training: cutting, batching, masking, held-out texts, templates, export."""

import numpy as np
import pytest
import torch

from explainers.core.errors import MaskwiseError
from tests.tiny_models import tiny_masked, wordpiece_tokenizer
from training.cloze import class_scores, parse_template, word_ids
from training.data import cut_pieces, length_batches, mask_tokens, without_dev_texts
from training.export import export_weights
from training.model import logits_at
from training.run import Phase


@pytest.fixture(scope="module")
def tokenizer():
    return wordpiece_tokenizer()


def test_pieces_hold_every_token_of_a_long_text_once(tokenizer):
    text = "the quick brown fox jumps over the lazy dog " * 30
    pieces = cut_pieces([text], tokenizer, size=50)
    assert max(map(len, pieces)) <= 52
    ids = np.concatenate([piece[1:-1] for piece in pieces])
    assert ids.tolist() == tokenizer(text, add_special_tokens=False)["input_ids"]


def test_batches_hold_every_piece_once_and_stay_small():
    rng = np.random.default_rng(0)
    pieces = [rng.integers(5, 300, rng.integers(4, 60)) for _ in range(200)]
    batches = list(length_batches(pieces, 256, rng))
    assert all(batch.numel() <= 256 for batch in batches)
    found = sorted(tuple(row[row != 0].tolist()) for batch in batches for row in batch)
    assert found == sorted(tuple(piece.tolist()) for piece in pieces)


def test_masking_spares_special_tokens_and_keeps_the_published_shares(tokenizer):
    ids = torch.randint(5, len(tokenizer), (40, 200))
    ids[:, 0], ids[:, -1], ids[:, 7] = tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.mask_token_id
    masked, chosen = mask_tokens(ids, tokenizer, torch.Generator().manual_seed(0), rate=0.5)
    assert not chosen[:, [0, 7, -1]].any()
    assert torch.equal(masked[~chosen], ids[~chosen])
    assert (masked[chosen] == tokenizer.mask_token_id).float().mean().item() == pytest.approx(0.8, abs=0.03)
    assert (masked[chosen] == ids[chosen]).float().mean().item() == pytest.approx(0.1, abs=0.03)


def test_pieces_with_a_dev_text_are_left_out(tokenizer):
    held_out = "once upon a time in a magazine there was a book"
    texts = [f"the movie was great . {held_out} , is it not ?", "the quick brown fox jumps over the lazy dog"]
    pieces, dev = cut_pieces(texts, tokenizer), cut_pieces([held_out], tokenizer)
    assert [piece.tolist() for piece in without_dev_texts(pieces, dev, tokenizer)] == [pieces[1].tolist()]


@pytest.mark.parametrize("template", ["A <mask> news : {text}", "{text} It was <mask> ."])
def test_a_long_text_never_loses_the_mask(tokenizer, template):
    cloze, word = parse_template(template, tokenizer), tokenizer.vocab["story"]
    ids, position = cloze.encode([word] * 100, longest=20)
    assert len(ids) == 20 and ids[position] == tokenizer.mask_token_id
    ids, position = cloze.encode([word], longest=20)
    expected = template.replace("<mask>", "[MASK]").replace("{text}", "story")
    assert ids == tokenizer(expected)["input_ids"] and ids[position] == tokenizer.mask_token_id


def test_a_class_scores_the_mean_of_its_words(tokenizer):
    log_probs = torch.randn(3, len(tokenizer)).log_softmax(-1)
    words = word_ids([["bad"], ["good", "great"]], tokenizer)
    good, great = (tokenizer.convert_tokens_to_ids(word) for word in ("good", "great"))
    expected = (log_probs[:, good] + log_probs[:, great]) / 2
    assert torch.allclose(class_scores(log_probs, words)[:, 1], expected)
    with pytest.raises(MaskwiseError, match="single tokens"):
        word_ids([["bad"], []], tokenizer)


def test_logits_at_chosen_positions_equal_the_models_own():
    model = tiny_masked("bert").model
    ids = torch.randint(5, 60, (2, 9))
    ids[1, 6:] = 0
    positions = torch.zeros(2, 9, dtype=torch.bool)
    positions[0, 3] = positions[1, 5] = True
    expected = model(input_ids=ids, attention_mask=(ids != 0).long()).logits[positions]
    assert torch.allclose(logits_at(model, ids, positions), expected, atol=1e-5)


def test_learning_rate_rises_and_falls():
    rates = [Phase("any", 1, 1.0, warmup=0.1).learning_rate(60 * x) for x in (0.0, 0.05, 0.1, 0.55, 1.0, 1.1)]
    assert rates == pytest.approx([0.0, 0.5, 1.0, 0.5, 0.0, 0.0])


def test_export_replaces_old_shards_and_leaves_out_the_frozen_words(tmp_path):
    model = tiny_masked("bert").model.requires_grad_(True)
    model.bert.embeddings.word_embeddings.weight.requires_grad_(False)
    (tmp_path / "old.safetensors").write_bytes(b"old")
    export_weights(model, tmp_path)
    model.requires_grad_(False)
    from safetensors.torch import load_file

    [shard] = tmp_path.glob("*.safetensors")
    names = set(load_file(shard))
    assert "cls.predictions.bias" in names and not any("word_embeddings" in name for name in names)
