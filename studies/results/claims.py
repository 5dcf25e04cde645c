"""What the paper says of its own method, held against a study's summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explainers import EXPLAINERS
from studies.results.statistics import GROUP, SURE, is_better
from studies.results.tables import TITLES, title_of
from studies.study import AnyStudy, Claim

if TYPE_CHECKING:
    import pandas

HOLDS, FAILS, UNKNOWN = "holds here", "does not hold here", "cannot be said"


def judged(study: AnyStudy, table: pandas.DataFrame) -> list[str]:
    """A paragraph per claim. table: of `summary`."""
    return [f"**{claim.text}** {_paragraph(study, claim, table)}" for claim in study.claims]


def _paragraph(study: AnyStudy, claim: Claim, table: pandas.DataFrame) -> str:
    """The verdict and how often each way it came out; a pair is a data set, condition, k and other method."""
    better, worse, alike = [], [], []
    for group, part in table[table["measure"] == claim.measure].groupby(GROUP):
        rows = part.set_index("method")
        if study.paper_method not in rows.index:
            continue
        for method in (method for method in claim.against if method in rows.index):
            other = rows.loc[method]
            said = f"{EXPLAINERS[method].title} on {title_of(study, group)}"
            if other["p"] is None or not other["p"] < SURE:
                alike.append(said)
            elif is_better(claim.measure, 0, other["difference"]):
                better.append(said)
            else:
                worse.append(said)
    if not better and not worse and not alike:
        return f"**{UNKNOWN.capitalize()}**: none of these methods ran."
    verdict = FAILS if worse else HOLDS if not alike else UNKNOWN
    counts = (
        f"Better (p < {SURE}) than the others in {len(better)} of {len(better) + len(worse) + len(alike)} "
        f"comparisons by {TITLES[claim.measure]}, worse in {len(worse)}, no clear difference in {len(alike)}."
    )
    return " ".join(
        [
            f"**{verdict.capitalize()}.**",
            counts,
            *_named("Worse than", worse),
            *_named("Unclear against", alike),
        ]
    )


def _named(what: str, said: list[str], most: int = 6) -> list[str]:
    if not said:
        return []
    more = f" and {len(said) - most} more" if len(said) > most else ""
    return [f"{what}: {'; '.join(said[:most])}{more}."]
