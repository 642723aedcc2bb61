"""Ollama's native embeddings dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from gamma.types.chat import JsonObject
from gamma.types.embedding import EmbeddingRequest, EmbeddingResponse
from gamma.types.usage import Usage
from gamma.wire.embeddings._reading import Vector, carried_extra, decode, input_texts, texts_of
from gamma.wire.embeddings.base import EmbeddingWire
from gamma.wire.fields import Fields


class _Answer(Struct):
    embeddings: tuple[Vector, ...]
    model: str | None = None
    prompt_eval_count: int | None = None


class Ollama(EmbeddingWire):
    """`POST /api/embed`."""

    path: ClassVar[str] = "/api/embed"

    _decoder: ClassVar[msgspec.json.Decoder[_Answer]] = msgspec.json.Decoder(_Answer)

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None) -> EmbeddingRequest:
        """A caller's request; `truncate`, `options` and `keep_alive` are kept for the same dialect."""
        fields = Fields(body)
        named = model if model is not None else fields.text("model")
        fields.raw("model")
        inputs = input_texts(fields, "input")
        dimensions = fields.opt_int("dimensions", low=1)
        return EmbeddingRequest(model=named, inputs=inputs, dimensions=dimensions, dialect="ollama", extra=fields.rest())

    def render_request(self, request: EmbeddingRequest, model: str) -> JsonObject:
        """The body to send."""
        body: JsonObject = {"model": model, "input": texts_of(request, model)}
        if request.dimensions is not None:
            body["dimensions"] = request.dimensions
        return body | carried_extra(request, model, "ollama")

    def parse_response(self, body: bytes) -> EmbeddingResponse:
        """A provider's answer."""
        answer = decode(body, self._decoder)
        count = answer.prompt_eval_count
        usage = None if count is None else Usage(input_tokens=count)
        return EmbeddingResponse(vectors=answer.embeddings, model=answer.model or "", usage=usage)

    def render_response(self, response: EmbeddingResponse, request: EmbeddingRequest) -> JsonObject:
        """The answer."""
        body: JsonObject = {"model": request.model, "embeddings": [list(vector) for vector in response.vectors]}
        if response.usage is not None:
            body["prompt_eval_count"] = response.usage.input_tokens
        return body
