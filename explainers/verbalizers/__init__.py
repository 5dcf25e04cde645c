"""How what a masked LM reads at a position becomes a score for each class."""

from explainers.verbalizers.base import Verbalizer, WordVerbalizer

__all__ = ["Verbalizer", "WordVerbalizer"]
