"""log p of a class whose label words are read whole, through as many masks as each has tokens."""

from __future__ import annotations

from collections.abc import Sequence

from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError
from explainers.models.fast_fp32 import fast_fp32
from explainers.targets.gradients import check_gradients
from explainers.targets.label import LabelTarget
from explainers.targets.masked_cloze import MaskedCloze
from explainers.targets.masked_prompt import MaskedPrompt, MaskOperator
from explainers.targets.remembered import check_finite
from explainers.text.templates import Cloze
from explainers.verbalizers import Verbalizer
from explainers.verbalizers.whole_words import WholeWordVerbalizer


class WholeWordTarget(LabelTarget):
    """log p(class | m⊙x) in nats, the template filled once with each number of masks that a word needs.

    A mask over spans removes the same words from each of the filled templates, each of which is a pass of
    its own. Methods that read the model at one <mask>, or given embeddings, raise MaskwiseError.
    """

    verbalizer: WholeWordVerbalizer

    def __init__(
        self,
        loaded,
        clozes: Sequence[Cloze],
        verbalizer: WholeWordVerbalizer,
        label_index: int = 0,
        operator: MaskOperator | str = MaskOperator.REPLACE,
        on_forward=None,
    ):
        """clozes: by their number of masks; the last is the one that is shown."""
        super().__init__(loaded, clozes[-1], verbalizer, label_index, operator, on_forward)
        self.clozes = tuple(clozes)

    @property
    def mask_position(self):
        raise _reads_one_mask()

    def forward(self, *arguments, **named):
        raise _reads_one_mask()

    def _class_scores_at_mask(self, embeds):
        raise _reads_one_mask()

    def _evaluate_batch(self, masks):
        return self._scores(masks, self.operator)

    def mask_gradient(self):
        check_gradients(self.model)
        zero_instead = self.operator is MaskOperator.DELETE
        operator = MaskOperator.ZERO if zero_instead else self.operator
        masks = torch.ones(1, len(self.spans), device=self.device, requires_grad=True)
        self.evaluations += 1
        with torch.enable_grad(), fast_fp32(self.device):
            log_probs = self._scores(masks, operator).log_softmax(-1)
            (gradient,) = torch.autograd.grad(log_probs[0, self.label_index], masks)
        check_finite(gradient)
        return gradient[0].float().cpu()

    def _scores(self, masks: torch.Tensor, operator: MaskOperator) -> torch.Tensor:
        """Class scores, (B, T) → (B, C); differentiable, but for deletion."""
        scores = []
        for cloze in self.clozes:
            self.count(len(masks))
            filled = MaskedCloze(cloze, MaskedPrompt(self.loaded, cloze.prompt, operator), self.reader())
            scores.append(filled.scores(masks, self.verbalizer.share_of_scores, len(self.labels)))
        return torch.stack(scores).sum(0)


def label_target(
    loaded, clozes: Sequence[Cloze], verbalizer: Verbalizer, label_index: int, operator: str, on_forward=None
) -> LabelTarget:
    """The target that a verbalizer needs. clozes: one for each of its `mask_counts`."""
    if isinstance(verbalizer, WholeWordVerbalizer):
        return WholeWordTarget(loaded, clozes, verbalizer, label_index, operator, on_forward)
    (cloze,) = clozes
    return LabelTarget(loaded, cloze, verbalizer, label_index, operator, on_forward)


def _reads_one_mask() -> MaskwiseError:
    return MaskwiseError(
        "This reads the model at one <mask>, and words that are read whole have several. Choose the "
        "verbalizer of the words themselves (manual), or a method that only asks for probabilities, such as "
        "feature_ablation."
    )
