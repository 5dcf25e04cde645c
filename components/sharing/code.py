"""The Python lines that compute a result again."""

from __future__ import annotations

from dataclasses import MISSING, fields

from components.few_shot import TUNED
from components.sharing.records import explanation_of
from explainers.core.base import EXPLAINERS
from explainers.core.classification import ClassificationRequest
from explainers.core.classification_settings import Settings
from explainers.core.generation import GenerationRequest
from explainers.core.response_part import part_characters

REQUESTS = {"generation": GenerationRequest, "classification": ClassificationRequest}
ALWAYS = ("model", "method", "seed")  # said even where they are the defaults, which may change
LINES = """\
# Run it in the folder of Maskwise. The result was made with {versions!r}.{notes}
from explainers import explain_{tab}

*_, result = explain_{tab}(
{arguments}
)
for span in result["spans"]:
    print(span["text"], span["score"], span["removed"])
"""


def python_lines(record: dict) -> str:
    """Lines that give the record's explanation: every setting that is not the default, as a literal.

    All texts pass through repr, so that a file that was loaded cannot bring code.
    """
    explanation, tab = explanation_of(record), record["tab"]
    settings = _settings(record, explanation)
    first, *names = [field.name for field in fields(REQUESTS[tab])]
    arguments = [repr(explanation[first])] + [f"{n}={settings[n]!r}" for n in names if n in settings]
    return LINES.format(
        tab=tab,
        versions=explanation["versions"],
        notes=_notes(record, explanation),
        arguments="\n".join(f"    {argument}," for argument in arguments),
    )


def _settings(record: dict, explanation: dict) -> dict:
    """The request's settings by name, without those that are the defaults."""
    values = {**explanation, "options": _chosen(explanation["method"], explanation["options"])}
    if record["tab"] == "generation":
        part = part_characters(explanation)
        given = (record.get("inputs") or {}).get("response", "")
        values |= {"part": part, "response": explanation["response"] if part or given else ""}
    defaults = {field.name: _default(field) for field in fields(REQUESTS[record["tab"]])}
    return {
        name: values[name]
        for name, default in defaults.items()
        if name in values and (name in ALWAYS or values[name] != default)
    }


def _chosen(method: str, options: dict) -> dict:
    """The options that are not the defaults."""
    own = EXPLAINERS[method].own_options() if method in EXPLAINERS else {}
    defaults = {name: field.default for name, field in own.items()}
    defaults |= {field.name: _default(field) for field in fields(Settings)}
    return {name: value for name, value in options.items() if value != defaults.get(name)}


def _default(field):
    return field.default if field.default_factory is MISSING else field.default_factory()


def _notes(record: dict, explanation: dict) -> str:
    notes = ""
    if explanation["stopped"]:
        notes += "\n# That run was stopped before its end; these lines go on to the end."
    if (record.get("inputs") or {}).get("model") == TUNED:
        notes += "\n# Its model was tuned at the page and is not in any folder: name yours instead."
    return notes
