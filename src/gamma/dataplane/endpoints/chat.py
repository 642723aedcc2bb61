"""Conversations: every chat dialect, whole or streamed."""

from __future__ import annotations

import asyncio

import structlog

from gamma.dataplane.body import Body
from gamma.dataplane.call import Call
from gamma.dataplane.exchange import ChatExchange
from gamma.dataplane.parts import Parts
from gamma.errors import Draining, GammaError, MissingField

_log = structlog.get_logger(__name__)


async def answer(parts: Parts, call: Call) -> None:
    """Answers a conversation in the dialect it came in.

    Raises:
        GammaError: nobody could answer, and nothing was sent.
    """
    assert call.match is not None
    body = Body(call.request.body, call.match.route.wire)
    name = call.match.model if call.match.model is not None else body.shape.model
    if not name:
        raise MissingField("`model` is required", param="model")
    call.stream = call.match.stream if call.match.stream is not None else bool(body.shape.stream)
    call.model = parts.router.find(name)
    exchange = ChatExchange(call, parts.wires, parts.pool, body)
    try:
        await parts.router.send(call.model, exchange)
    except GammaError as error:
        if not exchange.committed:
            raise
        call.error = error
        _log.warning("stream failed", request_id=call.id, code=error.code, message=error.message)
        exchange.fail(error)
    except asyncio.CancelledError:
        if not exchange.committed or call.request.connection.closed:
            raise
        call.error = Draining("the gateway stopped before the answer was complete")
        exchange.fail(call.error)
    else:
        await call.request.connection.drained()
