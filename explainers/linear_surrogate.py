"""A sparse linear model of log p under random masks, in the manner of ContextCite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from explainers.core import base
from explainers.core.base import Explainer, option, register
from explainers.core.deferred_torch import torch
from explainers.core.target import Target

if TYPE_CHECKING:
    from sklearn.compose import TransformedTargetRegressor

KEEP = 0.5  # probability with which a mask keeps a span
FOLDS = 5
POOR_FIT = 0.5
TINY = 1e-9  # less than this is rounding


@register
class LinearSurrogate(Explainer):
    """log p(y | m⊙x) ≈ b + Σ_t w_t m_t, fitted by LASSO to random masks; w_t is the score of span t.

    ContextCite (Cohen-Wang et al. 2024) fits the logit of p; here it is log p, the quantity that all methods
    share, standardised so that the penalty means the same for every answer. How well a sum can describe the
    answer is part of the result: a low R² on masks it was not fitted to says that spans act jointly.
    """

    title = "Linear surrogate"
    reference = "after ContextCite, arXiv 2409.00729"
    score_meaning = "This span's weight, in nats, in a sparse linear model of log p under random masks."

    @dataclass(frozen=True)
    class Options(base.Options):
        samples: int = option(
            64,
            "Samples",
            "Random masks; each is one pass and keeps about half of the spans.",
            minimum=16,
            maximum=2000,
        )
        alpha: float = option(  # bounds that give the slider steps of 0.001
            0.01, "Penalty", "LASSO's α: the higher, the fewer weights.", minimum=0.001, maximum=0.101
        )

    def passes(self, spans):
        return self.options.samples

    def attribute(self, target: Target) -> torch.Tensor:
        generator = torch.Generator().manual_seed(self.options.seed)
        masks = (torch.rand(self.options.samples, len(target.spans), generator=generator) < KEEP).int()
        values = target.log_prob(masks)  # (N,)
        model = sparse_model(self.options.alpha).fit(masks.double(), values)
        fitted = r_squared(values, torch.from_numpy(model.predict(masks.double())))
        predicted = held_out_predictions(masks, values, self.options.alpha)
        held_out = None if predicted is None else r_squared(values, predicted)
        weights = sparse_weights(model)
        self.notes += fit_notes(fitted, held_out, weights, len(masks))
        return weights


def sparse_model(alpha: float) -> TransformedTargetRegressor:
    """LASSO of masks (N, T) → values (N,), both standardised where it is fitted."""
    from sklearn.compose import TransformedTargetRegressor  # only when needed: it takes seconds to import
    from sklearn.linear_model import Lasso
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    lasso = Lasso(alpha, fit_intercept=False, max_iter=10_000)
    return TransformedTargetRegressor(make_pipeline(StandardScaler(), lasso), transformer=StandardScaler())


def sparse_weights(fitted: TransformedTargetRegressor) -> torch.Tensor:
    """The weights of a fitted sparse model, (T,), in nats."""
    masks, lasso = fitted.regressor_
    return torch.from_numpy(lasso.coef_ * fitted.transformer_.scale_ / masks.scale_)


def held_out_predictions(masks: torch.Tensor, values: torch.Tensor, alpha: float) -> torch.Tensor | None:
    """What the model fitted to the other four fifths says of each fifth, (N,); None where nothing is left
    out, because the masks are all that there are. A mask that was drawn twice is in one fifth."""
    from sklearn.model_selection import PredefinedSplit, cross_val_predict

    distinct, place = masks.unique(dim=0, return_inverse=True)
    if len(distinct) == 2 ** masks.shape[1]:
        return None
    folds = PredefinedSplit((place % FOLDS).numpy())
    return torch.from_numpy(cross_val_predict(sparse_model(alpha), masks.double(), values.double(), cv=folds))


def r_squared(values: torch.Tensor, predicted: torch.Tensor) -> float:
    """The share of the variance of values that predictions account for; 0 where values do not vary."""
    variance = (values - values.mean()).pow(2).sum()
    return (1 - (values - predicted).pow(2).sum() / variance).item() if variance > TINY else 0.0


def fit_notes(fitted: float, held_out: float | None, weights: torch.Tensor, samples: int) -> list[str]:
    """What a reader must know of the fit, in sentences."""
    if held_out is None:
        found = f"{fitted:.2f} on all {2 ** len(weights)} masks that there are"
    else:
        found = (
            f"{held_out:.2f} on masks it was not fitted to, each fifth of the {samples} in turn, and "
            f"{fitted:.2f} on those it was"
        )
    used = int((weights != 0).sum())
    notes = [
        f"The linear model's R² is {found} (1 is a perfect fit, 0 no better than their mean).",
        f"{used} of {len(weights)} spans have a weight other than 0.",
    ]
    if (fitted if held_out is None else held_out) < POOR_FIT:
        notes.append(
            "The fit is poor: raise Samples. If it stays poor, spans act jointly, and no sum describes them."
        )
    return notes
