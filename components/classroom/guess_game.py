"""Predict, then reveal: students mark the words that seem to matter, and see what the model says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import gradio as gr

from components.classroom.guess_board import (
    NAME_CHARS,
    add_score,
    guess_board,
    guess_reveal,
    guess_tally,
    tally_rows,
)
from components.classroom.guess_view import GuessView
from components.classroom.round_choice import OWN, OWN_SETTINGS, chosen_round, next_title, round_titles
from components.generation.tab import QUIET, GenerationTab
from components.pieces.views import status_line
from components.runner import show, stop, wait_turn
from components.sharing.copy_link import copy_link, wire_copy_link
from components.sharing.restore import restored
from components.sharing.tab import Updates
from explainers.core.errors import MaskwiseError
from explainers.streams.guess_rounds import Round
from explainers.streams.guessing import play, prepare

QUEUED = QUIET | {"concurrency_id": "model", "concurrency_limit": 1}


@dataclass(frozen=True)
class GuessGame:
    """The parts of the game. round: the Round on the board, None before the first; scores: those so far."""

    choice: gr.Dropdown
    player: gr.Textbox
    start: gr.Button
    following: gr.Button
    reveal: gr.Button
    stop: gr.Button
    reset: gr.Button
    views: list[gr.HTML]
    tally: gr.HTML
    link: gr.HTML
    round: gr.State
    scores: gr.State

    def restore(self, inputs: dict, left_out: list[str]) -> Updates:
        """After a link, as LinkedView.restore: updates of the choice and the status line."""
        said = restored(inputs, left_out, "Restored from a link. Press Start.")
        status = {"state": "idle", "text": said, "fraction": None, "eta": None}
        return {self.choice: inputs.get("round", gr.skip()), self.views[0]: status}


def guess_game(generation: GenerationTab) -> GuessGame:
    """Lay out the game inside the current Blocks and wire it. generation: where a prompt of one's own is."""
    game = _layout()
    _wire_rounds(game, generation)
    _wire_link(game, generation)
    revealed = game.reveal.click(wait_turn, None, game.views[0], queue=False, **QUIET)
    revealed.then(
        _reveal,
        [game.round, game.views[1], game.player, game.scores],
        [*game.views, game.scores, game.tally],
        **QUEUED,
        trigger_mode="multiple",
    )
    game.stop.click(stop, queue=False, **QUIET)
    game.reset.click(lambda: ([], {"rows": []}), None, [game.scores, game.tally], queue=False, **QUIET)
    return game


def _layout() -> GuessGame:
    with gr.Row(elem_classes="mw-tight"):
        titles = round_titles()
        choice = gr.Dropdown(titles, value=titles[0], label="Round", min_width=260, elem_id="guess-round")
        player = gr.Textbox(
            label="Player or team",
            placeholder="optional",
            max_length=NAME_CHARS,
            min_width=140,
            elem_id="guess-player",
        )
        start = gr.Button("Start", variant="primary", min_width=90, elem_id="guess-start")
        following = gr.Button("Next round", min_width=110, elem_id="guess-next")
    board = guess_board("guess-board")
    with gr.Row(elem_classes="mw-tight"):
        reveal = gr.Button("Reveal", variant="primary", min_width=100, elem_id="guess-reveal-button")
        stopping = gr.Button("Stop", min_width=80, elem_id="guess-stop")
    views = [status_line("guess-status"), board, guess_reveal("guess-reveal")]
    tally = guess_tally("guess-tally")
    with gr.Row(elem_classes="mw-tight"):
        reset = gr.Button("Reset the tally", min_width=150, scale=0, size="sm", elem_id="guess-reset")
    link = copy_link("guess-link", "Copy link to this round")
    parts = choice, player, start, following, reveal, stopping, reset
    return GuessGame(*parts, views, tally, link, gr.State(None), gr.State([]))


def _wire_link(game: GuessGame, generation: GenerationTab) -> None:
    tab = generation.shared

    def read(title: str, *values) -> dict:
        return {"round": title} | (tab.read(values) if title == OWN else {})

    wire_copy_link(game.link, "classroom", read, [game.choice, *tab.controls()])


def _wire_rounds(game: GuessGame, generation: GenerationTab) -> None:
    names = ["prompt", "k", *OWN_SETTINGS]
    own = [generation.inputs[name] for name in names]

    def begin(request: gr.Request, title: str, *values) -> Iterator[list]:
        """Show the round's words, then find all that no guess changes while students mark."""
        settings = dict(zip(names, values, strict=True))
        try:
            round = chosen_round(title, settings)
        except MaskwiseError as error:
            yield [_failed(error), gr.skip(), gr.skip(), gr.skip()]
            return
        view = GuessView(round)
        for shown in show(request.session_hash, lambda hook: prepare(round, hook), view):
            yield [*_changed(shown), round]

    follow = game.following.click(next_title, game.choice, game.choice, queue=False, **QUIET)
    for asked in (game.start.click, follow.then):
        turn = asked(wait_turn, None, game.views[0], queue=False, **QUIET)
        turn.then(begin, [game.choice, *own], [*game.views, game.round], **QUEUED, trigger_mode="multiple")


def _reveal(
    request: gr.Request, round: Round | None, board, player: str, scores: list[dict]
) -> Iterator[list]:
    if round is None:
        nothing = MaskwiseError("No round has begun. Choose one, press Start, and mark the words.")
        yield [_failed(nothing), *[gr.skip()] * 4]
        return
    guess = board.get("selected") if isinstance(board, dict) else None
    view, counted = GuessView(round, guess), False
    for shown in show(request.session_hash, lambda hook: play(round, guess, hook), view):
        tally = [gr.skip(), gr.skip()]
        if view.revealed and not counted:
            counted, scores = True, add_score(scores, player, round, view.revealed["score"])
            tally = [scores, {"rows": tally_rows(scores)}]
        yield [*_changed(shown), *tally]


def _changed(values: list) -> list:
    return [gr.skip() if value is None else value for value in values]


def _failed(error: MaskwiseError) -> dict:
    return {"state": "error", "text": str(error), "fraction": None, "eta": None}
