"""Documents by relevance."""

from __future__ import annotations

from typing import Any

from gamma import plugins
from gamma.dataplane.body import Body
from gamma.dataplane.call import Call
from gamma.dataplane.parts import Parts
from gamma.dataplane.whole_exchange import WholeExchange
from gamma.errors import MissingField
from gamma.routing.deployment import Deployment
from gamma.types.chat import JsonObject
from gamma.types.rerank import RerankRequest, RerankResponse


class RerankExchange(WholeExchange):
    """A rerank request.

    Args:
        request: in canonical form.
        served: the shape that the caller speaks.
    """

    def __init__(self, call: Call, parts: Parts, request: RerankRequest, served: Any) -> None:
        super().__init__(call, parts)
        self._request = request
        self._served = served

    async def ask(self, deployment: Deployment) -> RerankResponse:
        """The deployment's order of the documents."""
        name = deployment.provider.rerank_wire()
        wire = plugins.load("gamma.wire.rerank", name)()
        rendered = wire.render_request(self._request, deployment.config.model)
        response: RerankResponse = wire.parse_response(await self.send(deployment, "rerank", name, rendered))
        return response

    def render(self, response: RerankResponse) -> JsonObject:
        """The answer in the shape that Cohere and Jina share."""
        rendered: JsonObject = self._served.render_response(response, self._request)
        return rendered


async def answer(parts: Parts, call: Call) -> None:
    """Answers a rerank request.

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
