"""Texts to vectors."""

from __future__ import annotations

from typing import Any

import msgspec

from gamma import plugins
from gamma.dataplane.body import Body
from gamma.dataplane.call import Call
from gamma.dataplane.parts import Parts
from gamma.dataplane.whole_exchange import WholeExchange
from gamma.errors import MissingField
from gamma.routing.deployment import Deployment
from gamma.types.chat import JsonObject
from gamma.types.embedding import EmbeddingRequest, EmbeddingResponse
from gamma.types.usage import Usage


class EmbeddingExchange(WholeExchange):
    """An embedding request.

    Args:
        request: in canonical form.
        served: the shape that the caller speaks.
    """

    def __init__(self, call: Call, parts: Parts, request: EmbeddingRequest, served: Any) -> None:
        super().__init__(call, parts)
        self._request = request
        self._served = served

    async def ask(self, deployment: Deployment) -> EmbeddingResponse:
        """All vectors, in as many requests as the provider's limit of texts per request makes necessary."""
        name = deployment.provider.embedding_wire()
        wire = plugins.load("gamma.wire.embeddings", name)()
        model, inputs = deployment.config.model, self._request.inputs
        size = wire.limit_for(model) or len(inputs)
        parts: list[EmbeddingResponse] = []
        for start in range(0, len(inputs), size):
            some = msgspec.structs.replace(self._request, inputs=inputs[start : start + size])
            answered = await self.send(deployment, "embeddings", name, wire.render_request(some, model))
            parts.append(wire.parse_response(answered))
        return parts[0] if len(parts) == 1 else joined(parts)

    def render(self, response: EmbeddingResponse) -> JsonObject:
        """The vectors in the caller's shape and encoding."""
        rendered: JsonObject = self._served.render_response(response, self._request)
        return rendered


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


def joined(parts: list[EmbeddingResponse]) -> EmbeddingResponse:
    """Several answers as one, in their order; tokens are summed."""
    counted = [part.usage.input_tokens for part in parts if part.usage is not None]
    return EmbeddingResponse(
        vectors=tuple(vector for part in parts for vector in part.vectors),
        model=parts[0].model,
        id=parts[0].id,
        usage=Usage(input_tokens=sum(counted)) if counted else None,
    )
