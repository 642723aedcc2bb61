"""No gateway: the mock upstream alone, the ceiling of what this machine's other core can ask and answer."""

from __future__ import annotations

from peers.base import Peer


class Direct(Peer):
    """Load that goes straight to the upstream; a gateway close to it is not what limits the number."""

    name = "direct"
    product = "no gateway: the ceiling"
    ready = "/v1/models"

    def install(self) -> str:
        """There is nothing to install."""
        return "-"
