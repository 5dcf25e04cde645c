"""One explanation as a web page that stands alone. Every text of a person or a model is escaped."""

from __future__ import annotations

from explainers.reports.answer_diff import NOT_WRITTEN, diff_words, rewritten
from explainers.reports.class_sentence import CHART_NOTES, class_sentence, percent
from explainers.reports.figures import hops
from explainers.reports.figures.interactions import SET_HEAD, TABLE_NOTE, set_rows
from explainers.reports.html_page import element, note, page, section, settings_table, table
from explainers.reports.metric_rows import metric_rows
from explainers.reports.record import explanation_of
from explainers.reports.result_sentence import result_sentence

SETTINGS = (
    "model", "revision", "device", "dtype", "method", "task", "template", "verbalizer", "label", "k",
    "granularity", "mask_operator", "max_new_tokens", "system_prompt", "seed", "options", "label_words",
)  # fmt: skip
NUMBERS = ("log_prob", "log_prob_masked", "evaluations", "forward_passes", "seconds", "optimality_gap")
TAGS = {
    "same": "span",
    "lost": "del",
    "new": "ins",
    "own": "span",
    "shared": "mark",
    "text": "span",
    "strong": "strong",
}


def explanation_html(record: dict) -> str:
    """The page of a record of either tab."""
    explanation = explanation_of(record)
    about = _generation if record["tab"] == "generation" else _classification
    title = f"Maskwise: {explanation['title']} on {explanation['model']}"
    parts = [
        *about(explanation, record),
        _together(explanation),
        _hops(explanation),
        *_provenance(explanation),
    ]
    return page(title, [*parts, _scores(explanation)])


def _generation(explanation: dict, record: dict) -> list[str]:
    answers = diff_words(explanation["response"], rewritten(explanation))
    titles = {"original": "to the whole prompt", "masked": "without the removed words"}
    sides = "".join(f"<div><h3>{name}</h3>{_answer(answers[side])}</div>" for side, name in titles.items())
    measures = [
        [f"{row['title']}. {row['meaning']}", row["text"], f"{row['arrow']} {row['direction']}"]
        for row in metric_rows(explanation["metrics"])["rows"]
    ]
    return [
        _sentence(result_sentence(explanation)),
        section("The prompt", coloured(explanation["prompt"], explanation["spans"]), _legend(explanation)),
        section("The model's answer", f'<div class="answers">{sides}</div>'),
        _search(record),
        section("Measures", table(measures, ["measure", "value", "words mattered more if"])),
    ]


def _classification(explanation: dict, record: dict) -> list[str]:
    kinds = [piece["kind"] for piece in explanation["pieces"]]
    words = [element("span", piece["text"], css="template") for piece in explanation["pieces"]]
    before, after = "".join(words[: kinds.index("text")]), "".join(words[kinds.index("text") + 1 :])
    searched = any(event["type"] == "step" for event in record["events"])  # else no span was removed
    spans = [span | {"removed": span["removed"] and searched} for span in explanation["spans"]]
    text = coloured(explanation["text"], spans, explanation["neutral"], before, after)
    classes = [
        [row["label"], percent(row["probability"]), ", ".join(row["words"][:20])]
        for row in explanation["labels"]
    ]
    curves = [explanation["activation"], explanation["pruning"]]
    shares = [f"{share:.0%}".replace("%", " %") for share in curves[0]["fractions"]]
    steps = zip(shares, *(map(float, curve["values"]) for curve in curves), strict=True)
    scores = ["score", *(float(curve["score"]) for curve in curves)]
    notes = [note(f"{name}: {CHART_NOTES[name].format(label=explanation['label'])}") for name in CHART_NOTES]
    return [
        _sentence(class_sentence(explanation, explanation)),
        section("The text", text, _legend(explanation)),
        section("Classes", table(classes, ["class", "probability", "label words"])),
        _search(record),
        section(
            "Faithfulness", *notes, table([*steps, scores], ["share of tokens", "activation", "pruning"])
        ),
    ]


def _sentence(value: dict) -> str:
    facts = " · ".join(f"{name} {text}" for name, text in value["facts"] if name != "certificate")
    return f"<section>{pieces(value['parts'], 'sentence')}{note(facts)}</section>\n"


def _answer(parts: list | None) -> str:
    return note(NOT_WRITTEN) if parts is None else pieces(parts, "answer")


def pieces(parts: list, css: str) -> str:
    """[[kind, text]] as one paragraph."""
    return f'<p class="{css}" dir="auto">{"".join(element(TAGS[kind], text) for kind, text in parts)}</p>'


def coloured(text: str, spans: list[dict], neutral: float = 0.0, before: str = "", after: str = "") -> str:
    """The text with its spans in their colours. before, after: HTML around it."""
    shown, place = [], 0
    above = max([0.0, *(span["score"] - neutral for span in spans)])
    below = max([0.0, *(neutral - span["score"] for span in spans)])
    if not neutral:
        above = below = max(above, below)
    for span in spans:
        start = max(span["start"], place)
        end = max(span["end"], start)
        shown += [element("span", text[place:start]), _span(span, text[start:end], neutral, above, below)]
        place = end
    shown.append(element("span", text[place:]))
    return f'<p class="text" dir="auto">{before}{"".join(shown)}{after}</p>'


def _span(span: dict, text: str, neutral: float, above: float, below: float) -> str:
    away = span["score"] - neutral
    reach = above if away > 0 else below
    css = [
        "span",
        *(["positive" if away > 0 else "negative"] if away else []),
        *["removed"] * span["removed"],
    ]
    title = f"{span['text']}: {span['score']:.4g}{', removed' if span['removed'] else ''}"
    strength = f"--strength:{abs(away) / reach:.3f}" if away else ""
    return element("span", text or "·", css=" ".join(css), style=strength, title=title)


def _legend(explanation: dict) -> str:
    return note(f"Orange: a higher score, blue: a lower one. {explanation['score_meaning']}")


def _search(record: dict) -> str:
    """The best log p after each step of a search, as a line."""
    best = [event["log_prob"] for event in record["events"] if event["type"] == "step"]
    if not best:
        return ""
    low, high = min(best), max(best)
    reach = (high - low) or 1.0
    points = " ".join(
        f"{n / max(len(best) - 1, 1) * 800:.1f},{5 + (high - y) / reach * 150:.1f}"
        for n, y in enumerate(best)
    )
    said = f"log p under the best set so far, over {len(best)} steps: {best[0]:.2f} to {best[-1]:.2f} nats."
    said = said.replace("-", "−")
    line = f'<polyline points="{points}"/>'
    drawn = f'<svg viewBox="0 0 800 160" preserveAspectRatio="none" aria-hidden="true">{line}</svg>'
    return section("The search", drawn, note(said))


def _together(explanation: dict) -> str:
    """The sets of words that act together, where the method finds some."""
    if not (sets := explanation.get("interactions")):
        return ""
    return section(
        "Words that act together", table(set_rows(explanation["spans"], sets), SET_HEAD), note(TABLE_NOTE)
    )


def _hops(explanation: dict) -> str:
    """What each step back to the prompt adds, where the method goes in steps."""
    spans = explanation["spans"]
    if not any(span.get("hops") for span in spans):
        return ""
    rows = table(hops.hop_rows(spans), hops.hop_head(spans))
    return section("Hops", f'<div class="wide">{rows}</div>', note(hops.NOTE))


def _provenance(explanation: dict) -> list[str]:
    numbers = [[name, explanation[name]] for name in NUMBERS if explanation.get(name) is not None]
    notes = [
        explanation.get("certificate") or "",
        *explanation["notes"],
        *explanation.get("method_notes", []),
    ]
    return [
        section("Notes", *map(note, notes)) if any(notes) else "",
        section("Settings", settings_table(explanation, SETTINGS)),
        section("Numbers", note("log-probabilities in nats, time in seconds"), table(numbers)),
        section("Made with", table(list(explanation["versions"].items())), note(explanation["reference"])),
    ]


def _scores(explanation: dict) -> str:
    rows = [
        [span["text"], float(span["score"]), "removed" if span["removed"] else ""]
        for span in explanation["spans"]
    ]
    return f"<details><summary>All scores</summary>{table(rows, ['span', 'score', ''])}</details>"
