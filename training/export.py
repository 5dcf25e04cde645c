"""Writing what the repository keeps: the trained weights in shards, and the log with its two figures."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from explainers.reports.figures.picture import write_picture
from explainers.reports.figures.shared.style import series_line, styled

SHARD_BYTES = 9_000_000  # a Space's git refuses files of 10 MB


def export_weights(model, folder: Path) -> None:
    """Everything that was trained, in fp16, as safetensors shards, in place of those of an earlier export."""
    for old in folder.glob("*.safetensors"):
        old.unlink()
    shards: list[dict[str, torch.Tensor]] = [{}]
    for name, value in model.named_parameters():
        if not value.requires_grad:
            continue
        fp16 = value.detach().to(torch.float16).contiguous()
        if sum(tensor.nbytes for tensor in shards[-1].values()) + fp16.nbytes > SHARD_BYTES:
            shards.append({})
        shards[-1][name] = fp16
    for number, shard in enumerate(shards, 1):
        save_file(shard, folder / f"weights-{number}-of-{len(shards)}.safetensors")


def export_log(log: list[dict], results: dict[str, float], folder: Path) -> None:
    """The log as JSON, and its figures: masked accuracy by tokens, class accuracy in phase two."""
    lines = ",\n  ".join(json.dumps(entry) for entry in log)
    (folder / "training_log.json").write_text(
        f'{{"results": {json.dumps(results, indent=1)},\n "log": [\n  {lines}\n]}}\n'
    )
    pretraining = [entry for entry in log if entry["phase"] == "masked_lm"]
    tuning = [entry for entry in log if entry["phase"] == "prompt_tuning"]
    draw(
        pretraining,
        ["masked_accuracy"],
        "Masked-token accuracy, AG News dev lines",
        folder / "masked_accuracy.png",
    )
    if tuning:
        tasks = [key for key in tuning[0] if key in ("ag_news", "sst2", "imdb_reviews", "masked_accuracy")]
        draw(tuning, tasks, "Accuracy while prompt-tuning, dev lines", folder / "class_accuracy.png")


def draw(entries: list[dict], keys: list[str], title: str, path: Path) -> None:
    """One line per key over the tokens read, in percent."""
    figure = styled([], "million tokens read", "accuracy, %", title=title, margin={"t": 40})
    for number, key in enumerate(keys):
        points = [(entry["tokens"] / 1e6, 100 * entry[key]) for entry in entries if key in entry]
        x, y = zip(*points, strict=True)
        line, name = series_line(number), key.replace("_", " ")
        figure.add_scatter(x=x, y=y, name=name, line=line, mode="lines+markers")
    write_picture(figure.update_layout(showlegend=True), path, height=400)
