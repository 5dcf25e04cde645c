"""The result of a classification in one plain sentence and a line of facts."""

from __future__ import annotations

from explainers.reports.result_sentence import listed

NAMED_FOR, NAMED_AGAINST = 3, 2
CHART_NOTES = {
    "activation": "Probability of {label} as the tokens come back, highest score first.",
    "pruning": "How far the prediction moves as tokens become unknown, least relevant first.",
}


def class_sentence(prediction: dict, explanation: dict | None = None) -> dict:
    """The prediction, and once there is one its explanation → the value of `result_view`."""
    predicted, label = prediction["predicted"], prediction["label"]
    parts = [
        ["text", "The model reads this as "],
        ["strong", predicted],
        ["text", f" ({_chance(prediction, predicted)})."],
    ]
    if not explanation:
        return {"parts": parts, "facts": []}
    name = "it" if label == predicted else f"{label} ({_chance(prediction, label)})"
    spans, neutral = explanation["spans"], explanation["neutral"]
    return {
        "parts": parts + _named(f" Highest for {name}: ", highest(spans, neutral)) + _against(spans, neutral),
        "facts": _facts(explanation),
    }


def highest(spans: list[dict], neutral: float = 0.0, sign: int = 1, count: int = NAMED_FOR) -> list[dict]:
    """The spans furthest above the neutral score, or with sign −1 below it, the furthest first."""
    beyond = [span for span in spans if sign * (span["score"] - neutral) > 0]
    return sorted(beyond, key=lambda span: -sign * span["score"])[:count]


def percent(share: float, tenths: bool = False) -> str:
    """One decimal where whole percents say too little: below 10 and above 99 %. tenths: one everywhere."""
    if 0 < share < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= share < 1:
        return "> 99.9 %"
    return f"{share:.{int(tenths or 0 < share < 0.0995 or 0.99 < share < 1)}%}".replace("%", " %")


def _against(spans: list[dict], neutral: float) -> list[list[str]]:
    return _named(" Lowest: ", highest(spans, neutral, -1, NAMED_AGAINST))


def _named(start: str, spans: list[dict]) -> list[list[str]]:
    return [["text", start], *listed([span["text"] for span in spans]), ["text", "."]] if spans else []


def _chance(prediction: dict, label: str) -> str:
    (share,) = (row["probability"] for row in prediction["labels"] if row["label"] == label)
    return percent(share).replace(" ", "\N{NO-BREAK SPACE}")


def _facts(explanation: dict) -> list[list[str]]:
    return [
        ["activation", f"{explanation['activation']['score']:.3f}"],
        ["pruning", f"{explanation['pruning']['score']:.3f}"],
        ["passes", f"{explanation['forward_passes']:,}"],
        ["time", f"{explanation['seconds']:.2f} s"],
    ]
