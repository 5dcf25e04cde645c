"""Which kinds of model were verified: log p as the targets compute it against a slow computation.

`python -m benchmarks.verified_models` writes docs/verified_models.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from benchmarks.tiny import encoder_decoders
from benchmarks.tiny.decoders import DECODERS, tiny_decoder
from benchmarks.tiny.encoder_decoders import ENCODER_DECODERS, READ_SOUND, tiny_encoder_decoder
from benchmarks.tiny.other_decoders import NOT_TRIED, OTHER_DECODERS, tiny_other_decoder
from explainers.core.errors import MaskwiseError
from explainers.core.types import Mask, Task
from explainers.models.builtin import SMOLLM2
from explainers.models.loaded import LoadedModel
from explainers.targets.base import as_masks
from explainers.targets.causal.token_inputs import TokenInputs
from explainers.targets.masked_prompt import MaskOperator
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import encode_response, render_prompt
from explainers.text.template_choices import TemplateChoices
from tests.masked_table import masked_kinds

PAGE = Path("docs/verified_models.md")
OPERATORS = tuple(MaskOperator)
TABLE_HEAD = ("| kind | zero | delete | replace |", "|---|---|---|---|")
BEFORE = TemplateChoices("Be brief.", "prompt")  # is never removed, so that masks share it
MENU = {  # the kind of each model that the page offers
    SMOLLM2.hub_id: "llama",
    "HuggingFaceTB/SmolLM2-360M-Instruct": "llama",
    "HuggingFaceTB/SmolLM2-1.7B-Instruct": "llama",
    "Qwen/Qwen2.5-0.5B-Instruct": "qwen2",
    "Qwen/Qwen2.5-1.5B-Instruct": "qwen2",
    "Qwen/Qwen3-0.6B": "qwen3",
    "meta-llama/Llama-3.2-1B-Instruct": "llama",
    "openai-community/gpt2": "gpt2",
    "distilbert/distilgpt2": "gpt2",
    "meta-llama/Llama-2-7b-chat-hf": "llama",
    "lmsys/vicuna-7b-v1.5": "llama",
    "maskwise-minilm": "bert",
    "FacebookAI/roberta-large": "roberta",
    "google-bert/bert-large-uncased": "bert",
    "FacebookAI/roberta-base": "roberta",
    "distilbert/distilroberta-base": "roberta",
    "google-bert/bert-base-uncased": "bert",
    "answerdotai/ModernBERT-base": "modernbert",
}
PROMPT, ANSWER, MASKS = "Tell me of the old doctor & his dog.", "Once upon a time", 5


@dataclass(frozen=True)
class Verdict:
    """difference: the largest from the slow computation; moved: by how far removals move log p; both nats.

    refusal: the sentence with which the kind is refused.
    """

    difference: float = 0.0
    moved: float = 0.0
    refusal: str = ""


def verify(name: str, operator: MaskOperator, text: str = PROMPT, answer: str = ANSWER) -> Verdict:
    """name: one of DECODERS, OTHER_DECODERS or ENCODER_DECODERS."""
    tokenizer, apart = byte_tokenizer(), name in ENCODER_DECODERS
    model, device = model_of_kind(name), torch.device("cpu")
    loaded = LoadedModel(name, "random", Task.GENERATION, model, tokenizer, device, torch.float32)
    prompt = render_prompt(tokenizer, text, choices=BEFORE, ends=apart)
    response = encode_response(tokenizer, answer, continues=not apart)
    try:
        target = ResponseTarget(loaded, prompt, response, operator)
        masks = random_masks(len(target.spans))
        fast = target.log_prob(masks)
    except MaskwiseError as error:
        return Verdict(refusal=str(error))
    read_slowly = encoder_decoders.slow_log_prob if apart else slow_log_prob
    slow = torch.tensor([read_slowly(target, mask) for mask in as_masks(masks)])
    return Verdict((fast - slow).abs().max().item(), (slow.max() - slow.min()).item())


def random_masks(spans: int) -> torch.Tensor:
    masks = (torch.rand(MASKS, spans, generator=torch.Generator().manual_seed(0)) > 0.3).int()
    masks[0] = 1
    return masks


@torch.no_grad()
def slow_log_prob(target: ResponseTarget, mask: Mask) -> float:
    """log p of the whole response for one mask: the whole sequence at once, without a cache.

    Kept words are read by id where nothing is removed or what is removed is no longer there.
    """
    removed = {p for span, kept in zip(target.spans, mask, strict=True) if not kept for p in span.positions}
    ids, response = torch.tensor(target.prompt.input_ids), torch.tensor(target.response_ids)
    gone = torch.tensor([position in removed for position in range(len(ids))])
    if target.operator is MaskOperator.DELETE:
        ids = ids[~gone]
    elif target.operator is MaskOperator.REPLACE:
        ids = ids.where(~gone, target.masked.replacement_id())
    sequence = torch.cat([ids, response])[None]
    if target.operator is MaskOperator.ZERO and removed:
        read = TokenInputs(target.model).arguments(TokenInputs(target.model).of(sequence))
        embeds = read["inputs_embeds"].clone()
        embeds[0, : len(ids)][gone] = 0
        logits = target.model(**read | {"inputs_embeds": embeds}, use_cache=False).logits
    else:
        logits = target.model(input_ids=sequence, use_cache=False).logits
    before = logits[0, -len(response) - 1 : -1].float().log_softmax(-1)
    return before.gather(1, response[:, None]).sum().item()


@cache
def byte_tokenizer() -> PreTrainedTokenizerFast:
    """One token per byte, and an end token."""
    letters = ["<end>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    bpe = Tokenizer(models.BPE({letter: n for n, letter in enumerate(letters)}, []))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=bpe, pad_token="<end>", eos_token="<end>")


@cache
def model_of_kind(name: str) -> PreTrainedModel:
    if name in OTHER_DECODERS:
        return tiny_other_decoder(name, len(byte_tokenizer()))
    make = tiny_encoder_decoder if name in ENCODER_DECODERS else tiny_decoder
    return make(name, len(byte_tokenizer()))


def table(kinds: Iterable[str]) -> list[str]:
    """Lines of the page's table, one per kind."""
    lines = [*TABLE_HEAD]
    for name in kinds:
        verdicts = [verify(name, operator) for operator in OPERATORS]
        lines.append(_row(name, [verdict.refusal or f"{verdict.difference:.1e}" for verdict in verdicts]))
    return lines


def masked_table() -> list[str]:
    """As `table`, of every kind of masked language model."""
    lines = [*TABLE_HEAD]
    for row in masked_kinds():
        lines.append(_row(row.kind, [row.refusal or f"{row.off[operator]:.1e}" for operator in OPERATORS]))
    return lines


def _row(kind: str, cells: list[str]) -> str:
    """One sentence for all operators stands once."""
    shown = [cells[0], "", ""] if len(set(cells)) == 1 and cells[0].endswith(".") else cells
    return f"| {kind} | {' | '.join(shown)} |"


def menu_table() -> list[str]:
    """Which kinds the models of the page's menu are of."""
    return ["| model of the menu | kind |", "|---|---|", *(f"| {id} | {kind} |" for id, kind in MENU.items())]


def main() -> None:
    text = [
        "# Verified kinds of model",
        "",
        "Tiny random models of each kind: the largest difference in nats, over random masks, between log p",
        "as Maskwise computes it and a slow computation (one sequence, no cache, fp32), for each mask",
        "operator, or the sentence with which the kind is refused. Written by",
        "`python -m benchmarks.verified_models`. Of the menu's models, below, the kinds were tried.",
        "",
        *menu_table(),
        "",
        "## Decoders",
        "",
        *table(DECODERS),
        "",
        "## Within models of pictures and sound, and rarer kinds",
        "",
        *table(OTHER_DECODERS),
        "",
        *(f"- Not tried: {kind}, which {why}." for kind, why in NOT_TRIED.items()),
        "",
        "## Encoder–decoders",
        "",
        "Spans stand in the encoder's prompt; the slow computation reads one prompt and its answer by ids.",
        "",
        *table(ENCODER_DECODERS),
        "",
        *(
            f"- Not tried: {kind}, which reads sound, and is refused when it is loaded."
            for kind in READ_SOUND
        ),
        "",
        "## Masked language models",
        "",
        "The log p of classes; the slow computation reads the logits at `<mask>`, one text at a time.",
        "",
        *masked_table(),
        "",
    ]
    PAGE.write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
