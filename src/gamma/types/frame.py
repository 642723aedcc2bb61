"""One event of a stream as it lies on the wire, before a dialect reads it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Framing = Literal["sse", "ndjson", "eventstream", "json_array"]


class Frame(Struct, frozen=True, gc=False):
    """A framed piece of a stream.

    Attributes:
        data: the payload (SSE: its `data:` lines joined by newline; NDJSON: one line; eventstream: the message body).
        event: SSE's `event:` name, or the eventstream's `:event-type` or `:exception-type`; empty when absent.
        kind: `exception` for an eventstream exception or error message, else `event`.
    """

    data: bytes
    event: str = ""
    kind: Literal["event", "exception"] = "event"
