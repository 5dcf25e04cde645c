"""Charts of what `benchmarks.run` measured, as SVG files beside the numbers. Needs matplotlib."""

from __future__ import annotations

from pathlib import Path

BLUE, ORANGE, GREY = "#2a6fbb", "#d9822b", "#8a8a8a"
STYLES = {"XPrompt,": BLUE, "XPrompt without i": GREY, "XPrompt without p": "#5aa469"}


def draw(name: str, result: dict, folder: Path) -> Path | None:
    """The chart of one item; None where it has none."""
    if name not in CHARTS:
        return None
    from matplotlib import pyplot, rcParams

    rcParams["svg.hashsalt"] = "maskwise"  # the same numbers give the same file
    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    CHARTS[name](axes, result)
    axes.spines[["top", "right"]].set_visible(False)
    path = folder / f"{name}.svg"
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    return path


def _trajectory(axes, result: dict) -> None:
    names = {"published": "as published", "exact": "fp32 throughout", "screened": "screened in bfloat16"}
    names = {name: title for name, title in names.items() if name in result}
    medians = [result[name]["median"] for name in names]
    bars = axes.barh(list(names.values()), medians, color=[GREY, BLUE, ORANGE][: len(names)])
    axes.bar_label(bars, [f"{value:.1f} s" for value in medians], padding=4)
    axes.invert_yaxis()
    axes.set_xlabel("seconds for one XPrompt run, N = 200 (median)")


def _quality(axes, result: dict) -> None:
    searches = result["searches"]
    for start, color in STYLES.items():
        points = [(v["distinct"], v["optimal"]) for name, v in searches.items() if name.startswith(start)]
        label = next(name.rpartition(", N")[0] for name in searches if name.startswith(start))
        axes.plot(*zip(*sorted(points), strict=True), "o-", color=color, label=f"{label}, N = 50, 100, 200")
    for name in ("best swap", "construction of best swap alone", "top 3 of single ablation"):
        values = searches[name]
        axes.plot(values["distinct"], values["optimal"], "D", color=ORANGE)
        axes.annotate(
            name, (values["distinct"], values["optimal"]), (0, 9), textcoords="offset points", ha="center"
        )
    axes.set(xlabel="distinct masks evaluated (mean)", ylabel="share of runs that reach the optimum")
    axes.margins(x=0.18)
    axes.set_ylim(0, 1.1)
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.legend(frameon=False, fontsize=8, loc="lower right")


def _growth(axes, result: dict) -> None:
    for what, color in (("prompt tokens", BLUE), ("response tokens", ORANGE)):
        rows = [row for row in result["rows"] if row["grows"] == what]
        tokens, times = [row["tokens"] for row in rows], [row["seconds"] for row in rows]
        axes.plot(tokens, times, "o-", color=color, label=f"{what.split()[0]} grows")
    axes.set(xlabel="prompt and response tokens", ylabel=f"seconds for {result['masks']} masks")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)


def _limit(axes, result: dict) -> None:
    left: dict[str, float] = {}
    groups = dict.fromkeys(group for shares in result["profiles"].values() for group in shares)
    for group in groups:
        for name, shares in result["profiles"].items():
            bar = axes.barh(name, shares.get(group, 0), left=left.get(name, 0), color=_shade(group, groups))
            left[name] = left.get(name, 0) + shares.get(group, 0)
        bar.set_label(group)
    axes.set_xlabel("share of the time of a batch of 8 masks")
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=3)


def _shade(group: str, groups: dict) -> str:
    colors = (BLUE, ORANGE, "#5aa469", "#b05a8f", GREY)
    return colors[list(groups).index(group) % len(colors)]


CHARTS = {"trajectory": _trajectory, "quality": _quality, "growth": _growth, "limit": _limit}
