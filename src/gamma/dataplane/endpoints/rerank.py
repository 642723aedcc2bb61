"""Documents by relevance."""

from __future__ import annotations

from time import monotonic
from typing import Any

import msgspec

from gamma import plugins
from gamma.dataplane.answers import answer_head
from gamma.dataplane.body import Body
from gamma.dataplane.call import Call
from gamma.dataplane.parts import Parts
from gamma.errors import MissingField
from gamma.routing.balancers.base import Outcome
from gamma.routing.deployment import Deployment
from gamma.routing.router import Model
from gamma.types.rerank import RerankRequest
from gamma.wire.provider_errors import parse_error


class RerankExchange:
    """A rerank request, ready to be attempted on any deployment."""

    def __init__(self, call: Call, parts: Parts, request: RerankRequest, served: Any) -> None:
        self.committed = False
        self._call = call
        self._parts = parts
        self._request = request
        self._served = served

    async def attempt(self, model: Model, deployment: Deployment) -> Outcome:
        """Tries to answer by a deployment; see `routing.router.Exchange`."""
        call = self._call
        call.attempts += 1
        call.model, call.deployment = model, deployment
        begun = monotonic()
        name = deployment.provider.rerank_wire()
        wire = plugins.load("gamma.wire.rerank", name)()
        rendered = deployment.provider.adjust_body(wire.render_request(self._request, deployment.config.model))
        channel, message = await deployment.request("rerank", name, stream=False, body=msgspec.json.encode(rendered))
        try:
            reply = await self._parts.pool.send(channel, message, deployment.config.timeouts)
        finally:
            call.upstream_s += monotonic() - begun
        if reply.status >= 300:
            raise parse_error(reply.status, reply.headers, reply.body)
        response = wire.parse_response(reply.body)
        call.spend(response.usage)
        body = msgspec.json.encode(self._served.render_response(response, self._request))
        self.committed = True
        now = call.first_byte = monotonic()
        call.request.connection.respond(200, answer_head(call, now), body)
        return Outcome(ok=True, total_s=now - begun, cost_usd=call.cost_usd)


async def answer(parts: Parts, call: Call) -> None:
    """Answers a rerank request, in the shape that Cohere and Jina share.

    Raises:
        GammaError: nobody could answer.
    """
    body = Body(call.request.body, "")
    if not body.shape.model:
        raise MissingField("`model` is required", param="model")
    served = plugins.load("gamma.wire.rerank", "jina")()
    request = served.parse_request(body.value)
    call.model = parts.router.find(request.model)
    await parts.router.send(call.model, RerankExchange(call, parts, request, served))
