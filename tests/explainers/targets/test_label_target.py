"""log p of a class under masks, against a slow loop, on every architecture and with every operator."""

import pytest
import torch

from explainers.core.errors import Stopped
from explainers.targets.label import LabelTarget
from explainers.text.templates import render_cloze
from explainers.verbalizers import WordVerbalizer
from explainers.verbalizers.soft import SoftVerbalizer
from tests.tiny_models import MASKED_KINDS, tiny_masked

OPERATORS = ("zero", "delete", "replace")
TEXT = "The quick brown fox, it was great!"
IDS = ((30, 31, 32), (40,), (50, 51))
LABELS = ("first", "second", "third")


def make_target(kind="bert", operator="replace", granularity="word", label=1, text=TEXT, verbalizer=None):
    loaded = tiny_masked(kind)
    cloze = render_cloze(loaded, "A <mask> news : {text} It was good .", text, granularity)
    verbalizer = verbalizer or WordVerbalizer(LABELS, [["w"] * len(ids) for ids in IDS], IDS)
    return LabelTarget(loaded, cloze, verbalizer, label, operator)


def some_masks(count, n=6):
    masks = (torch.rand(n, count, generator=torch.Generator().manual_seed(0)) > 0.3).int()
    masks[0], masks[1] = 1, 0
    return masks


@torch.no_grad()
def slow_class_log_probs(target, mask) -> list[float]:
    """One sequence at a time, the whole vocabulary's probabilities at <mask>, and a mean over label words."""
    removed = {p for span, kept in zip(target.spans, mask, strict=True) if not kept for p in span.positions}
    embed, rows, position = target.model.get_input_embeddings(), [], None
    for place, token in enumerate(target.prompt.input_ids):
        if place == target.mask_position:
            assert token == target.tokenizer.mask_token_id
            position = len(rows)
        row = embed(torch.tensor(token))
        if place in removed and target.operator == "delete":
            continue
        if place in removed:
            unknown = embed(torch.tensor(target.tokenizer.unk_token_id))
            row = unknown if target.operator == "replace" else torch.zeros_like(row)
        rows.append(row)
    logits = target.model(inputs_embeds=torch.stack(rows)[None]).logits[0, position]
    log_probs = logits.log_softmax(-1)
    scores = torch.stack([log_probs[list(ids)].sum() / len(ids) for ids in IDS])
    return (scores.exp() / scores.exp().sum()).log().tolist()


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("kind", MASKED_KINDS)
def test_class_log_probs_equal_slow_loop(kind, operator):
    target = make_target(kind, operator)
    masks = some_masks(len(target.spans))
    fast = target.class_log_probs(masks)
    slow = torch.tensor([slow_class_log_probs(target, mask.tolist()) for mask in masks], dtype=fast.dtype)
    assert torch.allclose(fast, slow, atol=1e-3)
    assert (slow.amax(0) - slow.amin(0)).max() > 1e-3
    assert torch.equal(target.log_prob(masks), fast[:, 1])


@pytest.mark.parametrize("granularity", ["token", "word", "sentence"])
def test_granularities_equal_slow_loop(granularity):
    target = make_target(granularity=granularity, text="It was great. The fox was brown!")
    masks = some_masks(len(target.spans))
    for row, mask in zip(target.class_log_probs(masks).tolist(), masks.tolist(), strict=True):
        assert row == pytest.approx(slow_class_log_probs(target, mask), abs=1e-3)


@pytest.mark.parametrize("operator", ["zero", "replace"])
@pytest.mark.parametrize("kind", MASKED_KINDS)
def test_mask_gradient_equals_finite_differences(kind, operator):
    target = make_target(kind, operator)
    gradient, step = target.mask_gradient(), 1e-2
    for t in (0, 3, len(target.spans) - 1):
        masks = torch.ones(2, len(target.spans))
        masks[0, t] += step
        masks[1, t] -= step
        up, down = target.log_prob_from_embeds(target.masked.masked(masks)).tolist()
        assert gradient[t].item() == pytest.approx((up - down) / (2 * step), rel=0.1, abs=0.05)


@pytest.mark.parametrize("kind", MASKED_KINDS)
def test_forward_gives_what_log_prob_reads(kind):
    target = make_target(kind)
    output = target.forward(output_hidden_states=True)
    assert output.logits.shape[1:] == (len(target.prompt.input_ids), target.model.config.vocab_size)
    read = target.class_log_probs_from_logits(output.logits)[0, target.mask_position]
    masks = torch.ones(1, len(target.spans))
    assert read.tolist() == pytest.approx(target.class_log_probs(masks)[0].tolist(), abs=1e-4)
    score = target.class_score_from_embeds(target.embeds()[None])
    assert score.item() == pytest.approx(target.class_score(output).item(), abs=1e-4)
    assert score.item() == pytest.approx(output.logits[0, target.mask_position, 40].item(), abs=1e-4)


@pytest.mark.parametrize("kind", MASKED_KINDS)
def test_hidden_states_reach_a_soft_verbalizer_and_nothing_stays_hooked(kind):
    model = tiny_masked(kind).model
    decoder = model.get_output_embeddings()
    rows = decoder.weight[[ids[0] for ids in IDS]]
    target = make_target(kind, verbalizer=SoftVerbalizer(LABELS, [["w"]] * 3, rows))
    words = WordVerbalizer(LABELS, [["w"]] * 3, [ids[:1] for ids in IDS])
    bias = getattr(decoder, "bias", None)
    bias = 0 if bias is None else bias[[ids[0] for ids in IDS]]
    ones = torch.ones(1, len(target.spans))
    plain = (make_target(kind, verbalizer=words).class_scores(ones) - bias).log_softmax(-1)
    assert torch.allclose(target.class_log_probs(ones), plain, atol=1e-3)
    assert target.forward().logits.shape[-1] == rows.shape[1]
    assert not decoder._forward_hooks and not decoder._forward_pre_hooks


def test_gradients_flow_through_forward():
    target = make_target()
    embeds = target.embeds()[None].requires_grad_()
    score = target.class_score(target.forward(embeds))
    (gradient,) = torch.autograd.grad(score.sum(), embeds)
    assert gradient.abs().sum() > 0


def test_each_distinct_mask_is_evaluated_once():
    target = make_target()
    masks = some_masks(len(target.spans)).repeat(3, 1)
    target.log_prob(masks)
    target.class_log_probs(masks)
    assert target.evaluations == 2 * len(masks)
    assert target.forward_passes == target.distinct_masks == len({tuple(m.tolist()) for m in masks})


@pytest.mark.parametrize("operator", OPERATORS)
def test_batches_of_any_size_agree(operator, monkeypatch):
    whole, single = make_target(operator=operator), make_target(operator=operator)
    single.batch_size = 1
    masks = some_masks(len(whole.spans))
    assert torch.allclose(whole.class_log_probs(masks), single.class_log_probs(masks), atol=1e-4)


def test_template_and_mask_belong_to_no_span():
    target = make_target()
    removable = {p for span in target.spans for p in span.positions}
    assert target.mask_position not in removable
    kept = target.masked.keep(torch.zeros(1, len(target.spans)))[0]
    words = target.tokenizer.convert_ids_to_tokens(
        [i for i, k in zip(target.prompt.input_ids, kept, strict=True) if k]
    )
    assert words[0] == "[CLS]" and words[-1] == "[SEP]" and "[MASK]" in words
    assert "".join(words[1:-1]).replace("##", "") == "a[MASK]news[UNK]itwasgood."


def test_stop_reaches_the_caller():
    def stop(rows):
        raise Stopped("Stopped.")

    target = make_target()
    target.on_forward = stop
    with pytest.raises(Stopped):
        target.log_prob(some_masks(len(target.spans)))
    with pytest.raises(Stopped):
        target.forward()


def test_a_class_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="3 classes"):
        make_target(label=3)
