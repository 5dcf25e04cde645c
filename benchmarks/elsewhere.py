"""Times inseq and interpreto, where they are installed: reads a request as JSON, writes rows as JSON."""

import json
import sys
import warnings
from contextlib import redirect_stdout
from time import perf_counter, process_time

warnings.simplefilter("ignore")


def inseq_run(request, method, **options):
    import inseq

    model = inseq.load_model(request["model"], method)
    whole = request["prompt"] + request["response"]
    return lambda: model.attribute(request["prompt"], whole, show_progress=False, **options)


def interpreto_run(request, name, **options):
    import interpreto
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(request["model"], dtype="float32")
    tokenizer = AutoTokenizer.from_pretrained(request["model"])
    method = getattr(interpreto, name)(model, tokenizer, **options)
    return lambda: method(request["prompt"], request["response"])


def row(library, method, make, repeat, clock):
    """Times of one method, or why it does not run."""
    try:
        run = make()
        run()
        times = []
        for _ in range(repeat):
            started = clock()
            run()
            times.append(clock() - started)
        return {"library": library, "method": method, "times": times}
    except Exception as error:
        text = f"does not run: {type(error).__name__}: {error}".splitlines()[0][:120]
        return {"library": library, "method": method, "problem": text}


def main():
    request = json.load(sys.stdin)
    steps, repeat = request["steps"], request["repeat"]
    cases = [
        ("inseq", "feature_ablation", lambda: inseq_run(request, "occlusion")),
        (
            "inseq",
            "integrated_gradients",
            lambda: inseq_run(request, "integrated_gradients", n_steps=steps, internal_batch_size=1),
        ),
        ("interpreto", "feature_ablation", lambda: interpreto_run(request, "Occlusion")),
        (
            "interpreto",
            "integrated_gradients",
            lambda: interpreto_run(request, "IntegratedGradients", n_perturbations=steps),
        ),
    ]
    if request["busy"]:
        import torch

        torch.set_num_threads(1)
    clock = process_time if request["busy"] else perf_counter
    with redirect_stdout(sys.stderr):
        rows = [row(*case, repeat, clock) for case in cases]
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
