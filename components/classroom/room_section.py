"""A room for the class, as its teacher sees it: the code and its QR code, the round, the reveal."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

import gradio as gr

from components.classroom.limits import visitor_of
from components.classroom.room_routes import ROOMS, keep_sweeping
from components.classroom.room_run import RoomRun
from components.generation.tab import GenerationTab
from components.page.progress import status
from components.page.view import view
from components.page.views import AT_ONCE, Updates
from components.pieces.views import status_line
from components.sharing.round_choice import OWN, OWN_SETTINGS, chosen_round, next_title, round_titles
from explainers.core.errors import MaskwiseError
from explainers.core.unicode import whole_characters
from explainers.streams.game.rounds import Round

MINE, MINE_SHOWN = "A prompt of my own", "Our own prompt"
ADDRESS = re.compile(r"https?://[^\s?#]{1,300}/room")
NO_ROOM = "Open a room first."
# What the view's script knows, in the place of its value: see assets/classroom/room.js.
TELL = "(shown, ...others) => [document.querySelector('.mw-room-section').room ?? {}, ...others]"
IN_ROOM, CLOSED, MARKING, REVEALED = "mw-in-room", "mw-when-closed", "mw-when-marking", "mw-when-revealed"


@dataclass(frozen=True)
class RoomSection:
    """room: the teacher's view, whose value holds the key. said: what went wrong. prompt, k: of a round of
    the teacher's own."""

    room: gr.HTML
    said: gr.HTML
    choice: gr.Dropdown
    prompt: gr.Textbox
    k: gr.Slider
    open: gr.Button
    begin: gr.Button
    following: gr.Button
    reveal: gr.Button
    end: gr.Button
    leaders: gr.Checkbox


def room_section(generation: GenerationTab) -> None:
    """Lay out the section inside the current Blocks and wire it. generation: whose model and settings a
    prompt of the teacher's own takes."""
    section = _layout()
    _wire_room(section)
    _wire_rounds(section, generation)


def room_view(elem_id: str) -> gr.HTML:
    """The room on the projector. value: {"key": the teacher's}; the view asks for the rest itself. An event
    with TELL gets {"key", "address": of the students' page} in its place (untrusted)."""
    return view("classroom/room", elem_id, "Room", {})


def _layout() -> RoomSection:
    titles = [MINE if title == OWN else title for title in round_titles()]
    with gr.Column(elem_classes="mw-room-section"):
        with gr.Row(elem_classes="mw-tight"):
            opening = gr.Button("Open a room", variant="primary", elem_classes=CLOSED, elem_id="room-open")
            choice = gr.Dropdown(
                titles,
                value=titles[0],
                label="Round",
                min_width=260,
                elem_classes=IN_ROOM,
                elem_id="room-round",
            )
            begin = gr.Button(
                "Begin this round", variant="primary", elem_classes=IN_ROOM, elem_id="room-begin"
            )
            following = gr.Button(
                "Next round", variant="primary", elem_classes=[IN_ROOM, REVEALED], elem_id="room-next"
            )
            reveal = gr.Button(
                "Reveal", variant="primary", elem_classes=[IN_ROOM, MARKING], elem_id="room-reveal"
            )
        with gr.Row(elem_classes=["mw-tight", IN_ROOM], visible=False) as own:
            prompt = gr.Textbox(
                label="Your prompt",
                info="The model and its settings are those of the Generation tab.",
                scale=3,
                elem_id="room-prompt",
            )
            k = gr.Slider(1, 10, value=3, step=1, label="Words to mark", elem_id="room-k")
        with gr.Row(elem_classes=["mw-tight", IN_ROOM]):
            leaders = gr.Checkbox(True, label="Leaderboard of nicknames", elem_id="room-leaders")
            end = gr.Button("End the room", size="sm", scale=0, min_width=150, elem_id="room-end")
        said, room = status_line("room-said"), room_view("room")
    choice.change(lambda title: gr.update(visible=title == MINE), choice, own, **AT_ONCE)
    return RoomSection(
        room=room,
        said=said,
        choice=choice,
        prompt=prompt,
        k=k,
        open=opening,
        begin=begin,
        following=following,
        reveal=reveal,
        end=end,
        leaders=leaders,
    )


def _wire_room(section: RoomSection) -> None:
    def open_room(request: gr.Request, shown) -> Updates:
        address = str(shown.get("address")) if isinstance(shown, dict) else ""
        if not ADDRESS.fullmatch(address):
            raise MaskwiseError("The page did not load whole. Reload it, then open the room again.")
        key = ROOMS.open(address, visitor_of(request.client.host if request.client else ""))
        keep_sweeping()
        return {section.room: {"key": key}}

    def reveal(shown) -> Updates:
        ROOMS.reveal(_key(shown))
        return {}

    def show_leaders(shown, wanted: bool) -> Updates:
        ROOMS.show_leaders(_key(shown), bool(wanted))
        return {}

    def leaders_shown(shown) -> bool:
        return ROOMS.led(_key(shown)).leaderboard

    def end(shown) -> Updates:
        ROOMS.end(_key(shown))
        return {}

    room, outputs = section.room, [section.room, section.said]
    told = AT_ONCE | {"js": TELL}
    section.open.click(_in_words(section, open_room), room, outputs, **told)
    section.reveal.click(_in_words(section, reveal), room, section.said, **told)
    section.leaders.input(_in_words(section, show_leaders), [room, section.leaders], section.said, **told)
    room.select(leaders_shown, room, section.leaders, **told)
    section.end.click(_in_words(section, end), room, section.said, **told)


def _wire_rounds(section: RoomSection, generation: GenerationTab) -> None:
    own = [generation.inputs[name] for name in OWN_SETTINGS]

    def begin(shown, title: str, prompt: str, k: int, *values) -> Updates:
        key, settings = _key(shown), dict(zip(OWN_SETTINGS, values, strict=True))
        round = _chosen(title, whole_characters(settings | {"prompt": prompt, "k": k}))
        played = ROOMS.begin(key, round)
        RoomRun(ROOMS, ROOMS.led(key), played).begin()
        return {}

    def following_title(shown, title: str) -> str:
        """After the round that is played: a page that was reloaded shows another one as chosen."""
        played = ROOMS.led(_key(shown)).played
        return next_title(played.round.title if played else title)

    chosen = [section.room, section.choice]
    following = section.following.click(following_title, chosen, section.choice, **AT_ONCE, js=TELL)
    inputs = [section.room, section.choice, section.prompt, section.k, *own]
    for when in (section.begin.click, following.then):
        when(_in_words(section, begin), inputs, section.said, **AT_ONCE, js=TELL)


def _chosen(title: str, own: dict[str, Any]) -> Round:
    """Raises MaskwiseError where it cannot be played."""
    if title != MINE:
        return chosen_round("" if title == OWN else title, own)
    return replace(chosen_round(OWN, own | {"response": ""}), title=MINE_SHOWN)


def _key(shown) -> str:
    """The teacher's key, from the view's value."""
    key = shown.get("key") if isinstance(shown, dict) else None
    if not isinstance(key, str) or not key:
        raise MaskwiseError(NO_ROOM)
    return key


def _in_words(section: RoomSection, handle: Callable[..., Updates]) -> Callable[..., Updates]:
    """The handler, with its errors on the status line."""

    @wraps(handle)  # Gradio reads from its signature whether it takes the request
    def answer(*given) -> Updates:
        try:
            return handle(*given) | {section.said: status("idle", "")}
        except MaskwiseError as error:
            return {section.said: status("error", str(error))}

    return answer
