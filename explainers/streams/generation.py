"""Explain a generation from prompt to result, as a stream of plain JSON events.

Every caller (the page, the API, Python) reads this one stream: `status`, `response`, `prompt`, `step`,
`masked_response`, where the method goes on to prove what it found `shown`, and last `explanation`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace

from explainers.core.deferred_torch import torch
from explainers.core.errors import Stopped
from explainers.core.types import Mask, OnForward, Prompt, Task
from explainers.measures.flatness import flat_notes
from explainers.models import held
from explainers.models.loaded import LoadedModel
from explainers.streams.events.generation import (
    AnswerEvent,
    GenerationEvent,
    GenerationExplanation,
    GenerationResult,
    GenerationShown,
    MaskedResponseEvent,
)
from explainers.streams.events.shared import StatusEvent
from explainers.streams.known import Answer, known, recall_masks, recall_removals
from explainers.streams.report import (
    RemovalReport,
    interacting_sets,
    provenance,
    report,
    scored_spans,
    span_values,
    unproved_sets,
)
from explainers.streams.requests.checks import check_k
from explainers.streams.requests.generation import GenerationRequest
from explainers.streams.running import MethodRun, run_method, uninterrupted
from explainers.streams.writing import masked_response_event, response_event, write_answer
from explainers.targets.answers.given_answer import given_answer, opening_before
from explainers.targets.answers.settings import settings_notes
from explainers.targets.causal.token_inputs import TokenInputs
from explainers.targets.encoder_decoder.reading import language_notes
from explainers.targets.response import ResponseTarget, check_context
from explainers.text.chat_template import unopened_note
from explainers.text.prompts import check_embedded, decode_answer, render_prompt
from explainers.text.response_part import part_tokens
from explainers.text.thinking import heed_thinking

REUSED = "{} masks of this prompt were known from earlier runs, which saved passes and seconds."
CUT_OFF = "Stopped while the answer without the removed words was written: its measures are left out."
Answered = tuple[Prompt, tuple[int, ...]]


def run(
    request: GenerationRequest,
    on_forward: OnForward | None = None,
    loaded: LoadedModel | None = None,
    reuse: bool = False,
) -> Iterator[GenerationEvent]:
    """Events of one request, the last an `explanation` (its fields are those of the API).

    on_forward is called with the number of sequences before each pass through the model. Where it raises
    Stopped, a search that has begun ends with the best mask so far. loaded: a model in place of the
    request's. reuse: go on from the answer and the masks that earlier runs with reuse have evaluated for this
    prompt, whatever their method and k; a note says so, since it saves passes and seconds.
    """
    target = yield from answered_target(request, on_forward or (lambda rows: None), loaded, reuse)
    if not reuse:
        yield from explain(request, target)
        return
    reused, removals = recall_masks(target), recall_removals(target, request.max_new_tokens)
    reports = dict(removals.reports)
    try:
        yield from explain(request, target, reused, reports)
    finally:
        removals.keep(reports)


def explain(
    request: GenerationRequest,
    target: ResponseTarget,
    reused: int = 0,
    reports: dict[Mask, RemovalReport] | None = None,
) -> Iterator[GenerationEvent]:
    """Events of the method on a target that has its answer. reused: how many masks it knew before.
    reports: what is known of removals, by mask; what is found is added."""
    explainer, reports = request.explainer(), {} if reports is None else reports
    log_prob = target.log_prob_of(target.full_mask())
    passes_before = target.forward_passes  # before the plan, which may already try what the method needs
    yield {
        "type": "prompt",
        "spans": span_values(target.spans),
        "log_prob": log_prob,
        "passes": explainer.passes(len(target.spans)),
        "plan": explainer.plan(target),
        "known": reused,
    }
    for event in run_method(explainer, target, passes_before):
        if isinstance(event, MethodRun):
            yield from _answered_result(request, target, _noted(event, reused), reports)
        else:
            yield event


def _noted(run: MethodRun, reused: int) -> MethodRun:
    """With a note on the masks that were known before. reused: how many."""
    notes = (*run.explanation.notes, REUSED.format(reused)) if reused else run.explanation.notes
    return replace(run, explanation=replace(run.explanation, notes=notes))


def _answered_result(
    request: GenerationRequest, target: ResponseTarget, run: MethodRun, reports: dict[Mask, RemovalReport]
) -> Iterator[StatusEvent | MaskedResponseEvent | GenerationShown | GenerationExplanation]:
    """Stream the answer without the removed spans, then the result. reports: as in `explain`."""
    mask = run.explanation.mask
    if mask not in reports:
        rewritten = (None, False) if run.stopped else (yield from _rewrite(request, target, mask))
        with uninterrupted(target):
            reports[mask] = report(target, mask, *rewritten)
    result = _result(request, target, run, reports[mask])
    if run.explanation.final:
        yield {"type": "explanation", **result}
    else:
        yield {"type": "shown", **result}


def _result(
    request: GenerationRequest, target: ResponseTarget, run: MethodRun, removal: RemovalReport
) -> GenerationResult:
    found, cut_off = run.explanation, [CUT_OFF] * removal.cut_off
    return {
        "prompt": request.prompt,
        "method": request.method,
        "k": request.k,
        "granularity": request.granularity,
        "mask_operator": request.mask_operator,
        "max_new_tokens": request.max_new_tokens,
        "system_prompt": request.system_prompt,
        "system_prompt_placement": request.system_prompt_placement,
        "date": target.prompt.date,
        "thinking": request.thinking,
        "rendered": [{"kind": kind, "text": text} for kind, text in target.prompt.pieces],
        "seed": request.seed,
        "options": dict(request.options),
        "screening": request.screening,
        **provenance(target, found),
        "response": removal.response,
        "masked_response": removal.masked_response or "",
        "response_tokens": removal.response_tokens,
        "part": None if target.is_whole() else list(target.part),
        "spans": scored_spans(found),
        "log_prob": removal.log_prob,
        "log_prob_masked": removal.log_prob_masked,
        "probability_ratio": removal.probability_ratio,
        "metrics": removal.metrics,
        "certificate": found.certificate,
        "optimality_gap": found.optimality_gap,
        "unproved": unproved_sets(found),
        "notes": [*target.prompt.notes, *found.notes, *flat_notes(target, removal.log_prob_masked), *cut_off],
        "seconds": found.seconds,
        "evaluations": found.evaluations,
        "distinct_masks": found.distinct_masks,
        "forward_passes": run.forward_passes,
        "stopped": run.stopped or removal.cut_off,
        "interactions": interacting_sets(found),
    }


def answered_target(
    request: GenerationRequest, on_forward: OnForward, loaded: LoadedModel | None = None, reuse: bool = False
) -> Generator[AnswerEvent, None, ResponseTarget]:
    """Stream the loading of the model and its answer; returns the target, log p of it or of a part."""
    if not loaded:
        yield {"type": "status", "text": "Loading the model"}
        loaded = held.load_model(request.model, Task.GENERATION)
    prompt = prompt_of(request, loaded)
    check_k(request.k, len(prompt.spans), request.granularity)
    answered = (_known_answer if reuse else respond)(request, loaded, prompt, on_forward)
    prompt, response_ids = yield from answered
    part = part_tokens(loaded.tokenizer, response_ids, request.part, request.response)
    if part is None:
        prompt, part = heed_thinking(loaded.tokenizer, prompt, response_ids, request.thinking)
    return ResponseTarget(
        loaded,
        prompt,
        response_ids,
        operator=request.mask_operator,
        on_forward=on_forward,
        screening=request.screening,
        part=part,
    )


def prompt_of(request: GenerationRequest, loaded: LoadedModel) -> Prompt:
    """The request's prompt as this model reads it."""
    apart = loaded.model.config.is_encoder_decoder
    choices = request.template_choices()
    prompt = render_prompt(loaded.tokenizer, request.prompt, request.granularity, choices, ends=apart)
    check_embedded(loaded, prompt.input_ids)
    notes = language_notes(loaded.model, loaded.tokenizer) if apart else ()
    if not request.response.strip():
        notes += unopened_note(loaded.tokenizer, choices)
    return replace(prompt, notes=(*prompt.notes, *notes, *settings_notes(loaded.model)))


def _known_answer(
    request: GenerationRequest, loaded: LoadedModel, prompt: Prompt, on_forward: OnForward
) -> Generator[AnswerEvent, None, Answered]:
    """As `respond`; an answer that the model wrote before is not written again."""
    if request.response.strip():
        return (yield from respond(request, loaded, prompt, on_forward))
    answer = known(loaded.model, (prompt.input_ids, request.max_new_tokens), Answer)
    if answer.ids:
        yield response_event(decode_answer(loaded.tokenizer, answer.ids))
    else:
        _, answer.ids = yield from respond(request, loaded, prompt, on_forward)
    return prompt, answer.ids


def respond(
    request: GenerationRequest, loaded: LoadedModel, prompt: Prompt, on_forward: OnForward
) -> Generator[AnswerEvent, None, Answered]:
    """Stream the answer to the whole prompt, or take the given one; returns the prompt, to which what opens a
    given answer may have been added, and the answer's token ids."""
    most = request.max_new_tokens
    if request.response.strip():
        yield {"type": "response", "text": request.response}
        opening = opening_before(request.response, loaded.tokenizer, request.template_choices())
        return given_answer(loaded, prompt, request.response, opening, most, on_forward)
    yield {"type": "status", "text": "Writing the answer"}
    check_context(loaded, len(prompt.input_ids), most)
    embeds = TokenInputs(loaded.model).of(torch.tensor([prompt.input_ids], device=loaded.device))
    return prompt, (yield from write_answer(loaded, embeds, most, on_forward, response_event))


def _rewrite(
    request: GenerationRequest, target: ResponseTarget, mask: Mask
) -> Generator[StatusEvent | MaskedResponseEvent, None, tuple[str, bool]]:
    """Stream what the model answers without the removed spans; returns the text, and whether a Stop cut it
    off."""
    yield {"type": "status", "text": "Writing the answer without the removed words"}
    asked = target.kept_embeds(mask), request.max_new_tokens, target.on_forward
    text = ""
    try:
        for event in write_answer(target.loaded, *asked, masked_response_event):
            text = event["text"]
            yield event
    except Stopped:
        return text, True
    return text, False
