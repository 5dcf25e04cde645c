"""ProxySPEX: which sets of spans act together, read off boosted trees that were fitted to random masks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explainers.core import base
from explainers.core.base import Explainer, option, register
from explainers.core.deferred_torch import torch
from explainers.core.fourier import Coefficients, FourierFunction
from explainers.core.search import Tally
from explainers.core.target import Target
from explainers.core.types import Explanation, Mask

if TYPE_CHECKING:
    from sklearn.ensemble import GradientBoostingRegressor

DEPTHS, TREES, RATE = (3, 5), 150, 0.1  # of the trees; the depth is chosen by cross-validation
FOLDS = 3
ENERGY = 0.98  # of the trees' variance that the kept coefficients hold
MOST_SETS = 12  # that are shown
TRIED = 16  # sets of k for which the function is lowest; log p decides among them
POOR_FIT = 0.5


@register
class ProxySpex(Explainer):
    """log p(y | m⊙x) ≈ Σ_S F(S) χ_S(m), with the few sets S that gradient-boosted trees find.

    Random masks that keep each span with probability ½ are evaluated; trees are fitted to log p; each tree
    is a short sum of parities, so the ensemble is one; the largest coefficients are kept and fitted again by
    ridge regression. Trees find a set through its subsets, which is how effects of language models are built.
    A span's score is its Shapley value in that sum. The removed set is, of the 16 sets for which the sum
    is lowest, the one with the lowest log p. Here the trees are scikit-learn's; the authors take LightGBM.
    """

    title = "ProxySPEX"
    reference = "Butler et al. 2025, arXiv 2505.17495"
    score_meaning = "This span's Shapley value, in nats, in a sum of sets of spans fitted to log p."

    @dataclass(frozen=True)
    class Options(base.Options):
        samples: int = option(
            300,
            "Samples",
            "Random masks; each is one pass and keeps about half of the spans.",
            minimum=50,
            maximum=5000,
        )

    def passes(self, spans):
        return self.options.samples + TRIED

    def stream(self, target: Target) -> Iterator[Explanation]:
        tally = Tally(target)
        function, notes = self._fit(target)
        masks = function.lowest_sets(self.options.k, TRIED)
        lowest = target.lowest(torch.tensor(masks)).argmin()
        yield Explanation(
            method=self.name(),
            spans=target.spans,
            scores=tuple(function.shapley_values().tolist()),
            mask=masks[lowest],
            interactions=function.interactions(MOST_SETS),
            notes=(*notes, *target.notes()),
            **tally.fields(),
        )

    def _fit(self, target: Target) -> tuple[FourierFunction, list[str]]:
        """The function, and how well the trees fit it."""
        generator = torch.Generator().manual_seed(self.options.seed)
        masks = (torch.rand(self.options.samples, len(target.spans), generator=generator) < 0.5).int()
        values = target.log_prob(masks)  # (N,)
        trees, held_out = fit_trees(masks, values, self.options.seed)
        kept = strongest(coefficients(trees), most=len(masks) // 4)
        function = refined(FourierFunction.of(kept, len(target.spans)), masks, values)
        return function, fit_notes(function, trees.score(masks.numpy(), values.numpy()), held_out)


def fit_trees(
    masks: torch.Tensor, values: torch.Tensor, seed: int
) -> tuple[GradientBoostingRegressor, float | None]:
    """Boosted trees of the depth that predicts held-out masks best, (N, T) and (N,), and their R² there; None
    where the masks are all that there are, so that nothing could be held out."""
    from sklearn.ensemble import GradientBoostingRegressor  # only when needed: it takes seconds to import
    from sklearn.model_selection import GridSearchCV, PredefinedSplit

    trees = GradientBoostingRegressor(n_estimators=TREES, learning_rate=RATE, random_state=seed)
    numbers = numbered(masks)
    folds = PredefinedSplit(folds_of(numbers, seed))
    search = GridSearchCV(trees, {"max_depth": DEPTHS}, scoring="r2", cv=folds)
    search.fit(masks.numpy(), values.numpy())
    every = max(numbers) + 1 == 2 ** masks.shape[1]
    return search.best_estimator_, None if every else float(search.best_score_)


def numbered(masks: torch.Tensor) -> list[int]:
    """The number of each mask, (N, T), among the distinct ones, from 0 as they come."""
    numbers: dict[Mask, int] = {}
    return [numbers.setdefault(tuple(mask), len(numbers)) for mask in masks.tolist()]


def folds_of(numbers: list[int], seed: int) -> list[int]:
    """The fold of each mask, by its number: one that was drawn twice is never on both sides."""
    from sklearn.model_selection import KFold

    distinct = max(numbers) + 1
    parts = KFold(min(FOLDS, distinct), shuffle=True, random_state=seed).split(range(distinct))
    fold_of = {number: fold for fold, (_, held_out) in enumerate(parts) for number in held_out.tolist()}
    return [fold_of[number] for number in numbers]


def coefficients(trees: GradientBoostingRegressor) -> Coefficients:
    """F(S) of the whole ensemble, by Algorithm 1 of the paper."""
    total: Coefficients = {frozenset(): float(trees.init_.constant_.item())}
    for (tree,) in trees.estimators_:
        for members, value in tree_coefficients(tree.tree_).items():
            total[members] = total.get(members, 0.0) + trees.learning_rate * value
    return total


def tree_coefficients(tree, node: int = 0) -> Coefficients:
    """F(S) below a node: with t its span, f = (removed + kept) / 2 + χ_t (removed − kept) / 2."""
    removed, kept = tree.children_left[node], tree.children_right[node]
    if removed == kept:
        return {frozenset(): float(tree.value[node].item())}
    t, found = int(tree.feature[node]), Coefficients()
    for branch, sign in ((removed, 1), (kept, -1)):
        for members, value in tree_coefficients(tree, branch).items():
            for joined, share in ((members, value / 2), (members | {t}, sign * value / 2)):
                found[joined] = found.get(joined, 0.0) + share
    return found


def strongest(found: Coefficients, most: int) -> Coefficients:
    """The mean, and the largest coefficients that hold ENERGY of the variance; no more than `most`."""
    ranked = sorted((s for s in found if s), key=lambda s: -abs(found[s]))
    energy = torch.tensor([found[s] for s in ranked], dtype=torch.float64).square()
    enough = int((energy.cumsum(0) < ENERGY * energy.sum()).sum()) + 1
    return {s: found.get(s, 0.0) for s in [frozenset(), *ranked[: min(enough, most)]]}


def refined(function: FourierFunction, masks: torch.Tensor, values: torch.Tensor) -> FourierFunction:
    """The same sets with coefficients fitted to the masks themselves, by ridge regression."""
    if len(function.sets) == 1:  # the mean alone: all masks have the same value
        return function
    from sklearn.linear_model import RidgeCV

    ridge = RidgeCV(alphas=(0.01, 0.1, 1.0, 10.0), fit_intercept=True)
    ridge.fit(function.parities(masks)[:, 1:].numpy(), values.numpy())  # the first set is the empty one
    fitted = torch.tensor([ridge.intercept_, *ridge.coef_], dtype=torch.float64)
    return FourierFunction(function.sets, fitted)


def fit_notes(function: FourierFunction, fitted: float, held_out: float | None) -> list[str]:
    """What a reader must know of the fit, in sentences. fitted, held_out: R² of the trees."""
    sizes = function.sets.sum(1)
    found = (
        f"{fitted:.2f} on all {2 ** function.sets.shape[1]} masks that there are"
        if held_out is None
        else f"{held_out:.2f} on masks they were not fitted to"
    )
    notes = [
        f"The trees' R² is {found} (1 is a perfect fit, 0 no better than their mean). "
        f"Kept were single spans, {int((sizes == 1).sum())}, and larger sets, {int((sizes > 1).sum())}."
    ]
    if (fitted if held_out is None else held_out) < POOR_FIT:
        notes.append("The fit is poor: raise Samples before you trust the sets.")
    return notes
