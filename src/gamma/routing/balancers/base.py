"""What a balancer must be able to do: one class a file, named as in the settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from gamma.routing.deployment import Deployment


class Outcome(Struct, frozen=True, kw_only=True, gc=False):
    """How one attempt went.

    Attributes:
        ok: whether it was answered.
        fault: whose fault a failure was, in the words of errors.GammaError.fault; empty when ok.
        first_token_s: from sending to the first byte of the body; None when nothing came.
        total_s: the whole attempt.
        input_tokens: what was read.
        output_tokens: what was written.
        cost_usd: None when the price is unknown.
    """

    ok: bool
    fault: str = ""
    first_token_s: float | None = None
    total_s: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None


class Balancer(Protocol):
    """Chooses which deployment of a model answers a request. One instance serves one model."""

    def choose(self, candidates: Sequence[Deployment]) -> Deployment:
        """One of the candidates.

        Args:
            candidates: at least one; deployments that may be used now and were not tried for this request yet.
        """

    def update(self, deployment: Deployment, outcome: Outcome) -> None:
        """Learns how an attempt went."""
