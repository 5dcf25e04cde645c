"""How often somebody may try: so many times at once, then one more for each pause."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from time import monotonic

MOST_KNOWN = 10_000  # visitors that are remembered


@dataclass
class Allowance:
    """most: tries at once. seconds: until one more is allowed."""

    most: int
    seconds: float
    now: Callable[[], float] = monotonic
    _spent: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)  # tries, and when

    def is_left(self, visitor: str) -> bool:
        """Whether the visitor may try."""
        return self._tries(visitor) + 1 <= self.most

    def spend(self, visitor: str) -> None:
        """The visitor has tried."""
        self._spent[visitor] = self._tries(visitor) + 1, self.now()
        self._spent.move_to_end(visitor)
        while len(self._spent) > MOST_KNOWN:
            self._spent.popitem(last=False)

    def _tries(self, visitor: str) -> float:
        tries, when = self._spent.get(visitor, (0.0, 0.0))
        return max(0.0, tries - (self.now() - when) / self.seconds)


def visitor_of(host: str | None) -> str:
    """Whose tries count together: those of an address; in IPv6, where a visitor has many, of its network."""
    try:
        address = ip_address(host or "")
    except ValueError:
        return host or ""
    if isinstance(address, IPv6Address):
        return str(int(address) >> 64)
    return str(address)
