"""Make the results that the page opens with: `python -m benchmarks.stored_example [tab …]`.

Runs the default explanation of each tab's first example on the built-in model, and stores the events.
"""

import json
import sys
from datetime import date
from pathlib import Path

from components.classification.controls import DEFAULT_METHOD, DEFAULT_TASK, FIRST_TEXT
from components.compare.controls import DEFAULT_METHODS
from explainers import explain_generation
from explainers.streams.classification import ClassificationRequest
from explainers.streams.comparison import ComparisonRequest, compare
from explainers.streams.reading import explain_and_read

PROMPT = "Write a short story about the doctor and his patient for a magazine."
FOLDER = Path(__file__).resolve().parent.parent / "assets" / "examples"
LEFT_OUT = {"status", "response", "masked_response"}


def generation() -> list[dict]:
    return list(explain_generation(PROMPT, method="xprompt", k=3, seed=0))


def classification() -> list[dict]:
    return list(explain_and_read(ClassificationRequest(FIRST_TEXT, DEFAULT_TASK, method=DEFAULT_METHOD)))


def comparison() -> list[dict]:
    return list(compare(ComparisonRequest(PROMPT, DEFAULT_METHODS, k=3, seed=0)))


TABS = {"generation": generation, "classification": classification, "comparison": comparison}


def main() -> None:
    for tab in sys.argv[1:] or TABS:
        kept = [event for event in TABS[tab]() if event["type"] not in LEFT_OUT]
        made_by = f"python -m benchmarks.stored_example {tab}"
        stored = {"made_by": made_by, "date": str(date.today()), "events": kept}
        path = FOLDER / f"{tab}.json"
        path.write_text(json.dumps(stored, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        print(f"{path.name}: {len(kept)} events")


if __name__ == "__main__":
    main()
