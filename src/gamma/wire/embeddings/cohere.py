"""Cohere's embeddings dialect, version 2; answers of version 1 are read too (recorded)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from gamma.errors import ProviderMalformed, UnsupportedParameter
from gamma.types.chat import JsonObject
from gamma.types.embedding import EmbeddingRequest, EmbeddingResponse, InputType
from gamma.types.usage import Usage
from gamma.wire.embeddings._reading import (
    Vector,
    carried_extra,
    decode,
    decode_vector,
    encode_vector,
    input_texts,
    task,
    texts_of,
)
from gamma.wire.embeddings.base import EmbeddingWire
from gamma.wire.fields import Fields

TASKS: dict[InputType, str] = {
    "search_document": "search_document",
    "search_query": "search_query",
    "classification": "classification",
    "clustering": "clustering",
}
_ENCODINGS: dict[str, Literal["float", "base64"]] = {"float": "float", "base64": "base64"}


class _ByType(Struct, rename={"floats": "float"}):
    floats: tuple[Vector, ...] | None = None
    base64: tuple[str, ...] | None = None


class _Units(Struct):
    input_tokens: float | None = None


class _Meta(Struct):
    billed_units: _Units | None = None
    tokens: _Units | None = None


class _Answer(Struct):
    embeddings: tuple[Vector, ...] | _ByType
    id: str | None = None
    meta: _Meta | None = None


_decoder = msgspec.json.Decoder(_Answer)


class Cohere(EmbeddingWire):
    """`POST /v2/embed`."""

    path: ClassVar[str] = "/v2/embed"
    batch_limit: ClassVar[int | None] = 96

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None) -> EmbeddingRequest:
        """A caller's request; images stay in `extra` and reach only the same dialect."""
        fields = Fields(body)
        named = model if model is not None else fields.text("model")
        fields.raw("model")
        return read_fields(fields, named, "cohere")

    def render_request(self, request: EmbeddingRequest, model: str) -> JsonObject:
        """The body to send; a purpose is required, and documents are what is mostly embedded."""
        return {"model": model} | render_fields(request, model, "cohere", "bedrock")

    def parse_response(self, body: bytes) -> EmbeddingResponse:
        """A provider's answer, version 1 or 2."""
        return read_answer(body)

    def render_response(self, response: EmbeddingResponse, request: EmbeddingRequest) -> JsonObject:
        """The answer by type, as version 2 gives it."""
        answer = render_answer(response, request)
        answer["meta"] = {"api_version": {"version": "2"}}
        if response.usage is not None:
            answer["meta"]["billed_units"] = {"input_tokens": response.usage.input_tokens}
        return answer


def read_fields(fields: Fields, model: str, dialect: str) -> EmbeddingRequest:
    """A request's fields, the model apart."""
    types = fields.texts("embedding_types") or ("float",)
    if len(types) > 1 or types[0] not in _ENCODINGS:
        raise UnsupportedParameter(
            f"`embedding_types` must be float or base64 here, not {', '.join(types)}", param="embedding_types"
        )
    pictured = fields.has("images") or fields.has("inputs")
    texts = fields.texts("texts") if pictured else input_texts(fields, "texts")
    input_type = task(fields.opt_text("input_type"), TASKS)
    request = EmbeddingRequest(
        model=model,
        inputs=texts,
        dimensions=fields.opt_int("output_dimension", low=1),
        encoding=_ENCODINGS[types[0]],
        input_type=input_type,
        dialect=dialect,
    )
    rest = fields.rest()
    if input_type is None and fields.has("input_type"):
        rest["input_type"] = fields.raw("input_type")  # `image`
    return msgspec.structs.replace(request, extra=rest)


def render_fields(request: EmbeddingRequest, model: str, *dialects: str) -> JsonObject:
    """A request's fields, the model apart."""
    purpose = TASKS.get(request.input_type or "search_document", "search_document")
    body: JsonObject = {"input_type": purpose, "embedding_types": [request.encoding]}
    if texts := texts_of(request, model):
        body["texts"] = texts
    if request.dimensions is not None:
        body["output_dimension"] = request.dimensions
    return body | carried_extra(request, model, *dialects)


def read_answer(body: bytes) -> EmbeddingResponse:
    """An answer with vectors by type, or in a plain list (version 1)."""
    answer = decode(body, _decoder)
    found = answer.embeddings
    vectors: tuple[Vector, ...] | None
    if isinstance(found, _ByType):
        vectors = found.floats if found.floats is not None else tuple(map(decode_vector, found.base64 or ()))
    else:
        vectors = found
    if not vectors:
        raise ProviderMalformed("The provider's answer holds no float vectors.")
    units = answer.meta and (answer.meta.tokens or answer.meta.billed_units)
    count = units.input_tokens if units else None
    usage = None if count is None else Usage(input_tokens=int(count))
    return EmbeddingResponse(vectors=vectors, id=answer.id or "", usage=usage)


def render_answer(response: EmbeddingResponse, request: EmbeddingRequest) -> JsonObject:
    """An answer with vectors by type."""
    as_text = request.encoding == "base64"
    return {
        "id": response.id,
        "response_type": "embeddings_by_type",
        "embeddings": {request.encoding: [encode_vector(v) if as_text else list(v) for v in response.vectors]},
        "texts": [text for text in request.inputs if isinstance(text, str)],
    }
