"""What the effects of removed spans mean, in sentences."""

from __future__ import annotations

TOLERANCE, LEAST = 0.05, 0.05  # of the larger of two drops, and nats: smaller differences are none
MOST_NAMED = 3


def joint_kind(together: float, total: float) -> str:
    """How the drop of a set stands to the sum of its members' drops: redundant, synergistic or additive."""
    if abs(together - total) <= max(TOLERANCE * max(abs(together), abs(total)), LEAST):
        return "additive"
    return "redundant" if together > total else "synergistic"


def describe_joint(
    texts: list[str], unit: str, together: float, total: float, pairs: list[list[float]]
) -> list[str]:
    """Sentences on the joint effect of removed spans, and on their strongest pairs. pairs: k × k, nats."""
    if not texts:
        return ["Nothing is removed, so nothing is lost."]
    if len(texts) == 1:
        return [f"Without {_quoted(texts[0])}, log p falls by {_number(together)} nats."]
    measured = (
        f"Removed together, these {len(texts)} {unit}s cost {_number(together)} nats; "
        f"removed one by one, {_number(total)} nats in all."
    )
    meaning = {
        "redundant": "They stand in for one another: one left behind does the work of the others.",
        "synergistic": "They only work together: losing one already loses most of what they do.",
        "additive": "Each does its own work: they neither replace nor need one another.",
    }
    said = meaning[joint_kind(together, total)]
    if max(abs(together), abs(total)) <= LEAST:
        said = "What they do adds up to nothing."
    return [measured, said, *_describe_pairs(texts, pairs)]


def describe_why_not(
    scores: list[tuple[str, float]], log_probs: tuple[float, float], tokens: tuple[int, int]
) -> str:
    """Which of two answers is likelier, and the spans that speak most for each.

    scores: each span's text, and how many nats more it does for the given answer than for the other.
    log_probs (nats), tokens: of the given answer and of the other.
    """
    lengths = [f"{n} token{'s' if n > 1 else ''}" for n in tokens]
    said = (
        f"log p of the given answer is {_number(log_probs[0])} nats ({lengths[0]}), "
        f"of the other {_number(log_probs[1])} nats ({lengths[1]})."
    )
    ranked = sorted(scores, key=lambda row: -abs(row[1]))
    for name, sign in (("given answer", 1), ("other", -1)):
        chosen = [(text, score) for text, score in ranked if sign * score > LEAST][:MOST_NAMED]
        if chosen:
            words = ", ".join(f"{_quoted(text)} ({_number(score, '+')})" for text, score in chosen)
            said += f" Most for the {name}: {words}."
    if all(abs(score) <= LEAST for _, score in scores):
        said += " Nothing in the prompt speaks more for one of them than for the other."
    return said


def _describe_pairs(texts: list[str], pairs: list[list[float]]) -> list[str]:
    """The strongest pairs, where a pair is not the whole set."""
    if len(texts) < 3:
        return []
    ranked = sorted(
        ((abs(pairs[i][j]), i, j) for j in range(len(texts)) for i in range(j)), key=lambda row: -row[0]
    )
    return [
        f"{_quoted(texts[i])} and {_quoted(texts[j])} "
        + ("stand in for each other" if pairs[i][j] < 0 else "reinforce each other")
        + f" ({_number(pairs[i][j], '+')} nats)."
        for strength, i, j in ranked[:MOST_NAMED]
        if strength > LEAST
    ]


def _number(value: float, sign: str = "") -> str:
    """One decimal with a true minus. sign: "+" for a plus as well."""
    return f"{value:{sign}.1f}".replace("-", "−")


def _quoted(text: str) -> str:
    return f"“{text}”"
