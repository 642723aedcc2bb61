"""Round robin that is fair to weights."""

from __future__ import annotations

from collections.abc import Sequence

from gamma.routing.balancers.base import Outcome
from gamma.routing.deployment import Deployment


class RoundRobin:
    """Smooth weighted round robin, as nginx does it.

    Each round every candidate gains its weight; the richest is chosen and pays the sum of all. Weights 5, 1, 1 give
    a a b a c a a, never five in a row. Without weights it is the plain turn.
    """

    def __init__(self) -> None:
        self._credit: dict[Deployment, float] = {}

    def choose(self, candidates: Sequence[Deployment]) -> Deployment:
        """The candidate whose turn it is."""
        credit = self._credit
        total = 0.0
        best, most = candidates[0], float("-inf")
        for deployment in candidates:
            total += deployment.weight
            credit[deployment] = have = credit.get(deployment, 0.0) + deployment.weight
            if have > most:
                best, most = deployment, have
        credit[best] -= total
        return best

    def update(self, deployment: Deployment, outcome: Outcome) -> None:
        """Turns do not depend on how attempts went."""
