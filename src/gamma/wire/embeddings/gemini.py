"""Gemini's embeddings dialect: batches, and the single form where a caller or a model uses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from gamma.errors import InvalidRequest, ProviderMalformed, UnsupportedParameter
from gamma.types.chat import JsonObject
from gamma.types.embedding import EmbeddingRequest, EmbeddingResponse, InputType
from gamma.types.usage import Usage
from gamma.wire.embeddings._reading import Vector, carried_extra, decode, raise_error_object, task, texts_of
from gamma.wire.embeddings.base import EmbeddingWire
from gamma.wire.fields import Fields

TASKS: dict[InputType, str] = {
    "search_query": "RETRIEVAL_QUERY",
    "search_document": "RETRIEVAL_DOCUMENT",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
    "similarity": "SEMANTIC_SIMILARITY",
}


class _Values(Struct):
    values: Vector


class _Counted(Struct, rename="camel"):
    prompt_token_count: int | None = None


class _Answer(Struct, rename="camel"):
    embeddings: list[_Values] | None = None
    embedding: _Values | None = None
    usage_metadata: _Counted | None = None  # recorded: vertex; AI Studio gives none


_decoder = msgspec.json.Decoder(_Answer)


class Gemini(EmbeddingWire):
    """`POST /v1beta/models/{model}:batchEmbedContents`."""

    path: ClassVar[str] = "/v1beta/models/{model}:batchEmbedContents"
    batch_limit: ClassVar[int | None] = 100

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None) -> EmbeddingRequest:
        """A caller's request, `:batchEmbedContents` or `:embedContent`; the first text speaks for all about the purpose."""
        fields = Fields(body)
        single = fields.has("content")
        items = [fields] if single else fields.objects("requests", required=True)
        if not items:
            raise InvalidRequest("`requests` must hold at least one request", param="requests")
        named = model if model is not None else items[0].text("model").removeprefix("models/")
        read = [_read_item(item) for item in items]
        _, first_task, first_dimensions, extra = read[0]
        if any((t, d, e) != (first_task, first_dimensions, extra) for _, t, d, e in read):
            raise InvalidRequest("all requests of a batch must ask for the same taskType and size", param="requests")
        input_type = task(first_task, TASKS)
        if first_task is not None and input_type is None and first_task != "TASK_TYPE_UNSPECIFIED":
            extra["taskType"] = first_task
        return EmbeddingRequest(
            model=named,
            inputs=tuple(text for text, *_ in read),
            dimensions=first_dimensions,
            input_type=input_type,
            dialect="gemini",
            extra={**extra, "single": True} if single else extra,
        )

    def render_request(self, request: EmbeddingRequest, model: str) -> JsonObject:
        """The body to send: one request per text."""
        texts = texts_of(request, model)
        return {"requests": [{"model": f"models/{model}"} | render_item(text, request, model) for text in texts]}

    def parse_response(self, body: bytes) -> EmbeddingResponse:
        """A provider's answer, batch or single."""
        return read_answer(body)

    def render_response(self, response: EmbeddingResponse, request: EmbeddingRequest) -> JsonObject:
        """The answer in the form of the request."""
        values = [{"values": list(vector)} for vector in response.vectors]
        body: JsonObject = {"embedding": values[0]} if request.extra.get("single") else {"embeddings": values}
        if response.usage is not None:
            body["usageMetadata"] = {"promptTokenCount": response.usage.input_tokens}
        return body


def _read_item(item: Fields) -> tuple[str, str | None, int | None, JsonObject]:
    """Text, task, size and remaining fields of one request."""
    parts = item.object("content").objects("parts", required=True)
    for part in parts:
        if not part.has("text"):
            raise UnsupportedParameter("only texts can be embedded here", param=part.at("text"))
    text = "\n".join(part.text("text") for part in parts)
    item.raw("model")
    return text, item.opt_text("taskType"), item.opt_int("outputDimensionality", low=1), item.rest()


def render_item(text: str, request: EmbeddingRequest, model: str) -> JsonObject:
    """What one text asks for."""
    body: JsonObject = {"content": {"parts": [{"text": text}]}}
    if request.input_type is not None:
        body["taskType"] = TASKS[request.input_type]
    if request.dimensions is not None:
        body["outputDimensionality"] = request.dimensions
    extra = carried_extra(request, model, "gemini", "vertex")
    return body | {name: value for name, value in extra.items() if name != "single"}


def read_answer(body: bytes) -> EmbeddingResponse:
    """An answer of `:batchEmbedContents` or `:embedContent`."""
    answer = decode(body, _decoder)
    found = answer.embeddings or ([answer.embedding] if answer.embedding else [])
    if not found:
        raise_error_object(body)
        raise ProviderMalformed("The provider's answer holds no vectors.")
    count = answer.usage_metadata.prompt_token_count if answer.usage_metadata else None
    usage = None if count is None else Usage(input_tokens=count)
    return EmbeddingResponse(vectors=tuple(item.values for item in found), usage=usage)
