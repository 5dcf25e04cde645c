"""What an explanation explains, as a target again.

An explanation is the `explanation` event as a dict. It may come from a file, so nothing in it is trusted:
MaskwiseError says what does not hold.
"""

from __future__ import annotations

from explainers.core.deployment import deployment
from explainers.core.errors import MaskwiseError
from explainers.core.types import OnForward, Prompt, Task, TokenSpan
from explainers.models.loaded import IN_MEMORY, LoadedModel
from explainers.streams.generation import prompt_of
from explainers.streams.given_model import model_of
from explainers.streams.known import recall_masks
from explainers.streams.requests.generation import GenerationRequest
from explainers.targets.answers.given_answer import encode_given, opening_before
from explainers.targets.response import Part, ResponseTarget
from explainers.text.prompts import with_opening

ASKED = (  # what of an explanation its target depends on
    "model",
    "prompt",
    "granularity",
    "mask_operator",
    "system_prompt",
    "system_prompt_placement",
    "date",
    "thinking",
    "response",
    "max_new_tokens",
)


def target_of(
    explanation: dict, on_forward: OnForward | None = None, loaded: LoadedModel | None = None
) -> ResponseTarget:
    """The target that the explanation explains, rebuilt; raises MaskwiseError where that cannot be done.

    Masks that were evaluated for earlier questions about it cost nothing. loaded: the model where it cannot
    be loaded by name; of a caller's own object nothing is kept, since its weights may change.
    """
    asked = request_of(explanation)
    loaded = loaded or model_of(explanation, asked.model, Task.GENERATION)
    prompt = _as_answered(explanation, asked, prompt_of(asked, loaded), loaded)
    check_spans(explanation, prompt.spans)
    ids = _response_ids(explanation, asked, prompt, loaded)
    return knowing_target(loaded, prompt, ids, explanation.get("part"), asked.mask_operator, on_forward)


def check_removed(removed: object, spans: tuple[TokenSpan, ...]) -> list[int]:
    """The span numbers in order, each once; raises MaskwiseError unless they are numbers of spans."""
    numbers: list[int] = list(removed) if isinstance(removed, list | tuple) else [-1]
    if not all(type(t) is int and 0 <= t < len(spans) for t in numbers):
        raise MaskwiseError(f"removed must be a list of span numbers from 0 to {len(spans) - 1}.")
    return sorted(set(numbers))


def check_spans(explanation: dict, spans: tuple[TokenSpan, ...]) -> None:
    """Raise MaskwiseError unless the explanation's spans are these, so that their numbers mean the same."""
    rows = explanation.get("spans")
    rows = rows if isinstance(rows, list) else [None]
    found = [(row.get("start"), row.get("end")) if isinstance(row, dict) else None for row in rows]
    if found != [span.chars for span in spans]:
        raise MaskwiseError(
            "This result's spans are not those of its text under this model. Press Run to explain it anew."
        )


def request_of(explanation: dict) -> GenerationRequest:
    """The settings that say what is explained, checked as those of any request are."""
    if not isinstance(explanation, dict):
        raise MaskwiseError("This is not an explanation. Press Run, or load a file that was downloaded here.")
    given = {name: explanation[name] for name in ASKED if name in explanation}
    return GenerationRequest(**{"prompt": None, **given})


def _as_answered(explanation: dict, asked: GenerationRequest, prompt: Prompt, loaded: LoadedModel) -> Prompt:
    """The prompt with what opened a given answer, where the explanation's has that at its end."""
    pieces = explanation.get("rendered")
    pieces = pieces if isinstance(pieces, list) else []
    rendered = "".join(str(piece.get("text")) for piece in pieces if isinstance(piece, dict))
    opening = opening_before(asked.response, loaded.tokenizer, asked.template_choices())
    if opening and rendered == prompt.rendered + opening:
        return with_opening(loaded.tokenizer, prompt, opening)
    return prompt


def answer_ids(text: str, asked: GenerationRequest, prompt: Prompt, loaded: LoadedModel) -> tuple[int, ...]:
    """The tokenizer's tokens of an answer to the prompt, as those of a given answer are."""
    opening = opening_before(text, loaded.tokenizer, asked.template_choices())
    return encode_given(loaded, prompt, text, opening)


def _response_ids(
    explanation: dict, asked: GenerationRequest, prompt: Prompt, loaded: LoadedModel
) -> tuple[int, ...]:
    """The answer's own tokens; those of its text where an older result does not hold them."""
    tokens = explanation.get("response_tokens")
    if (
        not isinstance(tokens, list)
        or len(tokens) > deployment().chars
        or not all(isinstance(token, dict) for token in tokens)
    ):
        raise MaskwiseError("This result lacks the tokens of its answer. Press Run to explain it anew.")
    if not any("id" in token for token in tokens):
        return answer_ids(asked.response, asked, prompt, loaded)
    ids = [token.get("id") for token in tokens]
    if not all(type(i) is int and i >= 0 for i in ids) or not loaded.embeds(ids):
        raise MaskwiseError("The tokens of this result's answer are not this model's. Press Run anew.")
    return tuple(ids)


def knowing_target(
    loaded: LoadedModel,
    prompt: Prompt,
    ids: tuple[int, ...],
    part: Part | None,
    operator: str,
    on_forward: OnForward | None,
) -> ResponseTarget:
    """A target that knows what was evaluated for earlier questions. ids: of the answer's tokens."""
    target = ResponseTarget(loaded, prompt, ids, operator, on_forward, screening=False, part=part)
    if loaded.revision != IN_MEMORY:
        recall_masks(target)
    return target
