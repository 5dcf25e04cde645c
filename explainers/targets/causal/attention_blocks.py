"""What each layer's attention adds to the residual stream, as a sum over heads and source positions.

Read off a forward pass in this thread alone: nothing of the model is hooked or set.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from explainers.core.errors import MaskwiseError
from explainers.targets.causal.model import CausalModel
from explainers.targets.causal.reading import is_quantized
from explainers.targets.remembered import check_finite

SOFTMAX = (functional.softmax, torch.softmax, torch.Tensor.softmax)
PRODUCT = (torch.matmul, torch.Tensor.matmul, torch.Tensor.__matmul__)
SUM = (torch.add, torch.Tensor.add, torch.Tensor.__add__)
LARGEST_ERROR = 0.02  # of the sum of all contributions, as a share of the L1 norm of what attention adds


@dataclass(frozen=True)
class AttentionBlock:
    """y_i = x_i + b + Σ_h Σ_j α_ij^h v_j^h of one layer, at R targets i, over N sources j and H heads.

    weights: α, (H, R, N). values: (H, N, e), which projection, (H, e, d), takes to v_j^h. bias: b, (d,).
    before, after: x and y, (R, d).
    """

    weights: torch.Tensor
    values: torch.Tensor
    projection: torch.Tensor
    bias: torch.Tensor
    before: torch.Tensor
    after: torch.Tensor

    def adds_up(self) -> bool:
        """Whether all contributions together are what attention adds, but for rounding."""
        summed = torch.einsum("hre,hed->rd", self.weights @ self.values, self.projection)
        added = self.after - self.before - self.bias
        return bool((summed - added).abs().sum() <= LARGEST_ERROR * added.abs().sum())

    def span_vectors(self, target_weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Σ_i w_i y_i and Σ_i w_i x_i, (d,) each, and Σ_i w_i α_ij^h, (H, N), of targets weighted w, (R,)."""
        attention = torch.einsum("r,hrn->hn", target_weights, self.weights)
        return target_weights @ self.after, target_weights @ self.before, attention


def attention_blocks(causal: CausalModel, inputs: torch.Tensor, targets: int) -> list[AttentionBlock]:
    """Of every layer, at the last `targets` positions of inputs, (1, N, d + e), fp32. A forward pass.

    causal: with eager attention. Raises MaskwiseError where a layer computes anything but y above.
    """
    if is_quantized(causal.model):
        raise MaskwiseError(
            "This model's weights are quantized, and this method takes them apart. Choose another method, or "
            "the model that it was made from."
        )
    recorder = _Recorder(targets, inputs.device)
    with recorder:
        output = causal.output(inputs, 1, use_cache=False, output_hidden_states=True)
    check_finite(output.logits)
    layers = causal.model.config.get_text_config().num_hidden_layers
    streams = (getattr(output, "hidden_states", None) or ())[:layers]  # what each layer takes in, (1, N, d)
    blocks = recorder.blocks
    whole = len(blocks) == len(streams) == layers and all(
        torch.equal(block.before, recorder.rows(stream)) and block.adds_up()
        for block, stream in zip(blocks, streams, strict=True)
    )
    if not whole:
        kind = causal.model.config.model_type
        raise MaskwiseError(
            f"The attention of {kind} models cannot be taken apart by source words: "
            "their layers do more than add it to what they read. Choose another method, or a model of the "
            "kind of Llama, Mistral, Qwen, Phi-3, GPT-2 or OPT."
        )
    return blocks


class _Recorder(TorchFunctionMode):
    """Follows, layer by layer, softmax → weights · values → output projection → sum with the residual."""

    def __init__(self, targets: int, device: torch.device):
        super().__init__()
        self.blocks: list[AttentionBlock] = []
        self._targets, self._device = targets, device
        self._scores: torch.Size | None = None  # of the last softmax, (1, H, N, N)
        self._attended: tuple[torch.Tensor, torch.Tensor] | None = None
        self._projected: tuple[torch.Tensor, torch.Tensor, torch.Tensor] | None = None

    def rows(self, stream: torch.Tensor) -> torch.Tensor:
        """A residual stream at the target positions, (1, N, d) → (R, d)."""
        return self._kept(stream[0, -self._targets :])

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if func in SOFTMAX and result.dim() == 4:
            self._scores, self._attended, self._projected = result.shape, None, None
        elif func in PRODUCT and args[0].shape == self._scores:
            rows = args[0][0, :, -self._targets :].clone()  # lets go of the N × N weights
            self._scores, self._attended = None, (rows, args[1][0])
        elif self._attended and func is functional.linear:
            self._project(args[1].T, args[2] if len(args) > 2 else None, result)
        elif self._attended and func is torch.addmm:
            self._project(args[2], args[0], result)
        elif self._projected and func in SUM:
            self._add(args, result)
        return result

    def _project(self, weight: torch.Tensor, bias: torch.Tensor | None, result: torch.Tensor) -> None:
        if self._projected is None:
            self._projected = weight, torch.zeros_like(weight[0]) if bias is None else bias, result

    def _add(self, summands, result: torch.Tensor) -> None:
        assert self._attended and self._projected
        weight, bias, projected = self._projected
        if not all(map(torch.is_tensor, summands)):
            return
        own = [each.data_ptr() == projected.data_ptr() for each in summands]
        if own.count(True) != 1:
            return
        weights, values = self._attended
        heads, _, width = values.shape
        if heads * width != weight.shape[0]:
            return
        self.blocks.append(
            AttentionBlock(
                weights=self._kept(weights),
                values=self._kept(values),
                projection=self._kept(weight).unflatten(0, (heads, width)),
                bias=self._kept(bias),
                before=self.rows(summands[own.index(False)]),
                after=self.rows(result),
            )
        )
        self._attended = self._projected = None

    def _kept(self, tensor: torch.Tensor) -> torch.Tensor:
        """fp32, on the device of the inputs, whichever holds the layer."""
        return tensor.to(self._device, torch.float32)
