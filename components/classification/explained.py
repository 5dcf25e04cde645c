"""Which edits of the Classification tab change nothing that is shown: those that a run has read already,
those made before it, and those of a page that fills in the inputs of a result one by one."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

MOST_SESSIONS = 1_000


class Explained:
    """By session, the inputs before and after those of the run or the result that is shown were filled in.

    An edit that comes late, or of some of them, must neither end the run nor wipe the result.

    deciding: held by a run or an edit until it has taken the place of what was shown. So an edit comes either
    before a run or after it, and never ends it.
    """

    def __init__(self):
        self.deciding = Lock()
        self._inputs: OrderedDict[str, tuple[dict, dict, int]] = OrderedDict()  # the oldest first

    def fill(self, session: str | None, before: dict, after: dict, arrived: int = 0) -> None:
        """A run or a result of the inputs `after` is about to be shown, in the place of others.

        arrived: number of the request that asks for it.
        """
        self.forget(session)
        self._inputs[session or ""] = before, after, arrived
        while len(self._inputs) > MOST_SESSIONS:
            self._inputs.popitem(last=False)

    def is_shown(self, session: str | None, inputs: dict, arrived: int) -> bool:
        """Whether the result that is shown is of these inputs, all or some of which are filled in, or of
        later ones. arrived: number of the request that brought these."""
        before, after, since = self._inputs.get(session or "", ({}, {}, 0))
        if arrived < since:
            return True
        if after and inputs == after:  # all are filled in
            self._inputs[session or ""] = after, after, since
        return bool(after) and all(value in (before[name], after[name]) for name, value in inputs.items())

    def forget(self, session: str | None) -> None:
        """Nothing is shown, or the page was left."""
        self._inputs.pop(session or "", None)
