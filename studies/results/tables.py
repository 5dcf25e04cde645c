"""A study's summary as Markdown and LaTeX tables, one for each data set, condition and k."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explainers import EXPLAINERS
from studies.results.statistics import GROUP, HIGHER_IS_BETTER, SURE
from studies.study import AnyStudy, ClassificationStudy

if TYPE_CHECKING:
    import pandas

TITLES = {
    "bleu": "BLEU",
    "rouge_l_precision": "ROUGE-L P",
    "rouge_l_recall": "ROUGE-L R",
    "rouge_l_f1": "ROUGE-L F1",
    "sentence_bert": "SBERT",
    "probability_ratio": "Prob. ratio",
    "kl": "KL",
    "log_prob_masked": "log p without",
    "comprehensiveness": "Lost without, nats",
    "sufficiency": "Lost with them alone, nats",
    "soft_comprehensiveness": "Lost without, half kept, nats",
    "soft_sufficiency": "Lost with them, half kept, nats",
    "activation": "Activation, predicted",
    "activation_true": "Activation",
    "pruning": "Pruning",
    "pruning_logits": "Pruning, logits",
    "correct": "Accuracy",
    "seconds": "Seconds",
    "forward_passes": "Passes",
}
WITHOUT_INTERVAL = {"forward_passes": 0, "seconds": 2, "correct": 3}  # digits
ESCAPED = {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
LATEX = str.maketrans({character: f"\\{character}" for character in "&%$#_{}"} | ESCAPED)
FOOTNOTE = (
    "Means with 95 % bootstrap intervals over prompts. * differs from the paper's method (Wilcoxon, "
    f"p < {SURE} after Benjamini and Hochberg)."
)


@dataclass(frozen=True)
class Table:
    """title: data set, condition and k. head and rows: cells as text."""

    title: str
    head: list[str]
    rows: list[list[str]]


def tables(study: AnyStudy, summary: pandas.DataFrame) -> Iterator[Table]:
    """summary: of `summary`, with the columns published and verdict."""
    for group, part in summary.groupby(GROUP, sort=False):
        cells = {(row["method"], row["measure"]): row for row in part.to_dict("records")}
        counts = part.groupby("method")["count"].max()
        most = counts.max()
        head = ["Method", *(f"{TITLES[name]} {_arrow(name)}".strip() for name in study.columns)]
        rows = [
            [_named(method, counts[method], most), *(_cell(cells.get((method, m))) for m in study.columns)]
            for method in study.methods
            if method in counts
        ]
        yield Table(f"{title_of(study, group)}, {_prompts(most)}", head, rows)


def _named(method: str, count: int, most: int) -> str:
    """The method's title, and how many prompts it did where that is fewer than others did."""
    title = EXPLAINERS[method].title
    return title if count == most else f"{title} ({_prompts(count)})"


def _prompts(count: int) -> str:
    return f"{count} prompt{'' if count == 1 else 's'}"


def title_of(study: AnyStudy, group: tuple) -> str:
    data, condition, k = group
    if not isinstance(study, ClassificationStudy):
        return f"{data}, k = {k}"
    template, verbalizer = study.conditions()[condition]
    return f"{data}, template {template + 1}, {verbalizer.title()}"


def _arrow(measure: str) -> str:
    if measure in WITHOUT_INTERVAL:
        return ""
    return "↑" if measure in HIGHER_IS_BETTER else "↓"


def _cell(row: dict | None) -> str:
    if row is None:  # no number for any prompt
        return "–"
    if (digits := WITHOUT_INTERVAL.get(row["measure"])) is not None:
        text = f"{row['mean']:.{digits}f}"
    else:
        star = "*" if row["p"] is not None and row["p"] < SURE else ""
        text = f"{row['mean']:.3f}{star} [{row['low']:.3f}, {row['high']:.3f}]"
    if row["published"] is not None and row["published"] == row["published"]:
        text += f" (paper {row['published']:g}: {row['verdict']})"
    return text


def markdown(table: Table) -> str:
    lines = [table.head, ["---", *["---:"] * (len(table.head) - 1)], *table.rows]
    return "\n".join([f"**{table.title}**", "", *(f"| {' | '.join(line)} |" for line in lines), ""])


def latex(table: Table) -> str:
    """A table of the package booktabs."""
    lines = [" & ".join(cell.translate(LATEX) for cell in row) + r" \\" for row in [table.head, *table.rows]]
    arrows = [line.replace("↓", r"$\downarrow$").replace("↑", r"$\uparrow$") for line in lines]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{table.title.translate(LATEX)}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(table.head) - 1)}}}",
            r"\toprule",
            arrows[0],
            r"\midrule",
            *arrows[1:],
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )
