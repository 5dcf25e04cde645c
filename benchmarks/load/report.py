"""What a crowd met with: outcomes, waits, what equal requests saved, and what the server's process took."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from math import ceil

from benchmarks.load.questions import agree
from benchmarks.load.server import JobLine, Usage
from benchmarks.load.visitors import ACTIONS, Outcome

GOOD = ("answered", "refused", "stopped", "closed")
COMPUTING = ("run", "repeat")
CALLS = ("generation", "classification", "comparison")  # kinds of the jobs that they make
SHOWN = 40  # points of the curve of memory


def wrong(outcomes: list[Outcome]) -> list[str]:
    """What ended neither in a right answer nor in a plain refusal, in words. Computes each question alone."""
    found = [f"{each.action}: {each.end}" for each in outcomes if each.end not in GOOD]
    alone = {each.question: None for each in outcomes if each.question}
    for question in alone:
        alone[question] = answer_of(question.alone())
    asked = [each for each in outcomes if each.question]
    return found + [
        f"{each.action}: another answer to {each.question}"
        for each in asked
        if not agree(answer_of(each.said), alone[each.question])
    ]


def answer_of(said: dict) -> dict:
    """The part of an answer that is compared: of a click, nats that each token loses."""
    if "spans" in said and "limit" in said:  # the view of a click
        return {"losses": [span["score"] for span in said["spans"]]}
    if "response_tokens" in said and "type" not in said:
        losses = [token["log_prob"] - token["log_prob_masked"] for token in said["response_tokens"]]
        return {"losses": losses}
    return said


def measured(outcomes: list[Outcome], jobs: list[JobLine], usages: list[Usage]) -> dict:
    """Numbers for the table. usages: over time, the first before any visitor, the last after all left."""
    computed = [job for job in jobs if job.kind in CALLS and job.passes and job.outcome == "done"]
    answered = [each for each in outcomes if each.action in COMPUTING and each.end == "answered"]
    return {
        "outcomes": {
            action: Counter(each.end for each in outcomes if each.action == action) for action in ACTIONS
        },
        "seconds": {action: _spread(outcomes, action) for action in ACTIONS},
        "answers": len(answered),
        "computed": len(computed),
        "saved": 1 - len(computed) / len(answered) if answered else 0.0,
        "usage": [asdict(usage) for usage in [*usages[:: max(1, len(usages) // SHOWN)], usages[-1]]],
    }


def _spread(outcomes: list[Outcome], action: str) -> dict | None:
    """Median, 95th percentile and largest of the seconds until an answer."""
    seconds = sorted(each.seconds for each in outcomes if each.action == action and each.end == "answered")
    if not seconds:
        return None
    places = {"median": 0.5, "p95": 0.95, "most": 1.0}
    return {name: seconds[ceil(share * len(seconds)) - 1] for name, share in places.items()}


def table(result: dict) -> list[str]:
    lines = [
        "| what visitors did | answered | refused in words | stopped or left | anything else | median, s |"
    ]
    lines[0] += " 95 %, s | longest, s |"
    lines.append("|---|---:|---:|---:|---:|---:|---:|---:|")
    for action, title in TITLES.items():
        ends, seconds = result["outcomes"][action], result["seconds"][action]
        left = ends.get("stopped", 0) + ends.get("closed", 0)
        other = sum(ends.values()) - sum(ends.get(end, 0) for end in GOOD)
        counts = [ends.get("answered", 0), ends.get("refused", 0), left, other]
        shown = [f"{seconds[name]:.2f}" for name in seconds] if seconds else [""] * 3
        lines.append(f"| {title} | {' | '.join(map(str, [*counts, *shown]))} |")
    return [*lines, "", *_sentences(result)]


TITLES = {
    "load": "open the page",
    "click": "click a word in What if",
    "run": "ask something new",
    "repeat": "ask what others ask",
    "stop": "run, then Stop",
    "close": "run, and close the connection",
}


def _sentences(result: dict) -> list[str]:
    before, after = result["usage"][0], result["usage"][-1]
    most = max(usage["megabytes"] for usage in result["usage"])
    health = "answers" if result["healthy"] else "DOES NOT ANSWER"
    return [
        f"- {result['clients']} clients, {result['lasted']:.0f} s. {result['compared']} questions were "
        f"computed again, alone. Not right: {len(result['wrong'])}. Errors in the log that nobody foresaw: "
        f"{result['tracebacks']}.",
        f"- {result['answers']} answers to runs took {result['computed']} computed jobs: equal requests "
        f"saved {result['saved']:.0%}.",
        f"- Memory {before['megabytes']:.0f} MB before, {most:.0f} MB at most, {after['megabytes']:.0f} MB "
        f"after; threads {before['threads']} → {after['threads']}, descriptors {before['descriptors']} → "
        f"{after['descriptors']}. Afterwards the server {health}.",
    ]
