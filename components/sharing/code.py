"""The Python lines that compute a result again."""

from __future__ import annotations

from dataclasses import MISSING, fields

from components.page.models_menu import TUNED
from explainers.core.base import EXPLAINERS
from explainers.models.loaded import IN_MEMORY
from explainers.reports.record import explanation_of
from explainers.streams.requests.classification import ClassificationRequest, Settings
from explainers.streams.requests.comparison import ComparisonRequest
from explainers.streams.requests.generation import GenerationRequest
from explainers.text.response_part import part_characters

REQUESTS = {"generation": GenerationRequest, "classification": ClassificationRequest}
ALWAYS = ("model", "method", "seed")  # said even where they are the defaults, which may change
HEAD = "# Run it in the folder of Maskwise.\n"
EXPLAIN = """\
from explainers import explain_{tab}

*_, result = explain_{tab}(
{arguments}
)
for span in result["spans"]:
    print(span["text"], span["score"], span["removed"])
"""
COMPARE = """\
from explainers.streams.comparison import compare
from explainers.streams.requests.comparison import ComparisonRequest

request = ComparisonRequest(
{arguments}
)
rows = [event for event in compare(request) if event["type"] == "row"]
for row in rows:
    print(row["title"], row["removed"], row["probability_ratio"], row["error"])
"""


def python_lines(record: dict) -> str:
    """Lines that give the record's result: every setting that is not the default, as a literal.

    All texts pass through repr, so that a file that was loaded cannot bring code.
    """
    if record["tab"] == "compare":
        compared = record["events"][-1]
        lines = COMPARE.format(arguments=_arguments(ComparisonRequest, compared["request"]))
        return HEAD + _notes(record, compared, {}) + lines
    explanation, tab = explanation_of(record), record["tab"]
    arguments = _arguments(REQUESTS[tab], _settings(record, explanation))
    notes = _notes(record, explanation, explanation["versions"])
    return HEAD + notes + EXPLAIN.format(tab=tab, arguments=arguments)


def _arguments(request: type, values: dict) -> str:
    """The request's arguments, a line each: the first by place, the others by name where they are needed."""
    first, *others = fields(request)
    needed = [
        f.name for f in others if f.name in values and (f.name in ALWAYS or values[f.name] != _default(f))
    ]
    arguments = [repr(values[first.name]), *(f"{name}={values[name]!r}" for name in needed)]
    return "\n".join(f"    {argument}," for argument in arguments)


def _settings(record: dict, explanation: dict) -> dict:
    """The values of the request that made an explanation."""
    values = {**explanation, "options": _chosen(explanation["method"], explanation["options"])}
    if record["tab"] == "generation":
        part = part_characters(explanation)
        given = (record.get("inputs") or {}).get("response", "")
        values |= {"part": part, "response": explanation["response"] if part or given else ""}
    return values


def _chosen(method: str, options: dict) -> dict:
    """The options that are not the defaults."""
    own = EXPLAINERS[method].own_options() if method in EXPLAINERS else {}
    defaults = {name: field.default for name, field in own.items()}
    defaults |= {field.name: _default(field) for field in fields(Settings)}
    return {name: value for name, value in options.items() if value != defaults.get(name)}


def _default(field):
    return field.default if field.default_factory is MISSING else field.default_factory()


def _notes(record: dict, result: dict, versions: dict) -> str:
    """Comments; what is printed within them can end no line."""
    said = ", ".join(f"{name} {version}" for name, version in versions.items())
    notes = [f"Made with {''.join(filter(str.isprintable, said))}."] if said else []
    if result["stopped"]:
        notes.append("That run was stopped before its end; these lines go on to the end.")
    if result["revision"] == IN_MEMORY:
        notes.append("Its model was an object: give it as model=…, with tokenizer=….")
    if (record.get("inputs") or {}).get("model") == TUNED:
        notes.append("Its model was tuned at the page and is not in any folder: name yours instead.")
    return "".join(f"# {note}\n" for note in notes)
