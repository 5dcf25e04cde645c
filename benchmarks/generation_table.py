"""Methods × measures on real prompts, in the shape of Tables 1 and 2 of arXiv 2405.20404.

`python -m benchmarks.generation_table --data FOLDER`, where FOLDER holds JSONL files with a "prompt" a line
(or give several files). Rows are stored as they come, so a run that was cut off goes on where it ended; the
table is printed and written beside them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from benchmarks.setting import Answered, answer, read_prompts
from explainers import EXPLAINERS, read_options
from explainers.core.types import Task
from explainers.measures.intervals import mean_interval
from explainers.models.held import load_model
from explainers.streams.checks import removed_spans
from explainers.streams.report import report
from explainers.targets.decoding import greedy_batch

RESULTS = Path(__file__).parent / "results"
RANDOM_DRAWS = 10
# Cheaper than the page's defaults, so that sixty prompts are done in an hour or two on two cores.
BUDGETS = {
    "integrated_gradients": {"steps": 16},
    "captum_shapley": {"permutations": 1},
    "captum_kernel_shap": {"samples": 32},
}
METHODS = (
    "xprompt",
    "random_removal",
    "feature_ablation",
    "gradient_x_input",
    "integrated_gradients",
    "captum_feature_ablation",
    "captum_shapley",
    "captum_kernel_shap",
)
COLUMNS = {
    "bleu": "BLEU ↓",
    "rouge_l_precision": "ROUGE-L P ↓",
    "rouge_l_recall": "ROUGE-L R ↓",
    "rouge_l_f1": "ROUGE-L F1 ↓",
    "sentence_bert": "SBERT ↓",
    "probability_ratio": "Prob. ratio ↓",
    "kl": "KL ↑",
    "kl_published": "KL as published ↑",
    "seconds": "seconds",
    "forward_passes": "passes",
}


def measure(answered: Answered, methods: list[str], k: int, seed: int, max_new_tokens: int) -> list:
    """A row of measures a method. Each has a fresh target, so that none pays for another."""
    loaded = answered.loaded
    explained = [_explain(answered, method, k, seed) for method in methods]
    embeds = torch.cat([target.kept_embeds(explanation.mask) for target, explanation, _ in explained])
    answers = greedy_batch(loaded, embeds, max_new_tokens)
    rows = []
    for (target, explanation, passes), ids in zip(explained, answers, strict=True):
        found = report(target, explanation.mask, loaded.tokenizer.decode(ids, skip_special_tokens=True))
        row = {metric["name"]: metric["value"] for metric in found.metrics}
        row |= {"log_prob": found.log_prob, "log_prob_masked": found.log_prob_masked}
        row["seconds"] = explanation.seconds
        row["removed"] = [target.spans[t].text for t in removed_spans(explanation.mask)]
        rows.append(row | {"method": explanation.method, "forward_passes": passes})
    return rows


def _explain(answered: Answered, method: str, k: int, seed: int):
    target = answered.target()
    explainer = EXPLAINERS[method](read_options(EXPLAINERS[method], BUDGETS.get(method, {}), k, seed))
    return target, explainer.explain(target), target.forward_passes


def random_mean(answered: Answered, k: int) -> float:
    """Mean log p over RANDOM_DRAWS random removals of k spans, nats."""
    target = answered.target()
    generator = torch.Generator().manual_seed(0)
    masks = torch.ones(RANDOM_DRAWS, len(target.spans))
    for mask in masks:
        mask[torch.randperm(len(mask), generator=generator)[:k]] = 0
    return target.log_prob(masks).mean().item()


def short_prompts(file: Path, count: int, max_words: int) -> list[str]:
    """The file's first `count` prompts of at most `max_words` words."""
    return [text for text in read_prompts(str(file)) if len(text.split()) <= max_words][:count]


def run(files: list[Path], options: argparse.Namespace) -> list[dict]:
    """Rows of all prompts, those already stored included; prompts of all files in turn."""
    store = options.store
    rows = [json.loads(line) for line in store.read_text().splitlines()] if store.exists() else []
    done = {(row["data"], row["prompt"], row["method"]) for row in rows}
    loaded = load_model("", Task.GENERATION)
    prompts = {file.stem: short_prompts(file, options.prompts, options.max_words) for file in files}
    for number in range(options.first, options.prompts, options.every):
        for data, texts in prompts.items():
            todo = [m for m in METHODS if (data, number, m) not in done]
            if not todo or number >= len(texts):
                continue
            answered = answer(loaded, texts[number], options.max_new_tokens)
            floor = random_mean(answered, options.k)
            for row in measure(answered, todo, options.k, number, options.max_new_tokens):
                row |= {"data": data, "prompt": number, "k": options.k, "random_mean": floor}
                rows.append(row)
                with store.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(row, ensure_ascii=False) + "\n")
            print(f"{data} {number + 1}/{options.prompts}", flush=True)
    return rows


def table(rows: list[dict]) -> str:
    """One Markdown table per data file: mean ± half-width of the 95 % interval."""
    parts = []
    for data in dict.fromkeys(row["data"] for row in rows):
        here = [row for row in rows if row["data"] == data]
        count = len({row["prompt"] for row in here})
        parts.append(f"\n**{data}**, {count} prompts\n")
        parts.append("| method | " + " | ".join(COLUMNS.values()) + " |")
        parts.append("|---|" + "---:|" * len(COLUMNS))
        for method in dict.fromkeys(row["method"] for row in here):
            of_method = [row for row in here if row["method"] == method]
            cells = [_cell([row[column] for row in of_method], column) for column in COLUMNS]
            parts.append(f"| {EXPLAINERS[method].title} | " + " | ".join(cells) + " |")
        parts.append("\n" + _against_random(here))
    return "\n".join(parts)


def _cell(values: list[float], column: str) -> str:
    middle, half_width = mean_interval(values)
    if column in ("seconds", "forward_passes"):
        return f"{middle:.1f}" if column == "seconds" else f"{middle:.0f}"
    return f"{middle:.3f} ± {half_width:.3f}"


def _against_random(rows: list[dict]) -> str:
    searched = [row for row in rows if row["method"] == "xprompt"]
    below = sum(row["log_prob_masked"] < row["random_mean"] for row in searched)
    return (
        f"XPrompt's masked log p is below the mean of {RANDOM_DRAWS} random removals on {below} of "
        f"{len(searched)} prompts."
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, nargs="+", required=True, help="a folder of JSONL files, or files"
    )
    parser.add_argument("--prompts", type=int, default=20, help="prompts from each file")
    parser.add_argument("--max-words", type=int, default=30, help="longer prompts are passed over")
    parser.add_argument(
        "--first", type=int, default=0, help="first prompt, with --every: a share of the work"
    )
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--k", type=int, default=3)
    parser.add_argument("--max-new-tokens", type=int, default=24)
    parser.add_argument("--store", type=Path, default=RESULTS / "generation_rows.jsonl")
    options = parser.parse_args()
    files = [f for path in options.data for f in (sorted(path.glob("*.jsonl")) if path.is_dir() else [path])]
    options.store.parent.mkdir(exist_ok=True)
    rows = run(files, options)
    text = table(rows)
    options.store.with_suffix(".md").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
