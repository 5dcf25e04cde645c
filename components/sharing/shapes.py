"""What a record read from a file must look like, so that no view meets a value it cannot show."""

from __future__ import annotations

from math import isfinite

from components.sharing.fields import is_unicode
from components.sharing.places import check_comparison, check_explanation, damaged, expect

DEEPEST = 12  # lists and objects within each other
LARGEST = 2**53  # beyond it JavaScript's numbers are not exact

# A shape: a type, {name: shape} with names that must be there, {...: shape} for any names, [shape] for a
# list, (shape,) for null or that.
SPAN = {"text": str, "start": int, "end": int}
SCORED = SPAN | {"score": float, "removed": bool}
CURVE = {"fractions": [float], "values": [float], "score": float}
MADE = {
    "model": str, "revision": str, "device": str, "dtype": str, "method": str, "title": str, "reference": str,
    "score_meaning": str, "versions": dict, "options": dict, "seed": int, "seconds": float,
    "evaluations": int, "forward_passes": int, "stopped": bool, "notes": [str],
    "log_prob": float, "log_prob_masked": float, "spans": [SCORED],
}  # fmt: skip
CLASSES = {
    "rendered": str, "pieces": [{"kind": str, "text": str}], "predicted": str, "label": str, "notes": [str],
    "labels": [{"label": str, "words": [str], "probability": float}],
}  # fmt: skip
PROMPT = {"spans": [SPAN], "log_prob": float, "passes": int}
STEP = {
    "step": int, "total": int, "log_prob": float, "proposal": float, "accepted": bool, "removed": [int],
}  # fmt: skip
READING = {"token": str, "span": (int,), "words": [[object]], "class_shares": [float]}
ASKED = {
    "prompt": str, "methods": [str], "model": str, "k": int, "granularity": str, "mask_operator": str,
    "max_new_tokens": int, "response": str, "system_prompt": str, "seed": int, "draws": int,
}  # fmt: skip
EVENTS = {
    "generation": {
        "prompt": PROMPT,
        "step": STEP,
        "explanation": MADE | {
            "prompt": str, "k": int, "granularity": str, "mask_operator": str, "system_prompt": str,
            "max_new_tokens": int, "response": str, "masked_response": str, "probability_ratio": float,
            "response_tokens": [{"text": str, "log_prob": float, "log_prob_masked": float}],
            "metrics": [{"name": str, "value": (float,), "lower_is_better": bool}],
        },
    },
    "classification": {
        "prediction": CLASSES,
        "readings": {"spans": [SPAN], "tokens": [READING], "mask": int},
        "prompt": PROMPT,
        "step": STEP,
        "explanation": MADE | CLASSES | {
            "text": str, "task": str, "template": str, "verbalizer": str, "label_words": dict,
            "activation": CURVE, "pruning": CURVE, "neutral": float, "method_notes": [str],
        },
    },
    "compare": {
        "prompt": PROMPT,
        "floor": {"draws": int, "metrics": {...: {"mean": (float,), "low": (float,), "high": (float,)}}},
        "row": {
            "method": str, "title": str, "error": (str,), "spans": [SCORED], "removed": [int],
            "log_prob_masked": (float,), "probability_ratio": (float,), "metrics": {...: (float,)},
            "seconds": (float,), "forward_passes": (int,), "certificate": str, "masked_response": (str,),
        },
        "compared": {
            "methods": [str], "agreement": [[(float,)]], "votes": [int], "best": {...: (str,)},
            "stopped": bool, "request": ASKED, "revision": str,
        },
    },
}  # fmt: skip


def check_plain(value) -> None:
    """Raise MaskwiseError where JSON nests too deep, or holds numbers or texts that cannot be passed on."""
    layer, depth = [value], 0
    while layer:
        if depth > DEEPEST:
            raise damaged("lists within lists too deep")
        if not all(map(_is_plain, layer)):
            raise damaged("a number or text that is none")
        layer, depth = [inner for outer in layer for inner in _inner(outer)], depth + 1


def check_shape(record: dict) -> None:
    """Raise MaskwiseError unless the events are those of one whole result."""
    events, shapes = record.get("events"), EVENTS[record["tab"]]
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise damaged("events")
    kinds = [event.get("type") for event in events]
    first, *_, last = shapes
    if kinds.count(last) != 1 or kinds[-1] != last or kinds[0] != first:
        raise damaged("the order of events")
    for event in events:
        if not isinstance(event["type"], str) or event["type"] not in shapes:
            raise damaged("an event of unknown type")
        _check(event, shapes[event["type"]], event["type"])
    if not isinstance(record.get("inputs", {}), dict):
        raise damaged("inputs")
    if record["tab"] == "compare":
        check_comparison(events)
    else:
        check_explanation(events, record["tab"])


def _check(value, shape, where: str) -> None:
    if isinstance(shape, tuple):
        if value is not None:
            _check(value, shape[0], where)
    elif isinstance(shape, dict) and ... in shape:
        expect(isinstance(value, dict), where)
        for name, each in value.items():
            _check(each, shape[...], f"{where}: {name}")
    elif isinstance(shape, dict):
        expect(isinstance(value, dict) and set(shape) <= set(value), where)
        for name, inner in shape.items():
            _check(value[name], inner, f"{where}: {name}")
    elif isinstance(shape, list):
        expect(isinstance(value, list), where)
        for each in value:
            _check(each, shape[0], where)
    elif shape is float:
        expect(isinstance(value, int | float) and not isinstance(value, bool), where)
    elif shape is int:
        expect(isinstance(value, int) and not isinstance(value, bool) and value >= 0, where)
    else:
        expect(isinstance(value, shape), where)


def _is_plain(value) -> bool:
    if isinstance(value, str):
        return is_unicode(value)
    if isinstance(value, int | float):
        return abs(value) <= LARGEST if isinstance(value, int) else isfinite(value)
    return True


def _inner(value) -> list:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []
