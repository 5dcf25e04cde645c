"""A chat template filled with what the person typed, and proof that it leaves their words as they are."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from itertools import product
from typing import Any

from explainers.core.errors import MaskwiseError
from explainers.core.types import Piece
from explainers.text.template_choices import Placement, TemplateChoices, Thinking, check_date

TEXT_PLACE, SYSTEM_PLACE, ANSWER_PLACE = "maskwiseplaceholder", "maskwisesystem", "maskwiseanswer"
# What templates call the choice to think: Qwen, GLM and others; DeepSeek, Granite and Kimi; Command A.
THINKING_SWITCHES = ("enable_thinking", "thinking", "reasoning")
_DIRECTIVES = "aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ"
_FLAGS = ("", "-", "_", "0", "^", "#", "E", "O")  # how a directive is filled up or written
# Stands before a template that asks for the date. Templates are given data alone, no functions.
_FIXED_DATE = (
    "{% macro strftime_now(format) %}{% set written = namespace(text=format) %}"
    "{% for directive, value in fixed_date.items() %}"
    "{% set written.text = written.text.replace(directive, value) %}{% endfor %}"
    "{{ written.text }}{% endmacro %}\n"
)
_CHANGES = (
    "This model's chat template changes the text that it is given, so the model would not read your words. "
    "Choose another model, or a prompt that the template leaves as it is."
)
_REFUSES = (
    "This model's chat template {} the system prompt. Set where it goes (system_prompt_placement) to "
    '"prompt", which puts it before your text, or leave the system prompt empty.'
)


def written_date(tokenizer, choices: TemplateChoices) -> str:
    """The day that the tokenizer's template writes, YYYY-MM-DD; empty where it writes none."""
    if not tokenizer.chat_template or "strftime_now" not in _template_of(tokenizer):
        return ""
    return check_date(choices.date) or date.today().isoformat()


def _template_of(tokenizer) -> str:
    """Its only template, or the one named default."""
    try:
        return tokenizer.get_chat_template()
    except ValueError:
        raise MaskwiseError(
            f"This model has several chat templates ({', '.join(sorted(tokenizer.chat_template))}), and none "
            "is the default. Choose another model."
        ) from None


def fill_template(tokenizer, text: str, choices: TemplateChoices) -> tuple[Piece, ...]:
    """The rendered prompt in order: pieces of kind template, system and text; they join to what is read.

    The text stands there once and whole, but for white space around it. Raises MaskwiseError where a template
    does not do that, or takes no system prompt.
    """
    if not tokenizer.chat_template:
        return _without_template(text, choices)
    chat, skeleton = _readable_chat(tokenizer, choices)
    rendered = chat.render(text, choices.system)
    bodies, systems = (_stripped(words) for words in (text, choices.system))
    for body, system in product(bodies, systems):
        for pieces in (_filled(skeleton, body, system), _around(rendered, body, system)):
            if "".join(piece for _, piece in pieces) == rendered:
                return pieces
    whole = any(body in rendered for body in bodies) and not any(system in rendered for system in systems)
    raise MaskwiseError(_REFUSES.format("changes") if whole else _CHANGES)


def answer_opening(tokenizer, choices: TemplateChoices) -> str:
    """What the template writes between the opening of the answer's turn and an answer, if it holds a mark
    (gpt-oss's final channel, Command A's START_RESPONSE, an empty thought) or is white space (Llama 2's
    space). "" where an answer follows at once.
    """
    opening, _ = _around_answer(tokenizer, choices)
    marked = any(mark in opening for mark in marks_of(tokenizer))
    return opening if marked or opening.isspace() else ""


def unopened_note(tokenizer, choices: TemplateChoices) -> tuple[str, ...]:
    """A sentence where the template opens no turn for the answer, although it writes marks before answers."""
    opening = answer_opening(tokenizer, choices)
    if not opening.strip():
        return ()
    chat, _ = _readable_chat(tokenizer, choices)
    if chat.render(TEXT_PLACE, choices.system) != chat.render(TEXT_PLACE, choices.system, asks=False):
        return ()
    return (
        f"This model's chat template does not open the answer's turn, before which it writes {opening!r}: "
        "what the model writes may begin with that. An answer that you give stands behind it.",
    )


def answer_end(tokenizer) -> str:
    """The mark that the template writes right behind an answer, such as <|eot_id|>; "" where there is none,
    or where an answer has several parts, each of which may end with it."""
    try:
        opening, ending = _around_answer(tokenizer, TemplateChoices())
    except MaskwiseError:  # it is readable with the person's choices
        return ""
    marks = marks_of(tokenizer)
    found = [mark for mark in marks if ending.startswith(mark)]
    return max(found, key=len) if found and not any(mark in opening for mark in marks) else ""


def _around_answer(tokenizer, choices: TemplateChoices) -> tuple[str, str]:
    """What the template writes before and behind an answer within its turn; nothing where it takes none."""
    if not tokenizer.chat_template:
        return "", ""
    chat, _ = _readable_chat(tokenizer, choices)
    before = chat.render(TEXT_PLACE, choices.system)
    try:
        answered = chat.render(TEXT_PLACE, choices.system, ANSWER_PLACE)
    except Exception:  # a template may raise anything
        return "", ""
    opening, place, ending = answered.removeprefix(before).partition(ANSWER_PLACE)
    return (opening, ending) if place and answered.startswith(before) else ("", "")


def marks_of(tokenizer) -> list[str]:
    """The texts that the tokenizer reads as marks rather than as words, such as <|im_end|>."""
    return [mark for mark in (*tokenizer.all_special_tokens, *tokenizer.get_added_vocab()) if mark]


class _Chat:
    """Renders one user turn, its content as text or as a list of parts."""

    def __init__(self, tokenizer, choices: TemplateChoices, as_parts: bool):
        self.tokenizer, self.choices, self.as_parts = tokenizer, choices, as_parts
        self._template = _template_of(tokenizer)
        self._values: dict[str, Any] = dict.fromkeys(THINKING_SWITCHES, choices.thinking != Thinking.OFF)
        if day := written_date(tokenizer, choices):
            self._template = _FIXED_DATE + self._template
            self._values["fixed_date"] = _date_values(day)

    def render(self, text: str, system: str, answer: str = "", asks: bool = True) -> str:
        """The rendered prompt, ready for an answer (or, without `asks`, not) or with one. Raises what the
        template raises."""
        turns = [("user", text)]
        if system and self.choices.system_prompt_placement == Placement.PROMPT:
            turns = [("user", f"{system}\n\n{text}")]
        elif system:
            turns = [("system", system), ("user", text)]
        if answer:
            turns.append(("assistant", answer))
        return self.tokenizer.apply_chat_template(
            [{"role": role, "content": self._content(words)} for role, words in turns],
            chat_template=self._template,
            tokenize=False,
            add_generation_prompt=asks and not answer,
            **self._values,
        )

    def _content(self, words: str) -> str | list[dict]:
        return [{"type": "text", "text": words}] if self.as_parts else words


def _readable_chat(tokenizer, choices: TemplateChoices) -> tuple[_Chat, list[str]]:
    """A form of content in which the text comes back whole, and the template's words around the places.

    The words, TEXT_PLACE and, where there is a system prompt, SYSTEM_PLACE, in order.
    """
    system = SYSTEM_PLACE if choices.system else ""
    faults = []
    for as_parts in (False, True):
        chat = _Chat(tokenizer, choices, as_parts)
        try:
            rendered = chat.render(TEXT_PLACE, system)
        except Exception as error:  # a template may raise anything
            faults.append(_refusal(chat, error))
            continue
        fault = _fault(rendered, system)
        if not fault and "'type': 'text'" not in rendered:  # else the parts are written as Python writes them
            return chat, re.split(f"({TEXT_PLACE}|{SYSTEM_PLACE})", rendered)
        faults.append(fault)
    raise MaskwiseError(faults[0])


def _refusal(chat: _Chat, error: Exception) -> str:
    """Why a template cannot be used: it refuses the system prompt, or raises without one, too."""
    if chat.choices.system:
        try:
            chat.render(TEXT_PLACE, "")
            return _REFUSES.format("refuses")
        except Exception:
            pass
    reason = str(error).strip().rstrip(".") or type(error).__name__
    return f"This model's chat template cannot be used: {reason}. Choose another model."


def _fault(rendered: str, system: str) -> str:
    """What is wrong with a rendered template, in sentences; empty if nothing is."""
    if rendered.count(TEXT_PLACE) > 1:
        return "This model's chat template writes your text more than once. Choose another model."
    if TEXT_PLACE not in rendered:
        changed = TEXT_PLACE in rendered.lower()
        return (
            _CHANGES if changed else "This model's chat template leaves your text out. Choose another model."
        )
    if system and rendered.count(system) != 1:
        verb = "drops" if system not in rendered.lower() else "changes"
        return _REFUSES.format(verb)
    return ""


def _filled(skeleton: list[str], body: str, system: str) -> tuple[Piece, ...]:
    places = {TEXT_PLACE: ("text", body), SYSTEM_PLACE: ("system", system)}
    pieces = (places.get(words, ("template", words)) for words in skeleton)
    return tuple(piece for piece in pieces if piece[1])


def _around(rendered: str, body: str, system: str) -> tuple[Piece, ...]:
    """The pieces of a template that writes otherwise around some texts: the text and the system prompt are
    found in what it rendered. Nothing where they do not stand there once."""
    places = {body: "text", system: "system"} if system else {body: "text"}
    if any(rendered.count(words) != 1 for words in places):
        return ()
    words = re.split("|".join(f"({re.escape(place)})" for place in places), rendered)
    return tuple((places.get(piece, "template"), piece) for piece in words if piece)


def _stripped(words: str) -> tuple[str, ...]:
    """As a template may write them: whole, or without white space around them."""
    return words, words.strip(), words.lstrip(), words.rstrip()


def _without_template(text: str, choices: TemplateChoices) -> tuple[Piece, ...]:
    if not choices.system:
        return (("text", text),)
    if choices.system_prompt_placement == Placement.PROMPT:
        return ("system", choices.system), ("template", "\n\n"), ("text", text)
    raise MaskwiseError(
        "This model has no chat template and so no system prompt. Leave it empty, or set where it goes "
        '(system_prompt_placement) to "prompt", which puts it before your text.'
    )


def _date_values(day: str) -> dict[str, str]:
    """What each directive of strftime stands for at midnight of `day`, in the order to put them in."""
    moment, percent = datetime.combine(date.fromisoformat(day), time()), "\0"
    written = {
        directive: moment.strftime(directive)
        for directive in (f"%{flag}{letter}" for flag in _FLAGS for letter in _DIRECTIVES)
    }
    return {"%%": percent, "%f": "000000", **written, percent: "%"}
