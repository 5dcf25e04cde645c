"""Rows of one prompt: each method and k, with what the answer loses without the removed spans."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from explainers.core.errors import MaskwiseError
from explainers.core.types import Mask
from explainers.measures.removal_faithfulness import removal_faithfulness
from explainers.measures.text import bleu as word_bleu
from explainers.measures.text import kl_divergence, rouge_l, sentence_similarity
from explainers.models.builtin import sentence_encoder
from explainers.models.loaded import LoadedModel
from explainers.streams.generation import answered_target, explain, prompt_of, respond
from explainers.streams.requests.generation import GenerationRequest
from explainers.streams.running import returned
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import decode_answer
from studies.measuring.published import character_bleu, package_rouge, token_measures
from studies.study import FAITHFULNESS, GenerationStudy
from studies.units import Unit, method_seed

TEXT_MEASURES = GenerationStudy.MEASURES[:5]


def generation_rows(study: GenerationStudy, unit: Unit, loaded: LoadedModel) -> Iterator[dict[str, Any]]:
    """A row per method and k, for every k that the prompt has spans for. A method that refuses gives a row
    that says why, and so does each where the prompt cannot be explained at all."""
    least = min(study.k)
    try:
        first = _request(study, unit, study.methods[0], least)
        target = returned(answered_target(first, lambda rows: None, loaded))
    except MaskwiseError as error:
        yield from ({"method": method, "k": least, "refused": str(error)} for method in study.methods)
        return
    sets = RemovedSets(study, target)
    for method in study.methods:
        for k in (k for k in study.k if k <= len(target.spans)):
            request = _request(study, unit, method, k)
            row = {"method": method, "k": k, "request": json.dumps(asdict(request))}
            try:
                yield row | _explained(request, target.anew(), sets)
            except MaskwiseError as error:
                yield row | {"refused": str(error)}


def check_requests(study: GenerationStudy, unit: Unit) -> None:
    """Raises MaskwiseError for settings that no prompt could be explained with. unit: any."""
    unit = replace(unit, item=replace(unit.item, text="Any."))
    for method in study.methods:
        for k in study.k:
            _request(study, unit, method, k)


def _request(study: GenerationStudy, unit: Unit, method: str, k: int) -> GenerationRequest:
    (data,) = (data for data in study.data if data.name == unit.data)
    return GenerationRequest(
        prompt=unit.item.text,
        model=study.model,
        method=method,
        k=k,
        granularity=study.granularity,
        mask_operator=study.mask_operator,
        max_new_tokens=study.max_new_tokens,
        system_prompt="\n".join(filter(None, [study.system_prompt, data.instruction])),
        system_prompt_placement=study.system_prompt_placement,
        seed=method_seed(unit),
        options=study.options.get(method, {}),
    )


def _explained(request: GenerationRequest, target: ResponseTarget, sets: RemovedSets) -> dict[str, Any]:
    search: list[float] = []
    for event in explain(request, target):
        if event["type"] == "step":
            search.append(event["log_prob"])
    assert event["type"] == "explanation"
    mask = tuple(int(not span["removed"]) for span in event["spans"])
    measured = sets.measures(request, mask, event["masked_response"])
    cost = {"seconds": event["seconds"], "forward_passes": float(event["forward_passes"])}
    if sets.with_faithfulness:
        scores = [span["score"] for span in event["spans"]]
        faithful = removal_faithfulness(target.anew(), scores, mask, seed=request.seed)
        measured |= {name: getattr(faithful, name) for name in FAITHFULNESS}
    return {"explanation": json.dumps(event), "search": search, **measured, **cost}


class RemovedSets:
    """Measures removed sets of one prompt as a study says; what was measured once is kept."""

    def __init__(self, study: GenerationStudy, target: ResponseTarget):
        self.how, self.target = study.measures, target
        self.with_faithfulness = not set(FAITHFULNESS).isdisjoint(study.columns)
        self.response = decode_answer(target.tokenizer, target.response_ids)
        self._known: dict[Mask, dict[str, float]] = {}

    def measures(self, request: GenerationRequest, mask: Mask, rewritten: str) -> dict[str, float]:
        """rewritten: the answer to what the search reads without these spans."""
        if mask not in self._known:
            self._known[mask] = self._measure(request, mask, rewritten)
        return self._known[mask]

    def _measure(self, request: GenerationRequest, mask: Mask, rewritten: str) -> dict[str, float]:
        masked, reading, response = self.target, mask, rewritten
        if self.how.prompt == "deleted":
            removed = [span.chars for span, kept in zip(self.target.spans, mask, strict=True) if not kept]
            text = without(self.target.prompt.text, removed)
            masked, response = self._asked_anew(request, text)
            reading = masked.full_mask()
        before = self.target.token_log_probs(self.target.full_mask())
        ratio, kl, full, after = token_measures(before, masked.token_log_probs(reading), self.how.first_token)
        if self.how.kl == "vocabulary":
            kept = self.target.next_token_log_probs(self.target.full_mask())
            kl = kl_divergence(masked.next_token_log_probs(reading), kept)
        texts = self._text_measures(response)
        return texts | {"probability_ratio": ratio, "kl": kl, "log_prob": full, "log_prob_masked": after}

    def _asked_anew(self, request: GenerationRequest, text: str) -> tuple[ResponseTarget, str]:
        """The same answer behind a shorter text, tokenised anew, and what the model answers to that text.

        A text that is gone altogether is read as a full stop.
        """
        loaded = self.target.loaded
        shorter = GenerationRequest(**asdict(request) | {"prompt": text if text.strip() else "."})
        prompt = prompt_of(shorter, loaded)
        _, ids = returned(respond(shorter, loaded, prompt, lambda rows: None))
        target = ResponseTarget(loaded, prompt, self.target.response_ids, screening=False)
        return target, decode_answer(loaded.tokenizer, ids)

    def _text_measures(self, masked: str) -> dict[str, float]:
        bleu = character_bleu if self.how.bleu == "characters" else word_bleu
        rouge = package_rouge if self.how.rouge == "rouge" else rouge_l
        a, b = self.response.strip(), masked.strip()
        if a == b or not a or not b:
            return dict.fromkeys(TEXT_MEASURES, float(a == b))
        similarity = sentence_similarity(a, b, sentence_encoder())
        return dict(zip(TEXT_MEASURES, (bleu(a, b), *rouge(a, b), similarity), strict=True))


def without(text: str, places: list[tuple[int, int]]) -> str:
    """The text without the characters [start, end) of each place, and the white space before it."""
    parts, done = [], 0
    for start, end in sorted(places):
        parts.append(text[done:start].rstrip())
        done = max(done, end)
    return ("".join(parts) + text[done:]).strip()
