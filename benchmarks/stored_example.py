"""Make the result that the page opens with: `python -m benchmarks.stored_example`.

Runs the page's default explanation of its first example on the built-in model, and stores the events.
"""

import json
from datetime import date
from pathlib import Path

from explainers import explain_generation

PROMPT = "Write a short story about the doctor and his patient for a magazine."
STORE = Path(__file__).resolve().parent.parent / "assets" / "examples" / "generation.json"


def main() -> None:
    events = list(explain_generation(PROMPT, method="xprompt", k=3, seed=0))
    kept = [event for event in events if event["type"] in ("prompt", "step", "explanation")]
    stored = {"made_by": "python -m benchmarks.stored_example", "date": str(date.today()), "events": kept}
    STORE.write_text(json.dumps(stored, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{STORE.name}: {len(kept)} events, {events[-1]['masked_response'][:60]!r}…")


if __name__ == "__main__":
    main()
