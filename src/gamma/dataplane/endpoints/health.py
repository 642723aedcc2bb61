"""Whether the process lives, whether it takes requests, and its counts."""

from __future__ import annotations

import msgspec

from gamma import __version__
from gamma.dataplane.answers import plain_head
from gamma.dataplane.call import Call
from gamma.dataplane.parts import Parts

_TEXT = b"content-type: text/plain; version=0.0.4; charset=utf-8\r\n"


async def answer_live(parts: Parts, call: Call) -> None:
    """Liveness: touches nothing but the loop itself."""
    del parts
    _respond(call, 200, {"status": "live"})


async def answer_ready(parts: Parts, call: Call) -> None:
    """Readiness: 503 from the moment the server begins to stop."""
    _respond(call, 200 if parts.ready else 503, {"status": "ready" if parts.ready else "stopping"})


async def answer_metrics(parts: Parts, call: Call) -> None:
    """Prometheus' scrape."""
    gauges = {
        "gamma_provider_connections": ("Open connections to providers.", float(parts.pool.open_connections)),
        "gamma_models": ("Models in the settings.", float(len(parts.router.models))),
    }
    call.request.connection.respond(200, plain_head(call, _TEXT), parts.metrics.render(gauges))


async def answer_welcome(parts: Parts, call: Call) -> None:
    """What stands here, for somebody who opens the address in a browser."""
    del parts
    _respond(
        call,
        200,
        {
            "name": "gamma",
            "version": __version__,
            "endpoints": {
                "openai": "/v1/chat/completions",
                "anthropic": "/v1/messages",
                "google": "/v1beta/models/{model}:generateContent",
                "models": "/v1/models",
                "openapi": "/openapi.json",
            },
        },
    )


def _respond(call: Call, status: int, value: object) -> None:
    body = msgspec.json.encode(value) if call.request.method != b"HEAD" else b""
    call.request.connection.respond(status, plain_head(call), body)
