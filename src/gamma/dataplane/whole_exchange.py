"""Requests whose answer is always whole and always translated: embeddings and rerank."""

from __future__ import annotations

from abc import ABC, abstractmethod
from time import monotonic
from typing import Any

import msgspec

from gamma.dataplane.answers import answer_head
from gamma.dataplane.call import Call
from gamma.dataplane.parts import Parts
from gamma.providers.base import Kind
from gamma.routing.balancers.base import Outcome
from gamma.routing.deployment import Deployment
from gamma.routing.router import Model
from gamma.types.chat import JsonObject
from gamma.wire.provider_errors import parse_error


class WholeExchange(ABC):
    """A request, ready to be attempted on any deployment; see `routing.router.Exchange`.

    Args:
        call: the request as it came.
        parts: what endpoints work with.
    """

    def __init__(self, call: Call, parts: Parts) -> None:
        self.committed = False
        self._call = call
        self._parts = parts

    async def attempt(self, model: Model, deployment: Deployment) -> Outcome:
        """Tries to answer as a model by one of its deployments."""
        call = self._call
        call.attempts += 1
        call.model, call.deployment = model, deployment
        begun = monotonic()
        try:
            response = await self.ask(deployment)
        finally:
            call.upstream_s += monotonic() - begun
        call.spend(response.usage)
        body = msgspec.json.encode(self.render(response))
        self.committed = True
        now = call.first_byte = monotonic()
        call.request.connection.respond(200, answer_head(call, now), body)
        return Outcome(ok=True, total_s=now - begun, cost_usd=call.cost_usd)

    @abstractmethod
    async def ask(self, deployment: Deployment) -> Any:
        """The deployment's answer in canonical form, with its `usage`."""

    @abstractmethod
    def render(self, response: Any) -> JsonObject:
        """The answer in the caller's shape."""

    async def send(self, deployment: Deployment, kind: Kind, wire: str, body: JsonObject) -> bytes:
        """Sends one body and gives the answer's.

        Raises:
            GammaError: the provider could not be reached, or answered with an error.
        """
        data = msgspec.json.encode(deployment.provider.adjust_body(body))
        channel, message = await deployment.request(kind, wire, stream=False, body=data)
        reply = await self._parts.pool.send(channel, message, deployment.config.timeouts)
        if reply.status >= 300:
            raise parse_error(reply.status, reply.headers, reply.body)
        return reply.body
