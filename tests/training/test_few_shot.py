"""Few-shot tuning on a tiny random BERT: what falls, what moves, what comes back from the file."""

import json
from dataclasses import replace

import pytest
import torch

from explainers.core.errors import MaskwiseError
from explainers.targets.mlm_head import read_masks
from explainers.targets.whole_words import label_target
from explainers.text.templates import render_cloze
from explainers.verbalizers.whole_words import whole_word_verbalizer
from tests.tiny_models import MASKED_KINDS, tiny_masked
from training.adapter import TunedAdapter
from training.cloze import word_ids
from training.few_shot import TuningStep, few_shot_tune, main, sample_shots

TEMPLATE = "{text} It was <mask> ."
WORDS = [["bad", "terrible"], ["great", "good"]]
EXAMPLES = [
    ("the ending was bad", 0),
    ("the movie was great", 1),
    ("terrible business news", 0),
    ("a story of the doctor", 1),
    ("the lazy dog", 0),
    ("the quick fox", 1),
]


@pytest.fixture(scope="module")
def tuned():
    tiny = tiny_masked("bert")
    before = {name: value.clone() for name, value in tiny.model.state_dict().items()}
    *steps, adapter = few_shot_tune(tiny.model, tiny.tokenizer, EXAMPLES, TEMPLATE, WORDS, shots=3, steps=60)
    return tiny, before, steps, adapter


def test_loss_falls_and_one_adapter_ends_the_stream(tuned):
    _, _, steps, adapter = tuned
    assert all(isinstance(step, TuningStep) for step in steps) and isinstance(adapter, TunedAdapter)
    assert [step.step for step in steps] == list(range(1, 61))
    losses = [step.loss for step in steps]
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])


def test_only_adapter_and_head_move(tuned):
    tiny, before, _, adapter = tuned
    assert all("lora_" in name or ".cls." in name for name in adapter.tensors)
    assert all(torch.equal(value, before[name]) for name, value in tiny.model.state_dict().items())
    after = adapter.apply(tiny.model).state_dict()
    moved = {name for name, value in after.items() if not torch.equal(value, before[name])}
    allowed = ("query.weight", "value.weight", "cls.predictions.transform", "cls.predictions.bias")
    decoder = {"cls.predictions.decoder.bias"}  # the same tensor as cls.predictions.bias
    assert moved and all(any(part in name for part in allowed) for name in moved - decoder)


def test_adapter_comes_back_from_its_file(tuned, tmp_path):
    tiny, _, _, adapter = tuned
    adapter.save(tmp_path / "adapter.safetensors")
    loaded = TunedAdapter.load(tmp_path / "adapter.safetensors")
    assert (loaded.template, loaded.label_words) == (TEMPLATE, WORDS)
    ids = torch.tensor([[2, 10, 11, 4, 3]])
    expected, found = (each.apply(tiny.model)(input_ids=ids).logits for each in (adapter, loaded))
    assert torch.equal(expected, found)
    assert not torch.allclose(found, tiny.model(input_ids=ids).logits, atol=1e-3)


WHOLE = [["very bad", "bad"], ["good and great"]]


def test_words_of_several_tokens_are_read_whole_as_the_verbalizer_reads_them():
    tiny = tiny_masked("bert")
    verbalizer = whole_word_verbalizer(tiny, dict(zip("ab", WHOLE, strict=True)))
    counts = verbalizer.mask_counts
    assert len(counts) == 3
    tuning = few_shot_tune(
        tiny.model, tiny.tokenizer, EXAMPLES, TEMPLATE, WHOLE, whole_words=True, shots=3, steps=60
    )
    *steps, adapter = tuning
    assert sum(step.loss for step in steps[-5:]) < 0.5 * sum(step.loss for step in steps[:5])

    def loss(model):
        """Of all texts, each read by itself."""
        loaded, losses = replace(tiny, model=model), []
        for text, label in EXAMPLES:
            clozes = [render_cloze(loaded, TEMPLATE, text, masks=n, room_for=counts[-1]) for n in counts]
            target = label_target(loaded, clozes, verbalizer, label, "replace")
            losses.append(-target.log_prob_of(target.full_mask()))
        return sum(losses) / len(losses)

    assert steps[0].loss == pytest.approx(loss(tiny.model), abs=1e-4)
    assert loss(adapter.apply(tiny.model)) < 0.5 * loss(tiny.model)


def test_words_of_several_tokens_are_refused_where_they_are_not_read_whole():
    tiny = tiny_masked("bert")
    with pytest.raises(MaskwiseError, match="single tokens of the model; replace .'very bad'"):
        next(few_shot_tune(tiny.model, tiny.tokenizer, EXAMPLES, TEMPLATE, WHOLE))


@pytest.mark.parametrize("kind", MASKED_KINDS)
def test_every_kind_of_the_menu_is_tuned_saved_and_read(kind, tmp_path):
    tiny = tiny_masked(kind)
    *steps, adapter = few_shot_tune(tiny.model, tiny.tokenizer, EXAMPLES, TEMPLATE, WORDS, shots=3, steps=100)
    assert sum(step.loss for step in steps[-5:]) < 0.7 * sum(step.loss for step in steps[:5])
    adapter.save(tmp_path / "adapter.safetensors")
    model = TunedAdapter.load(tmp_path / "adapter.safetensors").apply(tiny.model)
    tuned = replace(tiny, model=model)
    right = 0
    for text, label in EXAMPLES:
        z = read_masks(tuned, [render_cloze(tuned, TEMPLATE, text)])[0]
        scores = [z[ids].mean().item() for ids in word_ids(WORDS, tiny.tokenizer)]
        right += scores.index(max(scores)) == label
    assert right >= 5


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_tuning_runs_on_a_gpu():
    model = tiny_masked("roberta").model.cuda()
    *steps, adapter = few_shot_tune(
        model, tiny_masked("roberta").tokenizer, EXAMPLES, TEMPLATE, WORDS, shots=3, steps=40
    )
    assert steps[-1].loss < steps[0].loss
    assert next(adapter.apply(model).parameters()).device.type == "cuda"


def test_same_seed_gives_the_same_adapter():
    tiny = tiny_masked("bert")
    runs = []
    for _ in range(2):
        torch.rand(1)  # the result must not depend on the global generator
        *_, adapter = few_shot_tune(tiny.model, tiny.tokenizer, EXAMPLES, TEMPLATE, WORDS, steps=2, seed=3)
        runs.append(adapter.tensors)
    assert all(torch.equal(runs[0][name], runs[1][name]) for name in runs[0])


def test_shots_are_drawn_from_every_class():
    labels = [label for _, label in sample_shots(EXAMPLES, classes=2, shots=2, seed=1)]
    assert labels == [0, 0, 1, 1]
    with pytest.raises(MaskwiseError, match="label 2"):
        sample_shots(EXAMPLES, classes=3, shots=2, seed=1)


def test_errors_name_the_fix(tmp_path):
    tiny = tiny_masked("bert")
    with pytest.raises(MaskwiseError, match="lacks <mask>"):
        next(few_shot_tune(tiny.model, tiny.tokenizer, EXAMPLES, "no blank {text}", WORDS))
    with pytest.raises(MaskwiseError, match="Label words"):
        next(few_shot_tune(tiny.model, tiny.tokenizer, EXAMPLES, TEMPLATE, [["unheard-of"], ["good"]]))
    stranger = TunedAdapter({"nothing": torch.zeros(1)}, TEMPLATE, WORDS)
    with pytest.raises(MaskwiseError, match="does not fit"):
        stranger.apply(tiny.model)


def test_command_ends_with_what_is_wrong_in_a_sentence(tmp_path, monkeypatch, capsys):
    tiny, lines = tiny_masked("bert"), tmp_path / "lines.jsonl"
    lines.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in EXAMPLES))
    monkeypatch.setattr("training.few_shot.load_model", lambda name, task: tiny)
    asked = ["--task", "custom", "--template", "no blank {text}", "--label-words", "bad", "good"]
    files = ["--train", str(lines), "--out", str(tmp_path / "out")]
    monkeypatch.setattr("sys.argv", ["few_shot", *asked, *files])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2 and "lacks <mask>" in capsys.readouterr().err
