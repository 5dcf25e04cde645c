"""Which words of a prompt could a language model not do without?

`explain_generation` and `explain_classification` explain one text and yield events, the last a Result;
`explain_many` explains a data set; `to_frame` and `spans_to_frame` make tables of results. `compare` sets
methods side by side, `what_if` removes other words, and `faithfulness` measures a result. `EXPLAINERS` holds
the methods by name. Every module directly in this folder is one of them; importing it registers it.
"""

from importlib import import_module
from pkgutil import iter_modules

from explainers.core.base import EXPLAINERS, Explainer, explainers_for, read_options
from explainers.reports.explained import explain_classification, explain_generation
from explainers.reports.many import explain_many, spans_to_frame, to_frame
from explainers.reports.questions import compare, faithfulness, what_if

for module in iter_modules(__path__):
    if not module.ispkg:
        import_module(f"{__name__}.{module.name}")

__all__ = [
    "EXPLAINERS",
    "Explainer",
    "compare",
    "explain_classification",
    "explain_generation",
    "explain_many",
    "explainers_for",
    "faithfulness",
    "read_options",
    "spans_to_frame",
    "to_frame",
    "what_if",
]
