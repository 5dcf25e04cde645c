"""How often the browser draws a growing search anew, in the page's own chart and without a blank frame."""

from __future__ import annotations

from pathlib import Path

from benchmarks.items.start import served
from benchmarks.setting import Setting
from benchmarks.timing import shown, spread
from explainers.reports.figures.convergence import Search, convergence_chart

NAME, TITLE = "redraws", "Redraws of the search's chart in Chromium"
ROOT = Path(__file__).parents[2]
POINTS = (50, 200, 500)
FRAMES = 30

# Draws the figures one after another, as updates of the page do. A frame in which the chart had no picture,
# or another node, counts as blank.
DRAW = """async (figures) => {
  const {Figure} = await import(document.querySelector('link[href$="page/plotly.js"]').href);
  const node = document.createElement('div');
  document.querySelector('.mw').append(node);
  const figure = new Figure(node, 'search');
  await figure.draw(figures[0]);
  const picture = node.querySelector('.main-svg');
  let blank = 0;
  const started = performance.now();
  for (const each of figures.slice(1)) {
    await figure.draw(each);
    await new Promise(requestAnimationFrame);
    blank += node.querySelector('.main-svg') !== picture || !node.querySelector('.scatterlayer path');
  }
  const seconds = (performance.now() - started) / 1000;
  node.remove();
  return {perSecond: (figures.length - 1) / seconds, blank};
}"""


def measure(setting: Setting) -> dict:
    from tests.browser import chromium, guarded_page

    with served(ROOT) as served_page, chromium() as browser, guarded_page(browser) as page:
        page.goto(served_page.url)
        page.locator("#plot .main-svg").first.wait_for()
        runs = {
            points: [page.evaluate(DRAW, _growing(points)) for _ in range(setting.repeat)]
            for points in POINTS
        }
    return {
        "rates": {points: spread([run["perSecond"] for run in found]) for points, found in runs.items()},
        "blank": sum(run["blank"] for found in runs.values() for run in found),
    }


def table(result: dict) -> list[str]:
    lines = ["| points | redraws a second, median (range) |", "|---:|---:|"]
    lines += [f"| {points} | {shown(rate)} |" for points, rate in result["rates"].items()]
    return [*lines, "", f"Blank frames in all of them: {result['blank']}."]


def _growing(points: int) -> list[dict]:
    """The figures of a search, of which the last has that many points."""
    steps = range(1, points + 1)
    best, proposals = [-20 - 10 * s / points for s in steps], [-20 - 10 * s / points + s % 7 for s in steps]
    accepted = [s % 9 == 0 for s in steps]
    return [
        convergence_chart(Search(best[:n], proposals[:n], accepted[:n], -10.0, points))["figure"]
        for n in range(points - FRAMES, points + 1)
    ]
