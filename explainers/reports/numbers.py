"""Numbers as they are shown to a person."""

from __future__ import annotations


def fixed(number: float | None, digits: int = 2) -> str:
    """With so many decimals and a true minus sign; "–" where there is none."""
    if number is None:
        return "–"
    text = f"{number:.{digits}f}"
    return (text.lstrip("-") if float(text) == 0 else text).replace("-", "−")


def unit_of(score_meaning: str) -> str:
    """The unit of a method's scores, where what they mean names one."""
    return "nats" if "nats" in score_meaning else ""
