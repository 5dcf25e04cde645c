"""What the MLM head reads: vocabulary logits, or the hidden states they are decoded from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from explainers.core.deferred_torch import no_grad, torch
from explainers.core.errors import MaskwiseError
from explainers.core.types import OnForward
from explainers.models.copies.variants import with_eager_attention
from explainers.models.loaded import LoadedModel
from explainers.targets.mlm_traits import halves_of, kind_of, traits_of
from explainers.text.templates import Cloze

BATCH_TOKENS = 4096


class MlmReader:
    """Reads a masked LM. Calls its parts one after the other, with no hook, so that threads may share it.

    hidden: read what the decoder reads, (…, d), instead of vocabulary logits, (…, V). Raises MaskwiseError
    where that, or an explanation at all, cannot be had of this kind of model.
    """

    def __init__(self, loaded: LoadedModel, hidden: bool = False):
        self.model, self.hidden, self.traits = loaded.model, hidden, traits_of(loaded)
        if hidden and not self.traits.gives_hidden:
            raise MaskwiseError(
                f"{kind_of(self.model)} models do not show what their MLM head decodes. Choose the manual or "
                "the knowledgeable verbalizer, or another model."
            )

    def at(self, positions: torch.Tensor, **inputs) -> torch.Tensor:
        """What the head gives at `positions` (B, M): (B, M, V) or (B, M, d).

        inputs: inputs_embeds (B, L, d) or input_ids (B, L), and attention_mask. In a small model the decoder
        takes as long as the encoder, and its output of a whole batch hundreds of megabytes, so it reads no
        more than is needed.
        """
        rows = torch.arange(len(positions), device=positions.device)[:, None]
        if not self.traits.splits:
            return self.model(**inputs).logits[rows, positions]
        encoded = halves_of(self.model).encoder(**inputs)[0]  # (B, L, d)
        return self.head(encoded[rows, positions])

    def everywhere(self, inputs_embeds: torch.Tensor, eager: bool = False, **flags):
        """The model's output for word embeddings (B, L, d); its `logits` are (B, L, V) or (B, L, d).

        eager: with attention probabilities. flags: output_attentions, output_hidden_states and the like.
        """
        model = with_eager_attention(self.model) if eager else self.model
        if not self.traits.splits:
            return model(inputs_embeds=inputs_embeds, **flags)
        output = halves_of(model).encoder(inputs_embeds=inputs_embeds, **flags)
        output["logits"] = self.head(output[0])
        return output

    def head(self, encoded: torch.Tensor) -> torch.Tensor:
        """The encoder's hidden states, (B, L, d) → (B, L, V) or (B, L, d)."""
        halves = halves_of(self.model)
        return halves.before_decoder(encoded) if self.hidden else halves.logits(encoded)


@no_grad
def read_masks(
    loaded: LoadedModel,
    clozes: Sequence[Cloze],
    hidden: bool = False,
    on_forward: OnForward | None = None,
) -> torch.Tensor:
    """What the head gives at each prompt's <mask>, (N, V) or, with `hidden`, (N, d); fp32 on the CPU.

    on_forward: called with the number of sequences before each pass.
    """
    reader = MlmReader(loaded, hidden)
    lengths = torch.tensor([len(cloze.prompt.input_ids) for cloze in clozes])
    rows: dict[int, torch.Tensor] = {}
    for group in alike(lengths, reader.traits.pads):
        for places in group.split(max(1, BATCH_TOKENS // int(lengths[group].max()))):
            if on_forward:
                on_forward(len(places))
            batch = [clozes[n] for n in places.tolist()]
            for n, row in zip(places.tolist(), _read_batch(reader, loaded, batch), strict=True):
                rows[n] = row
    return torch.stack([rows[n] for n in range(len(clozes))])


def _read_batch(reader: MlmReader, loaded: LoadedModel, clozes: Sequence[Cloze]) -> torch.Tensor:
    """One pass: (N, V) or (N, d), fp32 on the CPU."""
    position, inputs = batch_of(loaded, clozes)
    return reader.at(position[:, None], **inputs)[:, 0].float().cpu()


def batch_of(loaded: LoadedModel, clozes: Sequence[Cloze]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """On the model's device: where <mask> is in each row, (B,), and input_ids and attention_mask, (B, L)."""
    ids = [torch.tensor(cloze.prompt.input_ids) for cloze in clozes]
    padding = loaded.tokenizer.pad_token_id or 0
    padded = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=padding)  # (B, L)
    lengths = torch.tensor([len(row) for row in ids])
    attention = (torch.arange(padded.shape[1]) < lengths[:, None]).long()
    position = torch.tensor([cloze.mask_position for cloze in clozes], device=loaded.device)
    return position, {"input_ids": padded.to(loaded.device), "attention_mask": attention.to(loaded.device)}


def alike(lengths: torch.Tensor, pads: bool) -> Iterator[torch.Tensor]:
    """Places of the rows that may share a pass: all, or those of one length where padding changes values."""
    if pads:
        yield torch.arange(len(lengths))
        return
    for length in lengths.unique().tolist():
        yield (lengths == length).nonzero()[:, 0]
