"""torch, imported when it is first used, so that the page opens without waiting for it.

Modules that the page imports take it from here: `from explainers.core.deferred_torch import torch`.
What would use it while a module is imported (base classes, decorators, tables of its functions) belongs
in a module that is imported where it is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING


class _Later:
    """A module that is imported on the first use of an attribute, in whichever thread that is."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, attribute: str):
        return getattr(import_module(self._name), attribute)


if TYPE_CHECKING:
    import torch
else:
    torch = _Later("torch")


def no_grad(function: Callable) -> Callable:
    """Run a function without gradients; `torch.no_grad` would need torch to decorate."""

    @wraps(function)
    def run(*arguments, **options):
        with torch.no_grad():
            return function(*arguments, **options)

    return run
