"""Reranking by Bedrock's agent runtime (`bedrock-agent-runtime.{region}.amazonaws.com`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from gamma.errors import InvalidRequest, UnsupportedParameter
from gamma.types.chat import JsonObject
from gamma.types.rerank import Ranked, RerankRequest, RerankResponse
from gamma.wire.fields import Fields
from gamma.wire.rerank._reading import carried_extra, decode, document_of, ordered
from gamma.wire.rerank.base import RerankWire


class _Text(Struct):
    text: str | None = None


class _Document(Struct, rename="camel"):
    text_document: _Text | None = None


class _Result(Struct, rename="camel"):
    index: int
    relevance_score: float
    document: _Document | None = None


class _Answer(Struct):
    results: list[_Result]


_decoder = msgspec.json.Decoder(_Answer)


class Bedrock(RerankWire):
    """`POST /rerank`. The model is an ARN: the provider class passes one as `model`."""

    path: ClassVar[str] = "/rerank"

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None) -> RerankRequest:
        """A caller's request: one query, and sources that hold their text."""
        fields = Fields(body)
        queries = fields.objects("queries", required=True)
        if len(queries) != 1:
            raise InvalidRequest("`queries` must hold exactly one query", param="queries")
        sources = fields.objects("sources", required=True)
        if not sources:
            raise InvalidRequest("`sources` must hold at least one document", param="sources")
        outer = fields.object("rerankingConfiguration")
        settings = outer.object("bedrockRerankingConfiguration")
        named = model if model is not None else settings.object("modelConfiguration").text("modelArn")
        return RerankRequest(
            model=named,
            query=queries[0].object("textQuery").text("text"),
            documents=tuple(_source(source) for source in sources),
            top_n=settings.opt_int("numberOfResults", low=1),
            dialect="bedrock",
            extra=fields.rest(),
        )

    def render_request(self, request: RerankRequest, model: str) -> JsonObject:
        """The body to send."""
        if request.max_tokens_per_doc is not None:
            raise UnsupportedParameter(f"{model} cannot take `max_tokens_per_doc`; leave it out", param="max_tokens_per_doc")
        settings: JsonObject = {"modelConfiguration": {"modelArn": model}}
        if request.top_n is not None:
            settings["numberOfResults"] = request.top_n
        return {
            "queries": [{"type": "TEXT", "textQuery": {"text": request.query}}],
            "sources": [
                {"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": text}}}
                for text in request.documents
            ],
            "rerankingConfiguration": {
                "type": "BEDROCK_RERANKING_MODEL",
                "bedrockRerankingConfiguration": settings,
            },
        } | carried_extra(request, model, "bedrock")

    def parse_response(self, body: bytes) -> RerankResponse:
        """A provider's answer."""
        answer = decode(body, _decoder)
        return RerankResponse(
            results=ordered(
                Ranked(index=r.index, score=r.relevance_score, document=_text(r.document)) for r in answer.results
            )
        )

    def render_response(self, response: RerankResponse, request: RerankRequest) -> JsonObject:
        """The answer."""
        results = []
        for result in response.results:
            text = document_of(result, request)
            shown = {} if text is None else {"document": {"type": "TEXT", "textDocument": {"text": text}}}
            results.append({"index": result.index, "relevanceScore": result.score, **shown})
        return {"results": results}


def _source(source: Fields) -> str:
    return source.object("inlineDocumentSource").object("textDocument").text("text")


def _text(document: _Document | None) -> str | None:
    return document.text_document.text if document and document.text_document else None
