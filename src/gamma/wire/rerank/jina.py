"""The rerank shape that Jina began and vLLM, llama.cpp, Together, OpenRouter and others serve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from gamma.types.chat import JsonObject
from gamma.types.rerank import Ranked, RerankRequest, RerankResponse
from gamma.types.usage import Usage
from gamma.wire.fields import Fields
from gamma.wire.rerank._reading import carried_extra, decode, document_of, documents, ordered, text_of
from gamma.wire.rerank.base import RerankWire


class Result(Struct):
    """One document's place."""

    index: int
    relevance_score: float
    document: Any = None


class _Usage(Struct):
    prompt_tokens: int | None = None
    total_tokens: int | None = None


class _Answer(Struct):
    results: list[Result]
    id: str | None = None
    model: str | None = None
    usage: _Usage | None = None


_decoder = msgspec.json.Decoder(_Answer)


class Jina(RerankWire):
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
            top_n=fields.opt_int("top_n", low=1),
            return_documents=bool(fields.opt_bool("return_documents")),
            max_tokens_per_doc=fields.opt_int("max_tokens_per_doc", low=1),
            dialect="jina",
        )
        return msgspec.structs.replace(request, extra=fields.rest())

    def render_request(self, request: RerankRequest, model: str) -> JsonObject:
        """The body to send; documents are put back by us, so the provider need not repeat them."""
        body: JsonObject = {"model": model, "query": request.query, "documents": list(request.documents)}
        if request.top_n is not None:
            body["top_n"] = request.top_n
        if request.max_tokens_per_doc is not None:
            body["max_tokens_per_doc"] = request.max_tokens_per_doc
        return body | {"return_documents": False} | carried_extra(request, model, "jina")

    def parse_response(self, body: bytes) -> RerankResponse:
        """A provider's answer."""
        answer = decode(body, _decoder)
        tokens = answer.usage and (answer.usage.total_tokens or answer.usage.prompt_tokens)
        return RerankResponse(
            results=ranked(answer.results),
            id=answer.id or "",
            model=answer.model or "",
            usage=Usage(input_tokens=tokens) if isinstance(tokens, int) else None,
        )

    def render_response(self, response: RerankResponse, request: RerankRequest) -> JsonObject:
        """The answer."""
        tokens = response.usage.input_tokens if response.usage else 0
        return {
            **({"id": response.id} if response.id else {}),
            "object": "list",
            "model": request.model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
            "results": [_render(result, request) for result in response.results],
        }


def ranked(results: list[Result]) -> tuple[Ranked, ...]:
    """Places as they came, in canonical form."""
    return ordered(Ranked(index=r.index, score=r.relevance_score, document=text_of(r.document)) for r in results)


def _render(result: Ranked, request: RerankRequest) -> JsonObject:
    text = document_of(result, request)
    shown = {} if text is None else {"document": {"text": text}}
    return {"index": result.index, "relevance_score": result.score, **shown}
