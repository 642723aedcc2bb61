"""Embeddings by Bedrock's InvokeModel: one body a model family (providers.md 7.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from gamma.errors import InvalidRequest, ProviderMalformed, UnsupportedParameter
from gamma.types.chat import JsonObject
from gamma.types.embedding import EmbeddingRequest, EmbeddingResponse, InputType
from gamma.types.usage import Usage
from gamma.wire.embeddings import cohere
from gamma.wire.embeddings._reading import Vector, carried_extra, decode, task, texts_of
from gamma.wire.embeddings.base import EmbeddingWire
from gamma.wire.fields import Fields

Family = Literal["titan", "titan_image", "cohere", "nova"]

_FAMILIES: tuple[tuple[str, Family], ...] = (
    ("cohere.embed", "cohere"),
    ("titan-embed-image", "titan_image"),
    ("titan-embed", "titan"),
    ("nova-2-multimodal-embeddings", "nova"),
)  # searched for anywhere in the id: inference profiles put `us.` or an ARN in front
_PURPOSES: dict[InputType, str] = {
    "search_document": "GENERIC_INDEX",
    "search_query": "GENERIC_RETRIEVAL",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
}


class _TitanAnswer(Struct, rename="camel"):
    embedding: Vector
    input_text_token_count: int | None = None


class _NovaItem(Struct):
    embedding: Vector


class _NovaAnswer(Struct, rename="camel"):
    embeddings: list[_NovaItem]
    input_token_count: int | None = None


_titan = msgspec.json.Decoder(_TitanAnswer)
_nova = msgspec.json.Decoder(_NovaAnswer)


def family_of(model: str) -> Family:
    """The family whose body a model takes; a model of no known family is asked as Titan."""
    return next((family for mark, family in _FAMILIES if mark in model), "titan")


class Bedrock(EmbeddingWire):
    """`POST /model/{model}/invoke`. Counts also come as the header `x-amzn-bedrock-input-token-count`."""

    path: ClassVar[str] = "/model/{model}/invoke"
    batch_limit: ClassVar[int | None] = 1

    def limit_for(self, model: str) -> int | None:
        """How many texts one call may carry: Cohere's models take 96, the others one."""
        return cohere.Cohere.batch_limit if family_of(model) == "cohere" else self.batch_limit

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None) -> EmbeddingRequest:
        """A caller's request of any family, told apart by its fields."""
        if model is None:
            raise InvalidRequest("`model` is required", param="model")
        fields = Fields(body)
        if fields.has("taskType"):
            return _parse_nova(fields, model)
        if not fields.has("inputText"):
            return cohere.read_fields(fields, model, "bedrock")
        text = fields.text("inputText")
        dimensions = fields.opt_int("dimensions", low=1)
        config = fields.opt_object("embeddingConfig") or {}
        dimensions = dimensions or Fields(config, "embeddingConfig").opt_int("outputEmbeddingLength", low=1)
        return EmbeddingRequest(model=model, inputs=(text,), dimensions=dimensions, dialect="bedrock", extra=fields.rest())

    def render_request(self, request: EmbeddingRequest, model: str) -> JsonObject:
        """The body to send, in the shape of the model's family."""
        family = family_of(model)
        if family == "cohere":
            return cohere.render_fields(request, model, "bedrock", "cohere")
        texts = texts_of(request, model)
        if len(texts) != 1:
            raise UnsupportedParameter(f"{model} takes one text a call", param="input")
        extra = carried_extra(request, model, "bedrock")
        if family == "nova":
            return _render_nova(texts[0], request) | extra
        body: JsonObject = {"inputText": texts[0]}
        if request.dimensions is not None:
            image = family == "titan_image"
            size = {"embeddingConfig": {"outputEmbeddingLength": request.dimensions}}
            body |= size if image else {"dimensions": request.dimensions}
        return body | extra

    def parse_response(self, body: bytes) -> EmbeddingResponse:
        """A provider's answer of any family, told apart by its fields."""
        if b'"embeddingType"' in body:
            nova = decode(body, _nova)
            if not nova.embeddings:
                raise ProviderMalformed("The provider's answer holds no vectors.")
            return _answer(tuple(item.embedding for item in nova.embeddings), nova.input_token_count)
        if b'"embeddings"' in body:
            return cohere.read_answer(body)
        titan = decode(body, _titan)
        return _answer((titan.embedding,), titan.input_text_token_count)

    def render_response(self, response: EmbeddingResponse, request: EmbeddingRequest) -> JsonObject:
        """The answer in the shape of the model's family."""
        family = family_of(request.model)
        if family == "cohere":
            return cohere.render_answer(response, request)
        vectors = [list(vector) for vector in response.vectors]
        if family == "nova":
            return {"embeddings": [{"embeddingType": "TEXT", "embedding": vector} for vector in vectors]}
        tokens = response.usage.input_tokens if response.usage else 0
        return {"embedding": vectors[0], "inputTextTokenCount": tokens}


def _answer(vectors: tuple[Vector, ...], count: int | None) -> EmbeddingResponse:
    return EmbeddingResponse(vectors=vectors, usage=None if count is None else Usage(input_tokens=count))


def _parse_nova(fields: Fields, model: str) -> EmbeddingRequest:
    fields.raw("taskType")
    parameters = fields.object("singleEmbeddingParams")
    text = parameters.object("text")
    purpose = task(parameters.opt_text("embeddingPurpose"), _PURPOSES)
    return EmbeddingRequest(
        model=model,
        inputs=(text.text("value"),),
        dimensions=parameters.opt_int("embeddingDimension", low=1),
        input_type=purpose,
        dialect="bedrock",
        extra=fields.rest(),
    )


def _render_nova(text: str, request: EmbeddingRequest) -> JsonObject:
    purpose = _PURPOSES.get(request.input_type or "search_document", "GENERIC_INDEX")
    parameters: JsonObject = {"embeddingPurpose": purpose, "text": {"truncationMode": "END", "value": text}}
    if request.dimensions is not None:
        parameters["embeddingDimension"] = request.dimensions
    return {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": parameters}
