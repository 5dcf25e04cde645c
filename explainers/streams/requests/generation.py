"""What a generation is asked for, checked before anything is loaded."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from explainers.core.base import EXPLAINERS, Explainer, explainers_for, read_options
from explainers.core.requests import AllowedText, Seed, allowed, one_of, request
from explainers.core.types import Task
from explainers.targets.masked_prompt import MaskOperator
from explainers.text.response_part import check_characters
from explainers.text.spans import Granularity
from explainers.text.template_choices import Placement, TemplateChoices, Thinking, check_date


@request
class GenerationRequest:
    """What to explain and how; the names are those of the API. Raises MaskwiseError where it cannot be.

    part: characters [start, end) of the answer to explain, given what comes before them; none for the whole.
    screening: let bfloat16 estimates pass over what cannot decide, where that is faster; False evaluates
    every mask in the model's own precision. system_prompt_placement, date, thinking: as in TemplateChoices.
    """

    prompt: AllowedText
    model: AllowedText = ""
    method: Annotated[str, one_of(lambda: explainers_for(Task.GENERATION))] = "xprompt"
    k: Annotated[int, allowed(lambda here: here.k)] = 3
    granularity: Annotated[str, one_of(lambda: Granularity)] = "word"
    mask_operator: Annotated[str, one_of(lambda: MaskOperator)] = "zero"
    max_new_tokens: Annotated[int, allowed(lambda here: here.new_tokens)] = 60
    response: AllowedText = ""
    system_prompt: AllowedText = ""
    seed: Seed = 0
    options: dict[str, Any] = field(default_factory=dict)
    screening: bool = True
    part: Annotated[list[int], BeforeValidator(check_characters)] = field(default_factory=list)
    system_prompt_placement: Annotated[str, one_of(lambda: Placement)] = "system"
    date: Annotated[str, AfterValidator(check_date)] = ""
    thinking: Annotated[str, one_of(lambda: Thinking)] = "off"

    def __post_init__(self):
        self.explainer()  # whose options are checked

    def explainer(self) -> Explainer:
        method = EXPLAINERS[self.method]
        return method(read_options(method, self.options, self.k, self.seed))

    def template_choices(self) -> TemplateChoices:
        return TemplateChoices(self.system_prompt, self.system_prompt_placement, self.date, self.thinking)
