"""Cohere's rerank dialect, version 2; answers never repeat the documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from gamma.types.chat import JsonObject
from gamma.types.rerank import RerankRequest, RerankResponse
from gamma.types.usage import Usage
from gamma.wire.fields import Fields
from gamma.wire.rerank._reading import carried_extra, decode, document_of, documents
from gamma.wire.rerank.base import RerankWire
from gamma.wire.rerank.jina import Result, ranked


class _Units(Struct):
    search_units: float | None = None
    input_tokens: float | None = None


class _Meta(Struct):
    billed_units: _Units | None = None
    tokens: _Units | None = None


class _Answer(Struct):
    results: list[Result]
    id: str | None = None
    meta: _Meta | None = None


_decoder = msgspec.json.Decoder(_Answer)


class Cohere(RerankWire):
    """`POST /v2/rerank`."""

    path: ClassVar[str] = "/v2/rerank"

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None) -> RerankRequest:
        """A caller's request; `return_documents`, known from version 1, is answered too."""
        fields = Fields(body)
        named = model if model is not None else fields.text("model")
        fields.raw("model")
        return read_fields(fields, named, "cohere")

    def render_request(self, request: RerankRequest, model: str) -> JsonObject:
        """The body to send."""
        return {"model": model} | render_fields(request) | carried_extra(request, model, "cohere")

    def parse_response(self, body: bytes) -> RerankResponse:
        """A provider's answer."""
        return read_answer(body)

    def render_response(self, response: RerankResponse, request: RerankRequest) -> JsonObject:
        """The answer; a provider that counts no search units is shown as one, which is what one call costs."""
        units = response.search_units if response.search_units is not None else 1
        meta: JsonObject = {"api_version": {"version": "2"}, "billed_units": {"search_units": units}}
        return {"id": response.id, "results": render_results(response, request), "meta": meta}


def read_fields(fields: Fields, model: str, dialect: str) -> RerankRequest:
    """A request's fields, the model apart."""
    request = RerankRequest(
        model=model,
        query=fields.text("query"),
        documents=documents(fields, "documents"),
        top_n=fields.opt_int("top_n", low=1),
        return_documents=bool(fields.opt_bool("return_documents")),
        max_tokens_per_doc=fields.opt_int("max_tokens_per_doc", low=1),
        dialect=dialect,
    )
    return msgspec.structs.replace(request, extra=fields.rest())


def render_fields(request: RerankRequest) -> JsonObject:
    """A request's fields, the model apart."""
    body: JsonObject = {"query": request.query, "documents": list(request.documents)}
    if request.top_n is not None:
        body["top_n"] = request.top_n
    if request.max_tokens_per_doc is not None:
        body["max_tokens_per_doc"] = request.max_tokens_per_doc
    return body


def read_answer(body: bytes) -> RerankResponse:
    """An answer, with or without `meta`."""
    answer = decode(body, _decoder)
    meta = answer.meta or _Meta()
    units = meta.billed_units.search_units if meta.billed_units else None
    tokens = meta.tokens.input_tokens if meta.tokens else None
    return RerankResponse(
        results=ranked(answer.results),
        id=answer.id or "",
        search_units=None if units is None else int(units),
        usage=None if tokens is None else Usage(input_tokens=int(tokens)),
    )


def render_results(response: RerankResponse, request: RerankRequest) -> list[JsonObject]:
    """Places, each with its document where the caller asked for it."""
    results = []
    for result in response.results:
        text = document_of(result, request)
        shown = {} if text is None else {"document": {"text": text}}
        results.append({"index": result.index, "relevance_score": result.score, **shown})
    return results
