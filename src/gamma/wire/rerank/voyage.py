"""Voyage's rerank dialect: `top_k`, and results under `data`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from gamma.errors import UnsupportedParameter
from gamma.types.chat import JsonObject
from gamma.types.rerank import RerankRequest, RerankResponse
from gamma.types.usage import Usage
from gamma.wire.fields import Fields
from gamma.wire.rerank._reading import carried_extra, decode, document_of, documents
from gamma.wire.rerank.base import RerankWire
from gamma.wire.rerank.jina import Result, ranked


class _Usage(Struct):
    total_tokens: int | None = None


class _Answer(Struct):
    data: list[Result]
    model: str | None = None
    usage: _Usage | None = None


_decoder = msgspec.json.Decoder(_Answer)


class Voyage(RerankWire):
    """`POST /rerank`."""

    path: ClassVar[str] = "/rerank"

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None) -> RerankRequest:
        """A caller's request."""
        fields = Fields(body)
        named = model if model is not None else fields.text("model")
        fields.raw("model")
        request = RerankRequest(
            model=named,
            query=fields.text("query"),
            documents=documents(fields, "documents"),
            top_n=fields.opt_int("top_k", low=1),
            return_documents=bool(fields.opt_bool("return_documents")),
            dialect="voyage",
        )
        return msgspec.structs.replace(request, extra=fields.rest())

    def render_request(self, request: RerankRequest, model: str) -> JsonObject:
        """The body to send."""
        if request.max_tokens_per_doc is not None:
            raise UnsupportedParameter(f"{model} cannot take `max_tokens_per_doc`; leave it out", param="max_tokens_per_doc")
        body: JsonObject = {"model": model, "query": request.query, "documents": list(request.documents)}
        if request.top_n is not None:
            body["top_k"] = request.top_n
        return body | carried_extra(request, model, "voyage")

    def parse_response(self, body: bytes) -> RerankResponse:
        """A provider's answer."""
        answer = decode(body, _decoder)
        tokens = answer.usage.total_tokens if answer.usage else None
        usage = None if tokens is None else Usage(input_tokens=tokens)
        return RerankResponse(results=ranked(answer.data), model=answer.model or "", usage=usage)

    def render_response(self, response: RerankResponse, request: RerankRequest) -> JsonObject:
        """The answer."""
        data = []
        for result in response.results:
            text = document_of(result, request)
            shown = {} if text is None else {"document": text}
            data.append({"relevance_score": result.score, "index": result.index, **shown})
        tokens = response.usage.input_tokens if response.usage else 0
        return {"object": "list", "data": data, "model": request.model, "usage": {"total_tokens": tokens}}
