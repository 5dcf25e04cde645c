"""The training loop both phases share: single-threaded workers that step on one set of weights."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import multiprocessing

from training.run import Phase, Run

PAUSED_AFTER_SECONDS = 10.0  # without a beat of the main process
ADAM_WARMUP_STEPS = 50  # until AdamW's moments have settled, after a start and after a resume

Losses = Callable[[int], Iterator[tuple[torch.Tensor, int]]]


@dataclass(frozen=True)
class Board:
    """Numbers in shared memory: the main process's last beat, and what each worker has done so far."""

    beat: torch.Tensor  # (1,): seconds of time.monotonic()
    seconds: torch.Tensor  # (workers,): processor time
    steps: torch.Tensor  # (workers,)
    tokens: torch.Tensor  # (workers,)
    loss: torch.Tensor  # (workers,): running mean, nats

    @classmethod
    def of(cls, workers: int) -> "Board":
        sizes = (1, workers, workers, workers, workers)
        board = cls(*(torch.zeros(size, dtype=torch.float64).share_memory_() for size in sizes))
        board.beat[0] = time.monotonic()
        return board

    def keep_beating(self, done: threading.Event) -> None:
        while not done.wait(1.0):
            self.beat[0] = time.monotonic()

    def wait_for_beat(self) -> None:
        """Sleep while the main process is stopped (SIGSTOP), so that stopping it alone pauses everything;
        end when it has ended."""
        while time.monotonic() - self.beat.item() > PAUSED_AFTER_SECONDS:
            time.sleep(1.0)
            parent = multiprocessing.parent_process()
            if parent is None or not parent.is_alive():
                raise SystemExit


def work(worker: int, model, losses: Losses, board: Board, phase: Phase, before: float) -> None:
    """Step on the shared weights without locks (Hogwild, Recht et al. 2011) until ended from outside.

    before: seconds of the phase that were spent before this start.
    """
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
        rate = phase.learning_rate(before + board.seconds.mean().item())
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, step / ADAM_WARMUP_STEPS)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        board.seconds[worker] = time.process_time()
        board.steps[worker] += 1
        board.tokens[worker] += tokens
        board.loss[worker] += (loss.item() - board.loss[worker]) / min(step + 1, 100)
        board.wait_for_beat()


@contextmanager
def workers_on(phase: Phase, run: Run, model, losses: Losses, workers: int) -> Iterator[Board]:
    """Workers that train until the context is left."""
    board, done = Board.of(workers), threading.Event()
    model.share_memory()
    context = multiprocessing.get_context("fork")  # the texts are shared, not copied
    inputs = [(worker, model, losses, board, phase, run.seconds) for worker in range(workers)]
    processes = [context.Process(target=work, args=each) for each in inputs]
    beat = threading.Thread(target=board.keep_beating, args=(done,))
    for process in processes:
        process.start()
    beat.start()
    try:
        yield board
    finally:
        done.set()
        beat.join()
        for process in processes:
            process.terminate()
            process.join()


def run_phase(
    phase: Phase, run: Run, model, losses: Losses, evaluate: Callable[[], dict[str, float]], workers: int
) -> None:
    """Train until the phase's budget is spent. `losses(worker)` yields (loss, tokens read), step by step.

    One thread per worker rather than one job on all cores: on a busy machine no core then waits for another.
    The budget counts a worker's processor time, so pauses and neighbours cost time but no training.
    """
    run.enter(phase.name)
    if not run.steps:
        run.record(evaluate())
    seconds, steps, tokens = run.seconds, run.steps, run.tokens

    def report(board: Board, **more) -> None:
        if not board.steps.all():
            raise RuntimeError("A training worker makes no steps; see its error above.")
        run.steps, run.tokens = steps + int(board.steps.sum()), tokens + int(board.tokens.sum())
        run.record({"loss": round(board.loss.mean().item(), 4), **evaluate(), **more})
        run.save(model)

    due = seconds + phase.evaluate_every
    with workers_on(phase, run, model, losses, workers) as board:
        while run.seconds < phase.budget:
            time.sleep(1.0)
            run.seconds = seconds + board.seconds.mean().item()
            if due <= run.seconds < phase.budget:
                due = run.seconds + phase.evaluate_every
                report(board)
    report(board, finished=True)
