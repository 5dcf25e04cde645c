"""XPrompt's second ablation: swaps are drawn evenly."""

from dataclasses import dataclass

from explainers.core.base import register
from explainers.xprompt import XPrompt


@register
class XPromptUniformSwaps(XPrompt):
    """XPrompt whose swaps are drawn evenly; the gradient still chooses the first mask."""

    title = "XPrompt without gradient sampling"
    reference = "“w/o probability” in Table 4, arXiv 2405.20404 (JoPA, ACL 2025)"

    @dataclass(frozen=True)
    class Options(XPrompt.Options):
        initialisation: str = "abs"  # without `option`, neither is for a person to set
        proposals: str = "uniform"
