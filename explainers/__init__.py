"""Every module directly in this folder is one explainer; importing it registers it."""

from importlib import import_module
from pkgutil import iter_modules

from explainers.core.base import EXPLAINERS, Explainer, explainers_for, read_options
from explainers.reports.explained import explain_classification, explain_generation

for module in iter_modules(__path__):
    if not module.ispkg:
        import_module(f"{__name__}.{module.name}")

__all__ = [
    "EXPLAINERS",
    "Explainer",
    "explain_classification",
    "explain_generation",
    "explainers_for",
    "read_options",
]
