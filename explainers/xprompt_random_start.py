"""XPrompt's first ablation: the search begins at a random mask."""

from dataclasses import dataclass

from explainers.core.base import register
from explainers.xprompt import XPrompt


@register
class XPromptRandomStart(XPrompt):
    """XPrompt whose first mask is drawn at random; swaps are still drawn by the gradient."""

    title = "XPrompt without initialisation"
    reference = "“w/o initialisation” in Table 4, arXiv 2405.20404 (JoPA, ACL 2025)"

    @dataclass(frozen=True)
    class Options(XPrompt.Options):
        initialisation: str = "random"  # without `option`, neither is for a person to set
        proposals: str = "gradient"
