"""Slow, independent computations that the fast ones are held against: whole sequence, batch 1, fp32."""

import torch


def slow_token_log_probs(target, mask) -> torch.Tensor:
    """log p of each response token given the masked prompt, (S,), without cache or batching."""
    removed = {p for span, kept in zip(target.spans, mask, strict=True) if not kept for p in span.positions}
    ids = list(target.prompt.input_ids)
    embed = target.model.get_input_embeddings()
    rows = []
    for position, token in enumerate(ids):
        row = embed(torch.tensor(token))
        if position in removed:
            if target.operator == "delete":
                continue
            row = (
                torch.zeros_like(row)
                if target.operator == "zero"
                else embed(torch.tensor(target.masked.replacement_id()))
            )
        rows.append(row)
    rows = rows or [torch.zeros(target.embeds().shape[1])]
    rows += [embed(torch.tensor(token)) for token in target.response_ids]
    with torch.no_grad():
        logits = target.model(inputs_embeds=torch.stack(rows)[None], use_cache=False).logits[0].float()
    first = len(rows) - len(target.response_ids)
    values = [
        torch.log_softmax(logits[first + s - 1], -1)[token] for s, token in enumerate(target.response_ids)
    ]
    return torch.stack(values)
