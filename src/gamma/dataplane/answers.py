"""Heads and error bodies of the gateway's answers."""

from __future__ import annotations

import math
from functools import lru_cache
from urllib.parse import quote

import msgspec

from gamma.dataplane.call import Call
from gamma.errors import GammaError
from gamma.wire.base import Served

JSON = b"content-type: application/json\r\n"
_ID_HEADERS = {"anthropic_messages": b"request-id"}  # the official clients look for the id of an answer there
_STREAM_TYPES = {
    "sse": b"content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\nx-accel-buffering: no\r\n",
    "ndjson": b"content-type: application/x-ndjson\r\n",
    "eventstream": b"content-type: application/vnd.amazon.eventstream\r\n",
    "json_array": JSON,
}


@lru_cache(maxsize=4096)
def _names(model: str, deployment: str) -> bytes:
    safe = "/:@.-_ +,()[]"
    return b"x-gamma-model: %b\r\nx-gamma-deployment: %b\r\n" % (
        quote(model, safe=safe).encode(),
        quote(deployment, safe=safe).encode(),
    )


def answer_head(call: Call, now: float, content: bytes = JSON) -> bytes:
    """Header lines of an answer that a deployment gave.

    Args:
        now: `time.monotonic`; what has passed less the time spent on providers is Gamma's own overhead.
        content: lines that describe the body.
    """
    assert call.match is not None
    assert call.model is not None
    assert call.deployment is not None
    wire = call.match.route.wire
    request_id = call.id.encode()
    cost = b"unknown" if call.cost_usd is None else b"%.9f" % call.cost_usd
    return (
        b"%b%b: %b\r\nx-gamma-request-id: %b\r\n%bx-gamma-attempts: %d\r\n"
        b"x-gamma-cache: off\r\nx-gamma-cost-usd: %b\r\nx-gamma-overhead-ms: %.3f\r\n"
        % (
            content,
            _ID_HEADERS.get(wire, b"x-request-id"),
            request_id,
            request_id,
            _names(call.model.name, call.deployment.name),
            call.attempts,
            cost,
            max(0.0, now - call.started - call.upstream_s) * 1000,
        )
    )


def stream_head(call: Call, now: float, framing: str) -> bytes:
    """Header lines of a streamed answer; its cost is not known yet."""
    return answer_head(call, now, _STREAM_TYPES[framing])


def plain_head(call: Call, content: bytes = JSON) -> bytes:
    """Header lines of an answer that no deployment gave."""
    wire = call.match.route.wire if call.match is not None else ""
    request_id = call.id.encode()
    return b"%b%b: %b\r\nx-gamma-request-id: %b\r\n" % (
        content,
        _ID_HEADERS.get(wire, b"x-request-id"),
        request_id,
        request_id,
    )


def error_answer(call: Call, error: GammaError, wire: Served) -> tuple[bytes, bytes]:
    """Head and body of an error answer in the caller's dialect."""
    head = plain_head(call)
    if call.model is not None and call.deployment is not None:
        head += _names(call.model.name, call.deployment.name) + b"x-gamma-attempts: %d\r\n" % call.attempts
        # The official clients would retry what was retried here already, multiplying attempts (providers.md 2.5).
        if call.attempts > 1:
            head += b"x-should-retry: false\r\n"
    if error.retry_after_s is not None:
        head += b"retry-after: %d\r\n" % max(1, math.ceil(error.retry_after_s))
    elif error.status in (429, 503):
        head += b"retry-after: 1\r\n"
    if error.status == 405 and call.match is None:
        head += b"allow: GET, POST\r\n"
    return head, msgspec.json.encode(wire.render_error(error, call.id))
