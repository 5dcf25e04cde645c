"""The training loop both phases share: single-threaded workers on one set of weights, and a clock that sets
their learning rate."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import multiprocessing

from training.run import Phase, Run

LONGEST_BEAT_SECONDS = 10.0  # a run that was stopped for a while does not pay for the pause
ADAM_WARMUP_STEPS = 50  # until AdamW's moments have settled, after a start and after a resume

Losses = Callable[[int], Iterator[tuple[torch.Tensor, int]]]


@dataclass(frozen=True)
class Board:
    """Numbers in shared memory. For the workers: the learning rate, and the time of the clock's last beat;
    from them: steps, tokens, and the running mean of the loss (nats)."""

    learning_rate: torch.Tensor  # (1,)
    beat: torch.Tensor  # (1,): seconds of time.monotonic()
    steps: torch.Tensor  # (workers,)
    tokens: torch.Tensor  # (workers,)
    loss: torch.Tensor  # (workers,)

    @classmethod
    def of(cls, workers: int) -> "Board":
        sizes = (1, 1, workers, workers, workers)
        return cls(*(torch.zeros(size, dtype=torch.float64).share_memory_() for size in sizes))

    def wait_for_clock(self) -> None:
        """Sleep while the main process is stopped (SIGSTOP), so that stopping it alone pauses everything;
        end when it has ended."""
        while time.monotonic() - self.beat.item() > LONGEST_BEAT_SECONDS:
            time.sleep(1.0)
            if not multiprocessing.parent_process().is_alive():
                raise SystemExit


def work(worker: int, model, losses: Losses, board: Board) -> None:
    """Step on the shared weights without locks (Hogwild, Recht et al. 2011) until ended from outside."""
    torch.set_num_threads(1)
    torch.manual_seed(worker)
    parameters = [value for value in model.parameters() if value.requires_grad]
    groups = [
        {"params": [value for value in parameters if value.ndim == 2], "weight_decay": 0.01},
        {"params": [value for value in parameters if value.ndim != 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)
    for step, (loss, tokens) in enumerate(losses(worker)):
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for group in optimizer.param_groups:
            group["lr"] = board.learning_rate.item() * min(1.0, step / ADAM_WARMUP_STEPS)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        board.steps[worker] += 1
        board.tokens[worker] += tokens
        board.loss[worker] += (loss.item() - board.loss[worker]) / min(step + 1, 100)
        board.wait_for_clock()


def keep_time(phase: Phase, run: Run, board: Board, done: threading.Event) -> None:
    """Beat once a second: count the phase's time and set its learning rate, until `done`."""
    last = time.monotonic()
    while not done.wait(1.0):
        now = time.monotonic()
        run.seconds += min(now - last, LONGEST_BEAT_SECONDS)
        board.learning_rate[0] = phase.learning_rate(run.seconds / (60 * phase.minutes))
        board.beat[0] = last = now


@contextmanager
def training(phase: Phase, run: Run, model, losses: Losses, workers: int) -> Iterator[Board]:
    """Workers and clock at work; both are ended on leaving."""
    board, done = Board.of(workers), threading.Event()
    board.beat[0] = time.monotonic()
    model.share_memory()
    context = multiprocessing.get_context("fork")  # the texts are shared, not copied
    processes = [context.Process(target=work, args=(i, model, losses, board)) for i in range(workers)]
    clock = threading.Thread(target=keep_time, args=(phase, run, board, done))
    for job in (*processes, clock):
        job.start()
    try:
        yield board
    finally:
        done.set()
        clock.join()
        for process in processes:
            process.terminate()
            process.join()


def run_phase(
    phase: Phase, run: Run, model, losses: Losses, evaluate: Callable[[], dict[str, float]], workers: int
) -> None:
    """Train until the phase's budget is spent. `losses(worker)` yields (loss, tokens read), step by step.

    One thread a worker rather than one job on all cores: on a busy machine no core then waits for another.
    """
    run.enter(phase.name)
    if not run.steps:
        run.record(evaluate())
    steps, tokens = run.steps, run.tokens

    def report(board: Board, **more) -> None:
        run.steps, run.tokens = steps + int(board.steps.sum()), tokens + int(board.tokens.sum())
        if not board.steps.all():
            raise RuntimeError("A training worker makes no steps; see its error above.")
        run.record({"loss": round(board.loss.mean().item(), 4), **evaluate(), **more})
        run.save(model)

    budget, every = 60 * phase.minutes, 60 * phase.evaluate_every_minutes
    with training(phase, run, model, losses, workers) as board:
        due = run.seconds + every
        while run.seconds < budget:
            time.sleep(1.0)
            if due <= run.seconds < budget:
                due = run.seconds + every
                report(board)
    report(board, finished=True)
