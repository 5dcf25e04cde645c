"""Two figures of arXiv 2405.20404 on a few prompts: `docs/ratio_over_k.svg`, the probability ratio against k
for each method (Figure 3), and `docs/convergence.svg`, log p against the iteration for XPrompt and its two
ablations (Figure 4, Table 4).

`python -m benchmarks.figures` draws both for the first five prompts of this folder. The numbers, prompt by
prompt, go into `results/figures.json`. A run that was cut off goes on after the last prompt it had finished.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.charts.figures import draw_convergence, draw_ratios
from benchmarks.resumable import Progress, RowFile
from benchmarks.setting import OWN_PROMPTS, RESULTS, machine, read_prompts
from explainers import EXPLAINERS
from explainers.core.errors import MaskwiseError
from explainers.measures.intervals import interval
from explainers.streams.comparison import ComparisonRequest
from explainers.streams.sweep import convergence, sweep

DOCS = Path(__file__).parent.parent / "docs"
PROMPTS = 5
METHODS = (
    "xprompt",
    "best_swap",
    "feature_ablation",
    "integrated_gradients",
    "gradient_x_input",
    "shapley_sampling",
    "linear_surrogate",
)
MILESTONES = (1, 10, 30, 100)  # iterations of the table


def measure(options: argparse.Namespace, results: Path) -> dict:
    """Both figures' numbers for all prompts, those of an earlier run that was cut off included."""
    texts = read_prompts(str(options.prompts))[:PROMPTS]
    run = vars(options) | {"prompts": texts}
    rows = RowFile(results / "figures.rows.jsonl", run)
    progress = Progress(2 * len(texts))
    for text in texts:
        for figure, streamed in (("ratios", _ratios), ("curves", _curves)):
            if not any((row["prompt"], row["figure"]) == (text, figure) for row in rows.rows):
                rows.add({"prompt": text, "figure": figure, "values": streamed(text, options)})
            progress.step(figure)
    figures = {
        name: [{"prompt": row["prompt"], **row["values"]} for row in rows.rows if row["figure"] == name]
        for name in ("ratios", "curves")
    }
    result = {"machine": machine(), **run, "titles": _titles(figures), **figures}
    result |= {"mean_ratios": mean_ratios(figures["ratios"]), "gaps": gaps(figures["curves"])}
    (results / "figures.json").write_text(json.dumps(result, ensure_ascii=False) + "\n", encoding="utf-8")
    rows.remove()
    return result


def _request(text: str, options: argparse.Namespace) -> ComparisonRequest:
    settings = {"k": options.k, "model": options.model, "max_new_tokens": options.max_new_tokens}
    return ComparisonRequest(text, METHODS, **settings)


def _ratios(text: str, options: argparse.Namespace) -> dict:
    """Method → its points for k = 1, 2, …: "probability_ratio", and for `random` also "low" and "high"."""
    points: dict[str, list[dict]] = {}
    for event in sweep(_request(text, options), options.most):
        if event["type"] == "point":
            kept = {name: event[name] for name in ("probability_ratio", "low", "high") if name in event}
            points.setdefault(event["method"], []).append(kept)
    if refused := event["refused"]:
        raise MaskwiseError(f"{', '.join(refused)} cannot run on this model: {[*refused.values()][0]}")
    return {"points": points}


def _curves(text: str, options: argparse.Namespace) -> dict:
    """Variant → for each seed, log p in nats after each iteration."""
    curves: dict[str, list[list[float]]] = {}
    for event in convergence(_request(text, options), options.seeds, options.iterations):
        if event["type"] == "curve":
            curves.setdefault(event["method"], []).append(event["y"])
    return {"curves": curves}


def _titles(figures: dict) -> dict[str, str]:
    names = {name for prompt in figures["ratios"] for name in prompt["points"]}
    names |= {name for prompt in figures["curves"] for name in prompt["curves"]}
    return {name: EXPLAINERS[name].title for name in sorted(names) if name in EXPLAINERS}


def mean_ratios(prompts: list[dict]) -> dict[str, list[dict]]:
    """Method → its points for k = 1, 2, …, each the mean over the prompts with at least k spans.

    The ends of random removal's interval are averaged in the same way: they are those of one mean prompt.
    """
    means: dict[str, list[dict]] = {}
    for method in prompts[0]["points"]:
        of_prompts = [prompt["points"][method] for prompt in prompts]
        for k in range(max(map(len, of_prompts))):
            here = [points[k] for points in of_prompts if k < len(points)]
            mean = {name: sum(point[name] for point in here) / len(here) for name in here[0]}
            means.setdefault(method, []).append(mean | {"prompts": len(here)})
    return means


def gaps(prompts: list[dict]) -> dict[str, dict[int, dict]]:
    """Variant → iteration → nats above the lowest log p that any run on the prompt reached: the mean over
    prompts of the mean over seeds, with its 95 % interval over prompts."""
    table: dict[str, dict[int, dict]] = {}
    for method in prompts[0]["curves"]:
        iterations = len(prompts[0]["curves"][method][0])
        for at in (n for n in MILESTONES if n <= iterations):
            means = [_mean_gap(prompt["curves"], method, at) for prompt in prompts]
            table.setdefault(method, {})[at] = interval(means)
    return table


def _mean_gap(curves: dict, method: str, at: int) -> float:
    lowest = min(y[-1] for runs in curves.values() for y in runs)
    return sum(y[at - 1] - lowest for y in curves[method]) / len(curves[method])


def table(result: dict) -> str:
    """Markdown: how far each variant is from the lowest log p, at some iterations."""
    milestones = list(next(iter(result["gaps"].values())))
    lines = [
        "| nats above the lowest log p found, after | "
        + " | ".join(f"{at} iteration{'s' * (at > 1)}" for at in milestones)
        + " |",
        "|---|" + "---:|" * len(milestones),
    ]
    for method, cells in result["gaps"].items():
        values = [f"{cell['mean']:.2f} ± {cell['high'] - cell['mean']:.2f}" for cell in cells.values()]
        lines.append(f"| {result['titles'][method]} | " + " | ".join(values) + " |")
    return "\n".join(lines)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--prompts", type=Path, default=OWN_PROMPTS, help="JSONL, one prompt per line; the first five"
    )
    parser.add_argument("--most", type=int, default=8, help="largest k of the first figure")
    parser.add_argument("--seeds", type=int, default=10, help="runs of each variant in the second figure")
    parser.add_argument("--iterations", type=int, default=100, help="length of those runs")
    parser.add_argument("--k", type=int, default=3, help="spans removed in the second figure")
    parser.add_argument("--max-new-tokens", type=int, default=40, help="longest answer that is explained")
    parser.add_argument("--model", default="", help="Hub id or folder; the built-in model if none is named")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None, docs: Path = DOCS, results: Path = RESULTS) -> None:
    result = measure(parse(arguments), results)
    draw_ratios(result, docs / "ratio_over_k.svg")
    draw_convergence(result, docs / "convergence.svg")
    print(table(result))


if __name__ == "__main__":
    main()
