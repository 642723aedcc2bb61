"""How long each part of an upstream call may take."""

from __future__ import annotations

from msgspec import Struct


class Timeouts(Struct, frozen=True, kw_only=True):
    """Deadlines of one attempt, in seconds.

    Attributes:
        connect_s: name resolution, TCP and TLS together.
        first_token_s: from sending the request to the first byte of a stream's body; whole answers have `total_s` alone.
        stall_s: between two reads of a stream.
        total_s: the whole attempt, from connecting to the last byte.
    """

    connect_s: float = 5.0
    first_token_s: float = 60.0
    stall_s: float = 30.0
    total_s: float = 600.0
