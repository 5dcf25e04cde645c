"""Some methods against other libraries' on the same input."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import torch
from captum.attr import LayerIntegratedGradients, LLMGradientAttribution, TextTokenInput

from benchmarks.setting import Answered, Setting, answered
from benchmarks.timing import seconds, shown, spread
from explainers import EXPLAINERS, read_options
from explainers.flash_trace import trace

NAME, TITLE = "peers", "Against other libraries"
NEW_TOKENS, STEPS, PERMUTATIONS = 10, 8, 2
WORDS = range(10, 18)
PACKAGES = ("inseq==0.7.1", "interpreto==0.5.2", "flashtrace==0.1.1")
ELSEWHERE = Path(__file__).parents[1] / "elsewhere.py"
INSTALL_LIMIT, RUN_LIMIT = 600, 3600  # seconds


def measure(setting: Setting) -> dict:
    loaded = setting.load()
    example = next(answered(setting, loaded, WORDS, NEW_TOKENS, least_tokens=NEW_TOKENS))
    rows = []
    for method, options, theirs in (
        ("feature_ablation", {}, lambda: _ours(example, "captum_feature_ablation")),
        ("integrated_gradients", {"steps": STEPS, "baseline": "replace"}, lambda: _captum_ig(example)),
        (
            "shapley_sampling",
            {"permutations": PERMUTATIONS},
            lambda: _ours(example, "captum_shapley", permutations=PERMUTATIONS),
        ),
    ):
        rows.append(_compare(example, method, options, theirs, setting.repeat))
    ours = {row["method"]: row["ours"]["median"] for row in rows}
    for row in ask_elsewhere(example, setting.repeat):
        if "hops" in row:
            ours["flash_trace"] = _compare_hops(example, row, setting.repeat)
        row["times"] = row["theirs"]["median"] / ours[row["method"]] if "theirs" in row else None
        rows.append(row)
    return {
        "prompt_tokens": len(example.prompt.input_ids),
        "spans": len(example.prompt.spans),
        "response": len(example.response_ids),
        "rows": rows,
    }


def table(result: dict) -> list[str]:
    lines = [
        f"{result['prompt_tokens']} prompt tokens, {result['spans']} words, {result['response']} response "
        f"tokens; integrated gradients with {STEPS} steps, Shapley with {PERMUTATIONS} orders. FlashTrace "
        "takes half of the response as thinking; its difference is of a position's share in hop 0 or 1.",
        "",
        "| method | library | its seconds | our seconds | times faster | largest difference, nats |",
        "|---|---|---:|---:|---:|---:|",
    ]
    ours = {row["method"]: row["ours"] for row in result["rows"] if "ours" in row}
    for row in result["rows"]:
        if "theirs" not in row:
            lines.append(f"| {row['method']} | {row['library']} | {row['problem']} | | | |")
            continue
        difference = f"{row['difference']:.1e}" if "difference" in row else "another definition"
        times = f"{shown(row['theirs'])} | {shown(ours[row['method']])} | {row['times']:.1f}"
        lines.append(f"| {row['method']} | {row['library']} | {times} | {difference} |")
    return lines


def _compare(example: Answered, method: str, options: dict, theirs, repeat: int) -> dict:
    mine, other = torch.tensor(_ours(example, method, **options)), torch.tensor(theirs())
    row = {
        "method": method,
        "library": "Captum",
        "ours": spread(seconds(lambda: _ours(example, method, **options), repeat, warm_up=0)),
        "theirs": spread(seconds(theirs, repeat, warm_up=0)),
        "difference": (mine - other).abs().max().item(),
    }
    return row | {"times": row["theirs"]["median"] / row["ours"]["median"]}


def _compare_hops(example: Answered, row: dict, repeat: int) -> float:
    """Sets the package's hops beside ours, each scaled to sum to 1; returns our seconds."""
    response = len(example.response_ids)
    target = example.target(part=(response // 2, response))
    ours, theirs = trace(target, 1).flows, torch.tensor(row.pop("hops"))
    theirs = theirs / theirs.sum(1, keepdim=True)
    row["difference"] = (ours - theirs).abs().max().item()
    row["correlations"] = [
        torch.corrcoef(torch.stack(pair))[0, 1].item() for pair in zip(ours, theirs, strict=True)
    ]
    row["ours"] = spread(seconds(lambda: trace(target, 1), repeat, warm_up=0))
    return row["ours"]["median"]


def _ours(example: Answered, method: str, **options) -> tuple[float, ...]:
    """Scores by one of our methods, on a target with an empty memory; "replace" suits Captum's IG."""
    operator = "replace" if method == "integrated_gradients" else "zero"
    explainer = EXPLAINERS[method](read_options(EXPLAINERS[method], options))
    return explainer.explain(example.target(operator=operator)).scores


class _Ids(TextTokenInput):
    """The prompt's token ids as they are."""

    def __init__(self, ids: torch.Tensor):
        self.inp_tensor = self.itp_tensor = ids
        self.itp_mask, self.n_itp_features = None, ids.shape[1]
        self.values = [str(i) for i in ids[0].tolist()]

    def to_tensor(self):
        return self.inp_tensor

    def to_model_input(self, perturbed_tensor=None):
        return self.inp_tensor if perturbed_tensor is None else perturbed_tensor


class _Model(torch.nn.Module):
    """Reads token ids without a cache."""

    def __init__(self, model):
        super().__init__()
        self.model, self.device = model, model.device

    def forward(self, input_ids, attention_mask=None):
        return self.model(input_ids=input_ids, use_cache=False)


def _captum_ig(example: Answered) -> list[float]:
    """Captum's LLMGradientAttribution(LayerIntegratedGradients): one path per response token."""
    target = example.target(operator="replace")
    ids = torch.tensor([example.prompt.input_ids], device=target.device)
    kept = target.masked.keep(torch.zeros(1, len(target.spans), device=target.device)) > 0.5
    baseline = ids.where(kept, target.masked.replacement_id())
    model = _Model(target.model)
    layer = LayerIntegratedGradients(model, target.model.get_input_embeddings())
    result = LLMGradientAttribution(layer, target.tokenizer).attribute(
        _Ids(ids),
        target=torch.tensor(example.response_ids),
        baselines=baseline,
        n_steps=STEPS,
        internal_batch_size=1,
    )
    return target.pool(result.seq_attr.detach()).tolist()


def ask_elsewhere(example: Answered, repeat: int) -> list[dict]:
    """inseq, interpreto and flashtrace, installed into an environment of their own in a temporary folder."""
    with tempfile.TemporaryDirectory() as place:
        try:
            python, model = environment(Path(place)), Path(place) / "model"
            example.loaded.model.save_pretrained(model)
            example.loaded.tokenizer.save_pretrained(model)
            request = {
                "model": str(model),
                "prompt": example.prompt.text,
                "response": example.loaded.tokenizer.decode(example.response_ids),
                "steps": STEPS,
                "ids": [*example.prompt.input_ids, *example.response_ids],
                "thinking": len(example.prompt.input_ids),
                "answer": len(example.prompt.input_ids) + len(example.response_ids) // 2,
                "repeat": repeat,
                "busy": torch.get_num_threads() == 1,
            }
            run = subprocess.run(
                [python, "-P", ELSEWHERE],  # no file of this folder hides a library of its
                input=json.dumps(request),
                text=True,
                capture_output=True,
                timeout=RUN_LIMIT,
            )
            rows = json.loads(run.stdout.strip().splitlines()[-1])
        except (subprocess.SubprocessError, OSError, ValueError, IndexError) as error:
            print(f"Skipped inseq, interpreto and flashtrace: {error}", file=sys.stderr)
            return []
    return [row | {"theirs": spread(row.pop("times"))} if "times" in row else row for row in rows]


def environment(place: Path) -> Path:
    """A Python that has the packages, and sees this environment's behind its own."""
    subprocess.run([sys.executable, "-m", "venv", place], check=True, timeout=INSTALL_LIMIT)
    python = place / "bin" / "python"
    own = next(place.glob("lib/*/site-packages"))
    (own / "zz_project.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = [python, "-m", "pip", "install", "--quiet", *PACKAGES]
    subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_LIMIT)
    return python
