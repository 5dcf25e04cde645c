"""Times inseq, interpreto and flashtrace, where they are installed: reads and writes JSON."""

import json
import sys
import warnings
from contextlib import redirect_stdout
from time import perf_counter, process_time

warnings.simplefilter("ignore")
SHAPE = ("n_layers", "n_heads_q", "n_kv_heads", "head_dim", "group_size", "d_model")


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


def flash_trace_run(request):
    """Hop 0 and hop 1 over the same token ids, with the first half of the response as the thinking."""
    import torch
    from flashtrace import core
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(
        request["model"], dtype="float32", attn_implementation="eager"
    ).eval()
    ids = torch.tensor([request["ids"]])
    start, end, last = request["thinking"], request["answer"], len(request["ids"]) - 1

    @torch.no_grad()
    def run():
        found = core.extract_model_metadata(model)
        cache, hooks = core.attach_hooks(found.layers, torch.float32)
        attentions = model(ids, output_attentions=True, use_cache=False).attentions
        for hook in hooks:
            hook.remove()
        shape = {name: getattr(found, name) for name in SHAPE}
        parameters = core.IFRParameters(
            **shape,
            sequence_length=last + 1,
            model_dtype=torch.float32,
            chunk_tokens=128,
            sink_chunk_tokens=32,
        )
        weights = core.build_weight_pack(found, torch.float32)
        hops = core.compute_multi_hop_ifr(
            end, last, (start, end - 1), 1, cache, attentions, weights, parameters
        )
        return [hop.token_importance_total.tolist() for hop in hops.raw_attributions]

    return run


def row(library, method, make, repeat, clock):
    """Times of one method, or why it does not run."""
    try:
        run = make()
        found = run()
        times = []
        for _ in range(repeat):
            started = clock()
            run()
            times.append(clock() - started)
        hops = {"hops": found} if method == "flash_trace" else {}
        return {"library": library, "method": method, "times": times, **hops}
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
        ("flashtrace", "flash_trace", lambda: flash_trace_run(request)),
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
