"""A function of masks as a sum of few parities: what each set of spans does, and which set to remove."""

from __future__ import annotations

from dataclasses import dataclass

from explainers.core.deferred_torch import torch
from explainers.core.types import Interaction, Mask

Coefficients = dict[frozenset[int], float]  # set of spans → F(S)


@dataclass(frozen=True)
class FourierFunction:
    """f(m) = Σ_S F(S) χ_S(m) with χ_S(m) = Π_{t∈S} (−1)^{m_t}; m holds 1 (keep) or 0 (remove) per span.

    sets: (M, T), 1 for each member of a set. values: F, (M,), nats.
    """

    sets: torch.Tensor
    values: torch.Tensor

    @classmethod
    def of(cls, coefficients: Coefficients, spans: int) -> FourierFunction:
        sets = torch.zeros(len(coefficients), spans, dtype=torch.float64)
        for row, members in enumerate(coefficients):
            sets[row, list(members)] = 1
        return cls(sets, torch.tensor(list(coefficients.values()), dtype=torch.float64))

    def parities(self, masks: torch.Tensor) -> torch.Tensor:
        """χ_S(m), (B, T) → (B, M)."""
        return 1 - 2 * ((masks.double() @ self.sets.T) % 2)

    def __call__(self, masks: torch.Tensor) -> torch.Tensor:
        """(B, T) → (B,)."""
        return self.parities(masks) @ self.values

    def shapley_values(self) -> torch.Tensor:
        """(T,), nats. The members of a set share −2 F(S) where it is odd; an even one moves nothing from none
        kept to all kept."""
        sizes = self.sets.sum(1)  # (M,)
        shares = torch.where(sizes % 2 == 1, -2 * self.values / sizes.clamp(min=1), 0.0)
        return shares @ self.sets

    def interactions(self, most: int) -> tuple[Interaction, ...]:
        """The sets of two or more spans that account for most of the variance, the strongest first.

        nats: the Banzhaf interaction (−2)^|S| F(S), the mean over random masks of the alternating sum of f
        over which members are kept.
        """
        sizes = self.sets.sum(1)
        joint = [n for n in self.values.abs().argsort(descending=True, stable=True).tolist() if sizes[n] > 1]
        return tuple(
            Interaction(tuple(self.sets[n].nonzero()[:, 0].tolist()), self._banzhaf(n)) for n in joint[:most]
        )

    def lowest_sets(self, k: int, most: int) -> list[Mask]:
        """Masks with k zeros for which f is lowest, in order, found by a beam of `most` for each size.

        It grows by single spans and by whole sets: the members of a set may do nothing one by one.
        """
        spans = self.sets.shape[1]
        steps = 1 - torch.cat([torch.eye(spans), self.sets[self.sets.sum(1) > 1]]).int()  # (T + M', T)
        found = [torch.ones(1, spans, dtype=torch.int)]  # (B, T) by the number of removed spans
        found += [torch.empty(0, spans, dtype=torch.int) for _ in range(k)]
        for size in range(k):
            wider = (self._lowest(found[size], most)[:, None] * steps).flatten(0, 1)
            removed = spans - wider.sum(1)
            for larger in range(size + 1, k + 1):
                found[larger] = torch.cat([found[larger], wider[removed == larger]])
        return [tuple(mask) for mask in self._lowest(found[k], most).tolist()]

    def _lowest(self, masks: torch.Tensor, most: int) -> torch.Tensor:
        """Of (B, T) the distinct masks for which f is lowest, (≤ most, T)."""
        masks = masks.unique(dim=0)
        return masks[self(masks).argsort(stable=True)[:most]]

    def _banzhaf(self, row: int) -> float:
        return (-2) ** int(self.sets[row].sum()) * self.values[row].item()
