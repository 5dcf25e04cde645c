"""What the MLM head reads: vocabulary logits, or the hidden states they are decoded from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from explainers.core.deferred_torch import no_grad, torch
from explainers.text.templates import Cloze

BATCH_TOKENS = 4096


@contextmanager
def read_head(model, position: torch.Tensor | None = None, hidden: bool = False) -> Iterator[None]:
    """Within, the model's `logits` are (B, 1, V), those at `position` (B,); without it, all (B, L, V).

    hidden: hand on what the decoder reads, (B, …, d), instead of the logits. In a small model the decoder
    takes as long as the encoder, and its output of a whole batch hundreds of megabytes, so it reads no
    more than is needed. Must not span a `yield`.
    """
    decoder, handles = model.get_output_embeddings(), []

    def pick(module, arguments):
        states = arguments[0]  # (B, L, d)
        return (states[torch.arange(len(states), device=states.device), position][:, None],)

    if position is not None:
        handles.append(decoder.register_forward_pre_hook(pick))
    if hidden:
        handles.append(decoder.register_forward_hook(lambda module, arguments, output: arguments[0]))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@no_grad
def read_masks(
    loaded, clozes: Sequence[Cloze], hidden: bool = False, on_forward: Callable[[int], None] | None = None
) -> torch.Tensor:
    """What the head gives at each prompt's <mask>, (N, V) or, with `hidden`, (N, d); fp32 on the CPU.

    on_forward: called with the number of sequences before each pass.
    """
    rows = []
    longest = max(len(cloze.prompt.input_ids) for cloze in clozes)
    size = max(1, BATCH_TOKENS // longest)
    for start in range(0, len(clozes), size):
        batch = clozes[start : start + size]
        if on_forward:
            on_forward(len(batch))
        ids = [torch.tensor(cloze.prompt.input_ids) for cloze in batch]
        padding = loaded.tokenizer.pad_token_id or 0
        padded = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=padding)  # (B, L)
        lengths = torch.tensor([len(row) for row in ids])
        attention = (torch.arange(padded.shape[1]) < lengths[:, None]).long()
        position = torch.tensor([cloze.mask_position for cloze in batch], device=loaded.device)
        with read_head(loaded.model, position, hidden):
            output = loaded.model(padded.to(loaded.device), attention_mask=attention.to(loaded.device))
        rows.append(output.logits[:, 0].float().cpu())
    return torch.cat(rows)
