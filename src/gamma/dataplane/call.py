"""One request on its way through the gateway: what the steps learn of it."""

from __future__ import annotations

import os
from itertools import count

from gamma.dataplane.connection import HttpRequest
from gamma.dataplane.routes import Match
from gamma.errors import GammaError
from gamma.routing.deployment import Deployment
from gamma.routing.router import Model
from gamma.types.principal import ANYONE, Principal
from gamma.types.usage import Usage

_ids = count(int.from_bytes(os.urandom(4), "big"))
_process = os.urandom(8).hex()


def new_id() -> str:
    """A token that no other request of any process has."""
    return f"{_process}{next(_ids):010x}"


class Call:
    """A request and everything known about it.

    Attributes:
        started: when it was read (`time.monotonic`, seconds).
        at: the same in seconds since 1970.
        upstream_s: time spent waiting for providers.
        first_byte: when the first byte of the answer was written (`time.monotonic`); 0 before.
        usage: tokens that the provider reported; None when it reported none.
        cost_usd: None when the price is unknown.
        error: what the caller was told went wrong.
    """

    __slots__ = (
        "at",
        "attempts",
        "cost_usd",
        "deployment",
        "error",
        "first_byte",
        "id",
        "match",
        "model",
        "principal",
        "request",
        "started",
        "stream",
        "upstream_s",
        "usage",
    )

    def __init__(self, request: HttpRequest, started: float, at: float) -> None:
        self.request = request
        self.id = new_id()
        self.started = started
        self.at = at
        self.match: Match | None = None
        self.principal: Principal = ANYONE
        self.model: Model | None = None
        self.deployment: Deployment | None = None
        self.attempts = 0
        self.stream = False
        self.upstream_s = 0.0
        self.first_byte = 0.0
        self.usage: Usage | None = None
        self.cost_usd: float | None = None
        self.error: GammaError | None = None

    def spend(self, usage: Usage | None) -> None:
        """Notes the tokens of an answer and what they cost."""
        self.usage = usage
        if usage is None:
            return
        price = self.deployment.price if self.deployment is not None else None
        self.cost_usd = usage.cost_usd if usage.cost_usd is not None else price.cost_usd(usage) if price else None
