"""What a comparison is asked for, checked before anything is loaded."""

from __future__ import annotations

from dataclasses import field, fields
from typing import Annotated

from pydantic import BeforeValidator

from explainers.core.errors import MaskwiseError
from explainers.core.requests import between, request
from explainers.streams.requests.generation import GenerationRequest

MAX_METHODS = 8
MAX_DRAWS = 100


def _check_count(methods: object) -> list:
    if not isinstance(methods, list | tuple) or not 1 <= len(methods) <= MAX_METHODS:
        raise MaskwiseError(f"Choose between 1 and {MAX_METHODS} methods to compare.")
    return list(methods)


@request
class ComparisonRequest:
    """What to compare; fields as in GenerationRequest. Raises MaskwiseError where it cannot be.

    methods: up to MAX_METHODS names, run with their default options. draws: random sets of the floor.
    """

    prompt: str
    methods: Annotated[list[str], BeforeValidator(_check_count)]
    model: str = ""
    k: int = 3
    granularity: str = "word"
    mask_operator: str = "zero"
    max_new_tokens: int = 60
    response: str = ""
    system_prompt: str = ""
    seed: int = 0
    screening: bool = True
    part: list[int] = field(default_factory=list)
    draws: Annotated[int, between(2, MAX_DRAWS)] = 20
    system_prompt_placement: str = "system"
    date: str = ""
    thinking: str = "off"

    def __post_init__(self):
        for n, method in enumerate(self.methods):
            self.single(method)
            if method in self.methods[:n]:
                raise MaskwiseError(f"The method {method} is named twice. Name each method once.")

    def single(self, method: str, **changes) -> GenerationRequest:
        """The request of one method alone."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("methods", "draws")}
        return GenerationRequest(**own | {"method": method} | changes)
