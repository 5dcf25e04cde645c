"""Predict, then reveal: students mark the words that seem to matter, and see what the model says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.classroom.guess_board import guess_board, guess_reveal, guess_tally
from components.classroom.guess_view import GuessView
from components.classroom.tally import NAME_CHARS, add_score, tally_rows
from components.generation.tab import GenerationTab
from components.line.results import question
from components.line.work import Work
from components.page.progress import status
from components.page.views import AT_ONCE, IN_LINE, Updates, Views
from components.pieces.views import status_line
from components.runner import show, stopper
from components.sharing.copy_link import copy_link, wire_copy_link
from components.sharing.restore import restored
from components.sharing.round_choice import OWN, OWN_SETTINGS, chosen_round, next_title, round_titles
from components.sharing.tab import IDLE_SECONDS
from explainers.core.errors import MaskwiseError
from explainers.core.unicode import whole_characters
from explainers.streams.events.shared import Event
from explainers.streams.game.guessing import play, prepare
from explainers.streams.game.rounds import Round

SLOT = "guess"


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
    views: Views
    link: gr.HTML
    round: gr.State
    scores: gr.State

    def restore(self, inputs: dict, left_out: list[str]) -> Updates:
        """After a link, as LinkedView.restore: updates of the choice and the status line."""
        said = restored(inputs, left_out, "Restored from a link. Press Start.")
        return {self.choice: inputs.get("round", gr.skip()), self.views["status"]: status("idle", said)}


def guess_game(generation: GenerationTab) -> GuessGame:
    """Lay out the game inside the current Blocks and wire it. generation: where a prompt of one's own is."""
    game = _layout()
    _wire_rounds(game, generation)
    _wire_link(game, generation)
    _wire_reveal(game)
    game.stop.click(stopper(SLOT), **AT_ONCE)
    none = {game.scores: [], game.views["tally"]: {"rows": []}}
    game.reset.click(lambda: none, None, list(none), **AT_ONCE)
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
    views = Views(
        status=status_line("guess-status"),
        board=board,
        reveal=guess_reveal("guess-reveal"),
        tally=guess_tally("guess-tally"),
    )
    with gr.Row(elem_classes="mw-tight"):
        reset = gr.Button("Reset the tally", min_width=150, scale=0, size="sm", elem_id="guess-reset")
    link = copy_link("guess-link", "Copy link to this round")
    return GuessGame(
        choice=choice,
        player=player,
        start=start,
        following=following,
        reveal=reveal,
        stop=stopping,
        reset=reset,
        views=views,
        link=link,
        round=gr.State(None, time_to_live=IDLE_SECONDS),
        scores=gr.State([], time_to_live=IDLE_SECONDS),
    )


def _wire_link(game: GuessGame, generation: GenerationTab) -> None:
    tab = generation.shared

    def read(title: str, *values) -> dict:
        return {"round": title} | (tab.read(values) if title == OWN else {})

    wire_copy_link(game.link, "classroom", read, [game.choice, *tab.controls()])


def _wire_rounds(game: GuessGame, generation: GenerationTab) -> None:
    names = ["prompt", "k", *OWN_SETTINGS]
    own = [generation.inputs[name] for name in names]

    def begin(request: gr.Request, title: str, *values) -> Iterator[Updates]:
        """Show the round's words, then find all that no guess changes while students mark."""
        settings = whole_characters(dict(zip(names, values, strict=True)))
        try:
            round = chosen_round(title, settings)
            work = round_work(round, "guess", prepare)
        except MaskwiseError as error:
            yield {game.views["status"]: status("error", str(error))}
            return
        for shown in show(request, SLOT, work, GuessView(round)):
            yield game.views.updates(shown) | {game.round: round}

    following = game.following.click(next_title, game.choice, game.choice, **AT_ONCE)
    inputs, outputs = [game.choice, *own], [*game.views.values(), game.round]
    for when in (game.start.click, following.then):
        when(begin, inputs, outputs, **IN_LINE)


def _wire_reveal(game: GuessGame) -> None:
    def reveal(
        request: gr.Request, round: Round | None, board, player: str, scores: list[dict]
    ) -> Iterator[Updates]:
        if round is None:
            said = "No round has begun. Choose one, press Start, and mark the words."
            yield {game.views["status"]: status("error", said)}
            return
        guess: Any = board.get("selected") if isinstance(board, dict) else None
        view, counted = GuessView(round, guess), False
        work = round_work(round, "reveal", play, guess, short=True)
        for shown in show(request, SLOT, work, view):
            updates = game.views.updates(shown)
            if view.revealed and not counted:
                counted = True
                scores = add_score(scores, whole_characters(player), round, view.revealed["score"])
                updates |= {game.scores: scores, game.views["tally"]: {"rows": tally_rows(scores)}}
            yield updates

    inputs = [game.round, game.views["board"], game.player, game.scores]
    game.reveal.click(reveal, inputs, [*game.views.values(), game.scores], **IN_LINE)


def round_work(
    round: Round, kind: str, stream: Callable[..., Iterator[Event]], *guess: object, short: bool = False
) -> Work:
    """Raises MaskwiseError where the round cannot be played."""
    subject = round.subject()
    return Work(
        lambda hook: stream(round, *guess, hook),
        kind,
        subject.request.model,
        subject.task,
        short=short,
        question=question(kind, round, *guess),
        kept=bool(guess),  # what is found before a guess stays with the round, for the reveal
    )
