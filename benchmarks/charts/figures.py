"""The charts of `benchmarks.figures`, as SVG files. Needs matplotlib."""

from __future__ import annotations

from pathlib import Path

from explainers.measures.intervals import interval

# Okabe and Ito's colours, which those who cannot tell red from green can tell apart.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
MARKERS = "os^Dv<>"
GREY = "#8a8a8a"


def draw_ratios(result: dict, path: Path) -> None:
    """Probability ratio against k, one line per method: the mean over prompts, and random removal's band."""
    figure, axes = _pyplot().subplots(figsize=(7, 4.4), layout="constrained")
    means = dict(result["mean_ratios"])
    label = "Random removal, 95 % interval"
    _line(axes, means.pop("random"), "probability_ratio", label=label, color=GREY)
    for (method, points), color, marker in zip(means.items(), COLORS, MARKERS, strict=False):
        style = {"label": result["titles"][method], "color": color, "marker": marker}
        _line(axes, points, "probability_ratio", **style)
    axes.set(xlabel="k, words removed", ylabel="probability ratio (lower is better)")
    axes.set_ylim(bottom=0)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False, fontsize=8, ncols=2, loc="upper center", bbox_to_anchor=(0.5, 1.28))
    _save(figure, path)


def draw_convergence(result: dict, path: Path) -> None:
    """Log p against the iteration, a panel a prompt: mean over seeds and its 95 % interval."""
    prompts = result["curves"]
    columns = min(3, len(prompts))
    rows = -(-len(prompts) // columns)
    figure, grid = _pyplot().subplots(
        rows, columns, figsize=(3.6 * columns, 3 * rows + 0.5), layout="constrained", squeeze=False
    )
    for axes, prompt in zip(grid.flat, prompts, strict=False):
        for (method, runs), color in zip(prompt["curves"].items(), COLORS, strict=False):
            points = [interval(values) for values in zip(*runs, strict=True)]
            _line(axes, points, "mean", label=result["titles"][method], color=color)
        axes.set_title(_shortened(prompt["prompt"]), fontsize=8)
        axes.set(xlabel="iteration", ylabel="log p (nats)")
    for axes in grid.flat[len(prompts) :]:
        axes.set_axis_off()
    figure.legend(
        *grid.flat[0].get_legend_handles_labels(), frameon=False, loc="outside upper center", ncols=3
    )
    _save(figure, path)


def _line(axes, points: list[dict], value: str, **style) -> None:
    """A line through points[:][value] over 1, 2, …; with a band where they have a low and a high."""
    x = range(1, len(points) + 1)
    (line,) = axes.plot(x, [point[value] for point in points], ms=4, **style)
    if "low" in points[0]:
        ends = ([point[end] for point in points] for end in ("low", "high"))
        axes.fill_between(x, *ends, color=line.get_color(), alpha=0.2, lw=0)


def _shortened(text: str, longest: int = 44) -> str:
    shown = text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
    return shown.replace("$", r"\$")  # else matplotlib reads it as mathematics


def _pyplot():
    from matplotlib import pyplot, rcParams

    rcParams["svg.hashsalt"] = "maskwise"  # the same numbers give the same file
    return pyplot


def _save(figure, path: Path) -> None:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    _pyplot().close(figure)
