"""What endpoints work with."""

from __future__ import annotations

from collections.abc import Callable

from gamma.dataplane.wires import Wires
from gamma.routing.router import Model, Router
from gamma.telemetry.metrics import Metrics
from gamma.transport.pool import Pool


class Parts:
    """The parts that answer requests, built once in `app.py`.

    Args:
        router: decides who answers.
        pool: outward connections.
        metrics: counts.
        listing: every model that can be asked for now: those of the settings, then `provider/model` of the catalogue.

    Attributes:
        ready: whether new requests are welcome; false from the moment the server begins to stop.
    """

    __slots__ = ("listing", "metrics", "pool", "ready", "router", "wires")

    def __init__(self, router: Router, pool: Pool, metrics: Metrics, listing: Callable[[], list[Model]]) -> None:
        self.router = router
        self.pool = pool
        self.metrics = metrics
        self.listing = listing
        self.wires = Wires()
        self.ready = True
