"""watsonx.ai's embeddings dialect; the provider class adds `project_id` or `space_id`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from gamma.errors import UnsupportedParameter
from gamma.types.chat import JsonObject
from gamma.types.embedding import EmbeddingRequest, EmbeddingResponse
from gamma.types.usage import Usage
from gamma.wire.embeddings._reading import Vector, carried_extra, decode, input_texts, texts_of
from gamma.wire.embeddings.base import EmbeddingWire
from gamma.wire.fields import Fields


class _Result(Struct):
    embedding: Vector


class _Answer(Struct):
    results: list[_Result]
    model_id: str | None = None
    input_token_count: int | None = None


class Watsonx(EmbeddingWire):
    """`POST /ml/v1/text/embeddings`."""

    path: ClassVar[str] = "/ml/v1/text/embeddings?version=2024-10-08"

    _decoder: ClassVar[msgspec.json.Decoder[_Answer]] = msgspec.json.Decoder(_Answer)

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None) -> EmbeddingRequest:
        """A caller's request; `parameters` and the project are kept for the same dialect."""
        fields = Fields(body)
        named = model if model is not None else fields.text("model_id")
        fields.raw("model_id")
        inputs = input_texts(fields, "inputs")
        return EmbeddingRequest(model=named, inputs=inputs, dialect="watsonx", extra=fields.rest())

    def render_request(self, request: EmbeddingRequest, model: str) -> JsonObject:
        """The body to send; the dialect cannot shorten vectors."""
        if request.dimensions is not None:
            raise UnsupportedParameter(f"{model} cannot take `dimensions`; leave it out", param="dimensions")
        return {"model_id": model, "inputs": texts_of(request, model)} | carried_extra(request, model, "watsonx")

    def parse_response(self, body: bytes) -> EmbeddingResponse:
        """A provider's answer."""
        answer = decode(body, self._decoder)
        count = answer.input_token_count
        usage = None if count is None else Usage(input_tokens=count)
        return EmbeddingResponse(
            vectors=tuple(result.embedding for result in answer.results), model=answer.model_id or "", usage=usage
        )

    def render_response(self, response: EmbeddingResponse, request: EmbeddingRequest) -> JsonObject:
        """The answer."""
        return {
            "model_id": request.model,
            "results": [{"embedding": list(vector)} for vector in response.vectors],
            "input_token_count": response.usage.input_tokens if response.usage else 0,
        }
