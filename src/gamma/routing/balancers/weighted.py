"""Random choice in proportion to weights."""

from __future__ import annotations

import random
from collections.abc import Sequence

from gamma.routing.balancers.base import Outcome
from gamma.routing.deployment import Deployment


class Weighted:
    """Chooses at random, each candidate in proportion to its weight.

    Args:
        seed: makes the choices repeatable (tests, simulation).
    """

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)  # noqa: S311  # spreads load, guards nothing

    def choose(self, candidates: Sequence[Deployment]) -> Deployment:
        """A candidate, at random by weight; evenly when all weights are zero."""
        total = sum(d.weight for d in candidates)
        if total <= 0:
            return self._random.choice(candidates)
        mark = self._random.random() * total
        for deployment in candidates:
            mark -= deployment.weight
            if mark < 0:
                return deployment
        return candidates[-1]

    def update(self, deployment: Deployment, outcome: Outcome) -> None:
        """Chances do not depend on how attempts went."""
