"""The measures of an explanation as rows: value, direction and one sentence of meaning each."""

from __future__ import annotations

import math

from explainers.reports.numbers import fixed

MEANINGS = {
    "bleu": ("BLEU", "Share of the answer's runs of one to four words that the new answer keeps, 0 to 1."),
    "rouge_l_precision": ("ROUGE-L precision", "Share of the new answer found in order in the old, 0 to 1."),
    "rouge_l_recall": ("ROUGE-L recall", "Share of the old answer that the new one keeps in order, 0 to 1."),
    "rouge_l_f1": ("ROUGE-L F1", "Balance of ROUGE-L precision and recall, 0 to 1."),
    "sentence_bert": ("SentenceBERT", "How close the two answers are in meaning, 0 to 1."),
    "probability_ratio": (
        "Probability ratio",
        "Probability of the answer's tokens without the removed words, as a share of that before. "
        "Over 1 they have become more likely.",
    ),
    "kl": ("KL divergence", "How far the predicted next words move, in nats, mean over the answer's tokens."),
    "kl_published": ("KL as published", "The same, computed as the paper's published code does it, in nats."),
}


def metric_rows(metrics: list[dict]) -> dict:
    """{"rows": one of {"name", "title", "text", "arrow", "direction", "meaning"} for each metric, which is
    {"name", "value", "lower_is_better"}}. An unknown name stands for itself."""
    return {"rows": [_row(**metric) for metric in metrics]}


def _row(name: str, value: float | None, lower_is_better: bool, **_) -> dict:
    title, meaning = MEANINGS.get(name, (name, ""))
    arrow, direction = ("↓", "lower") if lower_is_better else ("↑", "higher")
    defined = value is not None and math.isfinite(value)
    return {
        "name": name,
        "title": title,
        "text": fixed(value, 3) if defined else "not defined",
        "arrow": arrow,
        "direction": direction,
        "meaning": meaning,
    }
