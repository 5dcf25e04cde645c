"""Whether a change of the code left the results alone: explanations written before it, compared after it.

`python -m benchmarks.recorded write FILE` explains a fixed set of requests with the built-in models: every
method of both tasks, three granularities, three mask operators and several seeds.
`python -m benchmarks.recorded compare FILE` explains the same requests again and prints the largest
difference in nats; its exit status is 1 where any exceeds 1e-6, or a removed set, an answer or a certificate
differs. Both must run on one machine: another processor sums in another order.
"""

from __future__ import annotations

import json
import sys
from itertools import product
from pathlib import Path

from explainers import EXPLAINERS, explain_classification, explain_generation, explainers_for
from explainers.core.types import Task

PROMPT = "Tell me of a doctor. He has one old patient."
TEXT = "Stocks fell on Wall Street after the bank's results. Traders were sad."
GRANULARITIES, OPERATORS, SEEDS = ("word", "token", "sentence"), ("zero", "delete", "replace"), (0, 1)
SMALL = {
    "iterations": 30,
    "steps": 8,
    "permutations": 1,
    "samples": 24,
    "budget": 60,
}
TOLERANCE = 1e-6  # nats
SAME = ("response", "masked_response", "certificate", "label", "predicted")
NUMBERS = ("log_prob", "log_prob_masked", "probability_ratio", "neutral")


def options(method: str) -> dict:
    own = EXPLAINERS[method].own_options()
    least = {name: own[name].metadata["minimum"] for name in SMALL if name in own}
    return {name: max(SMALL[name], minimum) for name, minimum in least.items()}


def generation_requests() -> list[dict]:
    shared = {"prompt": PROMPT, "k": 2, "max_new_tokens": 8}
    methods = [{"method": method} for method in explainers_for(Task.GENERATION)]
    grid = [
        {"method": method, "granularity": granularity, "mask_operator": operator, "seed": seed}
        for method in ("xprompt", "best_swap", "gradient_x_input")
        for granularity, operator, seed in product(GRANULARITIES, OPERATORS, SEEDS)
        if method == "xprompt" or not seed
    ]
    part = [
        {"method": "feature_ablation", "part": [0, 5]},
        {"method": "xprompt", "response": "He was a kind man."},
    ]
    return [
        shared
        | one
        | {"options": options(one["method"]), "k": 1 if one.get("granularity") == "sentence" else 2}
        for one in methods + grid + part
    ]


def classification_requests() -> list[dict]:
    methods = [{"method": method} for method in explainers_for(Task.CLASSIFICATION)]
    grid = [
        {"method": method, "options": {"granularity": granularity, "mask_operator": operator}}
        for method in ("xprompt", "prompt_explainer", "feature_ablation")
        for granularity, operator in product(GRANULARITIES, OPERATORS)
    ]
    verbalizers = [{"verbalizer": name} for name in ("knowledgeable", "prototypical", "soft")]
    return [
        {"text": TEXT}
        | one
        | {"options": options(one.get("method", "prompt_explainer")) | one.get("options", {})}
        for one in methods + grid + verbalizers
    ]


def explained(request: dict) -> dict:
    """What of a result must not change, and the log-probabilities of the steps that led to it."""
    explain = explain_generation if "prompt" in request else explain_classification
    *events, last = explain(**request)
    return {
        "request": request,
        "removed": [span["removed"] for span in last["spans"]],
        "scores": [span["score"] for span in last["spans"]],
        "steps": [[event["log_prob"], event["removed"]] for event in events if event["type"] == "step"],
        "metrics": {metric["name"]: metric["value"] for metric in last.get("metrics", [])},
        "numbers": {name: last[name] for name in NUMBERS if name in last},
        "same": {name: last[name] for name in SAME if name in last},
    }


def difference(before, after) -> float:
    """The largest difference of numbers in two values of one shape; infinite where they differ otherwise."""
    if isinstance(before, float) and isinstance(after, float | int):
        return abs(before - after)
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        return max((difference(before[name], after[name]) for name in before), default=0.0)
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return max((difference(*pair) for pair in zip(before, after, strict=True)), default=0.0)
    return 0.0 if before == after else float("inf")


def compare(file: Path) -> int:
    stored = json.loads(file.read_text(encoding="utf-8"))
    results = json.loads(json.dumps([explained(result["request"]) for result in stored]))
    differences = [difference(*pair) for pair in zip(stored, results, strict=True)]
    for result, found in zip(results, differences, strict=True):
        if found > TOLERANCE:
            print(f"{found:.2g} nats: {result['request']}")
    print(f"{len(results)} recorded requests; largest difference {max(differences):.2g} nats")
    return int(max(differences) > TOLERANCE)


def main() -> int:
    action, file = sys.argv[1], Path(sys.argv[2])
    if action == "compare":
        return compare(file)
    results = [explained(request) for request in generation_requests() + classification_requests()]
    file.write_text(json.dumps(results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
