"""A training run on disk: its phases, its counters and log, and the checkpoint it goes on from."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from safetensors.torch import load_file, save_file


@dataclass(frozen=True)
class Phase:
    """One stretch of training: `minutes` of every worker's processor time, linear warmup to `peak_lr` over
    the first part of it, then linear decay to 0."""

    name: str
    minutes: float
    peak_lr: float
    warmup: float = 0.02
    evaluate_every: float = 180.0  # seconds

    @property
    def budget(self) -> float:
        """Seconds."""
        return 60 * self.minutes

    def learning_rate(self, seconds: float) -> float:
        done = seconds / self.budget
        return max(0.0, self.peak_lr * min(1.0, done / self.warmup, (1.0 - done) / (1.0 - self.warmup)))


@dataclass
class Run:
    """What a checkpoint holds besides the weights: counters of the current phase, and the log so far."""

    folder: Path
    phase: str = ""
    seconds: float = 0.0
    steps: int = 0
    tokens: int = 0
    log: list[dict] = field(default_factory=list)

    def enter(self, phase: str) -> None:
        """Start counting anew, unless this is the phase the checkpoint was in."""
        if self.phase != phase:
            self.phase, self.seconds, self.steps, self.tokens = phase, 0.0, 0, 0

    def finished(self, phase: str) -> bool:
        return any(entry["phase"] == phase and entry.get("finished") for entry in self.log)

    def record(self, measured: dict) -> None:
        """Add one line to the log and print it."""
        entry = {"phase": self.phase, "step": self.steps, "tokens": self.tokens}
        self.log.append({**entry, "minutes": round(self.seconds / 60, 2), **measured})
        print(json.dumps(self.log[-1]), flush=True)

    def save(self, model) -> None:
        """Write the weights and the counters; a crash while writing leaves the checkpoint before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        trained = {name: value.detach() for name, value in model.named_parameters() if value.requires_grad}
        save_file(trained, self.folder / "new.safetensors")
        (self.folder / "new.safetensors").replace(self.folder / "checkpoint.safetensors")
        state = {key: value for key, value in vars(self).items() if key != "folder"}
        (self.folder / "run.json").write_text(json.dumps(state))


def resume(folder: Path, model) -> Run:
    """The run in `folder`, its weights put into `model`; a new run where none is."""
    if not (folder / "run.json").exists():
        return Run(folder)
    model.load_state_dict(load_file(folder / "checkpoint.safetensors"), strict=False)
    return Run(folder, **json.loads((folder / "run.json").read_text()))
