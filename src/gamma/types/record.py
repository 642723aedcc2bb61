"""What is kept of one request."""

from __future__ import annotations

from msgspec import Struct


class UsageRecord(Struct, frozen=True, kw_only=True, gc=False):
    """One request: who, what, how long, how much.

    Attributes:
        at: seconds since 1970 when the request was read.
        outcome: `ok`, or the code of the error that the caller got.
        cost_usd: None when the price is unknown, never zero for that.
        duration_s: from the request read to the answer written.
        overhead_s: duration less the time spent on providers; for streams up to the first byte.
        first_byte_s: from the request read to the first byte written; None when nothing was.
    """

    request_id: str
    at: float
    principal: str
    surface: str
    model: str
    deployment: str
    attempts: int
    stream: bool
    outcome: str
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: float | None = None
    duration_s: float = 0.0
    overhead_s: float = 0.0
    first_byte_s: float | None = None
