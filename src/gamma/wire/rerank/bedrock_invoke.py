"""Reranking by Bedrock's InvokeModel: Cohere's body without a model (recorded)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gamma.errors import InvalidRequest
from gamma.types.chat import JsonObject
from gamma.types.rerank import RerankRequest, RerankResponse
from gamma.wire.fields import Fields
from gamma.wire.rerank._reading import carried_extra
from gamma.wire.rerank.base import RerankWire
from gamma.wire.rerank.cohere import read_answer, read_fields, render_fields, render_results


class BedrockInvoke(RerankWire):
    """`POST /model/{model}/invoke` with a rerank model."""

    path: ClassVar[str] = "/model/{model}/invoke"

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None) -> RerankRequest:
        """A caller's request; the model stands in the path."""
        if model is None:
            raise InvalidRequest("`model` is required", param="model")
        fields = Fields(body)
        fields.raw("api_version")
        return read_fields(fields, model, "bedrock_invoke")

    def render_request(self, request: RerankRequest, model: str) -> JsonObject:
        """The body to send; Cohere's models require `api_version` 2 and Amazon's do not know it."""
        version = {"api_version": 2} if "cohere." in model else {}
        return render_fields(request) | version | carried_extra(request, model, "bedrock_invoke", "cohere")

    def parse_response(self, body: bytes) -> RerankResponse:
        """A provider's answer; it tells neither tokens nor units."""
        return read_answer(body)

    def render_response(self, response: RerankResponse, request: RerankRequest) -> JsonObject:
        """The answer."""
        return {"results": render_results(response, request)}
