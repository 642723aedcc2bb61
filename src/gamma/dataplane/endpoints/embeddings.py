"""Texts to vectors."""

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
from gamma.types.embedding import EmbeddingRequest, EmbeddingResponse
from gamma.types.usage import Usage
from gamma.wire.provider_errors import parse_error


class EmbeddingExchange:
    """An embedding request, ready to be attempted on any deployment."""

    def __init__(self, call: Call, parts: Parts, request: EmbeddingRequest, served: Any) -> None:
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
        try:
            response = await self._embed(deployment)
        finally:
            call.upstream_s += monotonic() - begun
        call.spend(response.usage)
        body = msgspec.json.encode(self._served.render_response(response, self._request))
        self.committed = True
        now = call.first_byte = monotonic()
        call.request.connection.respond(200, answer_head(call, now), body)
        return Outcome(ok=True, total_s=now - begun, cost_usd=call.cost_usd)

    async def _embed(self, deployment: Deployment) -> EmbeddingResponse:
        """All vectors, in as many requests as the provider's limit of texts per request makes necessary."""
        name = deployment.provider.embedding_wire()
        wire = plugins.load("gamma.wire.embeddings", name)()
        inputs = self._request.inputs
        size = wire.limit_for(deployment.config.model) or len(inputs)
        parts = [
            await self._embed_some(deployment, name, wire, inputs[start : start + size])
            for start in range(0, len(inputs), size)
        ]
        if len(parts) == 1:
            return parts[0]
        return EmbeddingResponse(
            vectors=tuple(vector for part in parts for vector in part.vectors),
            model=parts[0].model,
            id=parts[0].id,
            usage=_sum([part.usage for part in parts]),
        )

    async def _embed_some(
        self, deployment: Deployment, name: str, wire: Any, inputs: tuple[str | tuple[int, ...], ...]
    ) -> EmbeddingResponse:
        request = msgspec.structs.replace(self._request, inputs=inputs)
        rendered = deployment.provider.adjust_body(wire.render_request(request, deployment.config.model))
        channel, message = await deployment.request("embeddings", name, stream=False, body=msgspec.json.encode(rendered))
        reply = await self._parts.pool.send(channel, message, deployment.config.timeouts)
        if reply.status >= 300:
            raise parse_error(reply.status, reply.headers, reply.body)
        response: EmbeddingResponse = wire.parse_response(reply.body)
        return response


async def answer(parts: Parts, call: Call) -> None:
    """Answers an embedding request.

    Raises:
        GammaError: nobody could answer.
    """
    assert call.match is not None
    served = plugins.load("gamma.wire.embeddings", "gemini" if call.match.model is not None else "openai")()
    body = Body(call.request.body, "")
    if call.match.model is None and not body.shape.model:
        raise MissingField("`model` is required", param="model")
    request = served.parse_request(body.value, model=call.match.model)
    call.model = parts.router.find(request.model)
    await parts.router.send(call.model, EmbeddingExchange(call, parts, request, served))


def _sum(parts: list[Usage | None]) -> Usage | None:
    known = [part for part in parts if part is not None]
    return Usage(input_tokens=sum(part.input_tokens for part in known)) if known else None
