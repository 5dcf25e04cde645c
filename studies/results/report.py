"""What is written of a study's rows: tables as Markdown, LaTeX and CSV, figures, and what they say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from explainers.core.errors import MaskwiseError
from explainers.reports.figures.picture import write_picture
from studies.results.charts import charts
from studies.results.claims import judged
from studies.results.published import published_value, verdict
from studies.results.statistics import summary
from studies.results.store import read_rows, read_settings, write_whole, writing
from studies.results.tables import FOOTNOTE, Table, latex, markdown, tables
from studies.study import AnyStudy

if TYPE_CHECKING:
    import pandas

HEIGHT = 420  # px, of a picture
MADE_BY = ("model", "revision", "device", "dtype")


@dataclass(frozen=True)
class Report:
    """A results folder, read: its study, what its file says, all rows and their summary."""

    study: AnyStudy
    about: dict[str, Any]
    rows: pandas.DataFrame
    summary: pandas.DataFrame

    def tables(self) -> list[Table]:
        return list(tables(self.study, self.summary))

    def charts(self) -> dict[str, dict]:
        return charts(self.study, self.rows)

    def refusals(self) -> list[str]:
        said = self.rows.dropna(subset=["refused"]).groupby(["method", "refused"]).size()
        return [
            f"{method} refused {'once' if count == 1 else f'{count} times'}: {why}"
            for (method, why), count in said.items()
        ]


def read_report(folder: Path) -> Report:
    """Raises MaskwiseError where the folder cannot be read, nothing could be explained, or its rows come from
    several models."""
    study, about = read_settings(folder)
    rows = read_rows(folder, about["digest"])
    _check(folder, study, rows)
    first, *others = sorted({tuple(event[name] for name in MADE_BY) for event in _first_events(rows)})
    if others:
        found = "; ".join(map(", ".join, [first, *others]))
        raise MaskwiseError(
            f"The rows of {folder.name} come from several models or devices: {found}. Remove the folder, and "
            "run the study again with --device."
        )
    table = summary(study, rows)
    values = [published_value(study, row) for row in table.to_dict("records")]
    departs = bool(about["departures"])
    table["published"] = [value and value.value for value in values]
    ends = zip(values, table["low"], table["high"], strict=True)
    table["verdict"] = [verdict(value, low, high, departs) for value, low, high in ends]
    about = about | dict(zip(MADE_BY, first, strict=True))
    return Report(study, about, rows, table)


def _check(folder: Path, study: AnyStudy, rows: pandas.DataFrame) -> None:
    """Raises MaskwiseError for rows that nothing can be reported of."""
    needed = [*study.columns, *(study.CURVES if study.figures else ())]
    if missing := [name for name in needed if name not in rows]:
        raise MaskwiseError(
            f"The rows of {folder.name} come from another version of Maskwise: they have no {missing[0]}. "
            "Remove the folder, and run the study again."
        )
    if rows["refused"].notna().all():
        raise MaskwiseError(f"Nothing could be explained in {folder.name}. {rows['refused'].mode()[0]}")


def write_report(folder: Path, pictures: Path | None = None) -> str:
    """Write all files of a results folder beside its rows; returns the Markdown.

    pictures: a folder for the figures as SVG, which needs kaleido and Chromium.
    """
    report = read_report(folder)
    text = said(report)
    write_whole(folder / "tables.md", text.encode())
    write_whole(folder / "tables.tex", "\n".join(map(latex, report.tables())).encode())
    write_whole(folder / "summary.csv", report.summary.to_csv(index=False).encode())
    for name, chart in report.charts().items():
        write_whole(folder / f"{name}.json", json.dumps(chart).encode())
        figure = go.Figure(chart["figure"])
        with writing(folder):
            figure.write_html(folder / f"{name}.html", include_plotlyjs="directory")
        if pictures:
            _draw(figure.update_layout(title=chart["title"]), pictures / f"{name}.svg")
    return text


def _draw(figure: go.Figure, path: Path) -> None:
    try:
        with writing(path.parent):
            write_picture(figure, path, HEIGHT)
    except (ValueError, RuntimeError, ImportError) as error:
        if isinstance(error, MaskwiseError):
            raise
        raise MaskwiseError(
            "Figures as SVG need Chromium and kaleido: pip install -r requirements-dev.txt."
        ) from error


def said(report: Report) -> str:
    """The tables, what they say of the paper's claims, and all that the numbers depend on."""
    study, about = report.study, report.about
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    parts = [
        f"### {study.paper}: {', '.join(study.shows)}, on {about['model']}",
        f"`python -m studies {study.name}`, settings {about['digest']}.",
        *map(markdown, report.tables()),
        FOOTNOTE,
        *judged(study, report.summary),
        f"Model {about['model']} ({about['revision']}), {about['device']}, {about['dtype']}; {versions}.",
        *_listed("Departs from what was published", about["departures"]),
        *_listed("Differs from the paper in any case", study.notes),
        *_listed("Refused", report.refusals()),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _first_events(rows: pandas.DataFrame) -> list[dict]:
    """An explanation of each part: enough to see which model made it."""
    done = rows.dropna(subset=["explanation"])
    firsts = done.drop_duplicates(["data", "prompt", "seed", "condition"])
    return [json.loads(text) for text in firsts["explanation"]]


def _listed(heading: str, lines: list[str]) -> list[str]:
    return ["\n".join([f"{heading}:", "", *(f"- {line}" for line in lines)])] if lines else []
