"""The models the menus offer. Imports neither torch nor transformers, so that a page can open at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

from explainers.core.deployment import deployment
from explainers.core.types import Task
from explainers.models.builtin import MINILM, SMOLLM2
from explainers.models.hub import cached_folder, is_hub_id


@dataclass(frozen=True)
class CatalogueEntry:
    """One model on offer. size: bytes of its weights as published. gated: its terms must be accepted first.

    at_hand: whether it loads without a network.
    """

    id: str
    title: str
    task: Task
    parameters: int
    size: int
    gated: bool = False
    at_hand: bool = False


def _causal(id: str, title: str, parameters: float, size: float, gated: bool = False) -> CatalogueEntry:
    return CatalogueEntry(id, title, Task.GENERATION, int(parameters * 1e6), int(size * 1e6), gated)


def _masked(id: str, title: str, parameters: float, size: float) -> CatalogueEntry:
    return CatalogueEntry(id, title, Task.CLASSIFICATION, int(parameters * 1e6), int(size * 1e6))


BUILTIN = {
    Task.GENERATION: _causal(SMOLLM2.hub_id, "SmolLM2 135M Instruct (built in)", 134.5, 98),
    Task.CLASSIFICATION: _masked("maskwise-minilm", "MiniLM with a masked-LM head (built in)", 22.9, 91),
}

# Sizes in millions of parameters and megabytes.
CATALOGUE = (
    BUILTIN[Task.GENERATION],
    _causal("HuggingFaceTB/SmolLM2-360M-Instruct", "SmolLM2 360M Instruct", 361.8, 724),
    _causal("HuggingFaceTB/SmolLM2-1.7B-Instruct", "SmolLM2 1.7B Instruct", 1711, 3423),
    _causal("Qwen/Qwen2.5-0.5B-Instruct", "Qwen2.5 0.5B Instruct", 494, 988),
    _causal("Qwen/Qwen2.5-1.5B-Instruct", "Qwen2.5 1.5B Instruct", 1544, 3087),
    _causal("Qwen/Qwen3-0.6B", "Qwen3 0.6B", 596, 1503),
    _causal("meta-llama/Llama-3.2-1B-Instruct", "Llama 3.2 1B Instruct", 1236, 2472, gated=True),
    _causal("openai-community/gpt2", "GPT-2", 124.4, 548),
    _causal("distilbert/distilgpt2", "DistilGPT-2", 81.9, 353),
    _causal("meta-llama/Llama-2-7b-chat-hf", "Llama 2 7B Chat", 6738, 13477, gated=True),
    _causal("lmsys/vicuna-7b-v1.5", "Vicuna 7B v1.5", 6738, 13477),
    BUILTIN[Task.CLASSIFICATION],
    _masked("FacebookAI/roberta-large", "RoBERTa large", 355.4, 1422),
    _masked("google-bert/bert-large-uncased", "BERT large, uncased", 336, 1345),
    _masked("FacebookAI/roberta-base", "RoBERTa base", 124.7, 499),
    _masked("distilbert/distilroberta-base", "DistilRoBERTa base", 82.8, 331),
    _masked("google-bert/bert-base-uncased", "BERT base, uncased", 110, 440),
    _masked("answerdotai/ModernBERT-base", "ModernBERT base", 149.7, 599),
)


def available_models(task: Task) -> tuple[CatalogueEntry, ...]:
    """Entries for the task that may be loaded here, the built-in one first, each with at_hand filled in."""
    offered = (entry for entry in CATALOGUE if entry.task is task and is_allowed(entry.id, task))
    return tuple(replace(entry, at_hand=_is_at_hand(entry)) for entry in offered)


def is_allowed(name: str, task: Task) -> bool:
    """Whether this deployment loads a model of that name: the built-in ones, those that the owner lists, in
    public else those of the menu that are small enough, and elsewhere any.
    """
    here = deployment()
    if name in ("", BUILTIN[task].id):
        return True
    if here.models is not None:
        return is_hub_id(name) and here.is_listed(name)
    if not here.public:
        return True
    return any(entry.id == name and _is_small(entry) for entry in CATALOGUE if entry.task is task)


def _is_small(entry: CatalogueEntry) -> bool:
    """Whether it is within the bound, and open: a gated model would need the owner's token."""
    bound = deployment().model_gb
    return not entry.gated and (bound is None or entry.size <= bound * 1e9)


def _is_at_hand(entry: CatalogueEntry) -> bool:
    packaged = {SMOLLM2.hub_id: SMOLLM2, BUILTIN[Task.CLASSIFICATION].id: MINILM}.get(entry.id)
    if packaged is None:
        return cached_folder(entry.id) is not None
    return packaged.path() is not None or cached_folder(packaged.hub_id) is not None
