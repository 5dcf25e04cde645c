"""What `python -m studies` does: lists studies, says what one comes to, runs it, or reports what is there."""

from __future__ import annotations

import sys

from studies.declarations import declared_studies, read_study
from studies.options import changed, parse
from studies.results.report import write_report
from studies.run import planned, run


def main(arguments: list[str] | None = None) -> None:
    """Raises MaskwiseError for whatever cannot be."""
    options = parse(arguments)
    if options.report:
        print(write_report(options.report, options.pictures))
    elif not options.studies:
        for name in declared_studies():
            print(f"{name:32}{read_study(name).title}")
    read = [read_study(name) for name in options.studies]
    for study, published in [(changed(each, options), each) for each in read]:  # all, before the first is run
        if options.dry_run:
            print(planned(study, options.out).said(published))
            continue
        store = run(study, published, options.out, options.ray)
        print(write_report(store.folder, options.pictures))
        print(f"All of it is in {store.folder}", file=sys.stderr)
