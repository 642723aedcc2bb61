"""The data plane's own description, made from what it checks."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from gamma import __version__
from gamma.dataplane.answers import plain_head
from gamma.dataplane.call import Call
from gamma.dataplane.parts import Parts
from gamma.wire.shapes import schema

_CHAT = {
    "/v1/chat/completions": ("openai_chat", "OpenAI chat completions"),
    "/v1/completions": ("openai_completions", "OpenAI legacy completions"),
    "/v1/responses": ("openai_responses", "OpenAI responses"),
    "/v1/messages": ("anthropic_messages", "Anthropic messages"),
    "/v1beta/models/{model}:generateContent": ("gemini", "Google generateContent"),
    "/v1beta/models/{model}:streamGenerateContent": ("gemini", "Google streamGenerateContent"),
}
_TEXTS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
_EMBEDDINGS = {
    "type": "object",
    "required": ["model", "input"],
    "properties": {"model": {"type": "string"}, "input": _TEXTS, "dimensions": {"type": "integer", "minimum": 1}},
}
_RERANK = {
    "type": "object",
    "required": ["model", "query", "documents"],
    "properties": {
        "model": {"type": "string"},
        "query": {"type": "string"},
        "documents": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "top_n": {"type": "integer", "minimum": 1},
    },
}
_COUNT = {
    "type": "object",
    "required": ["model", "messages"],
    "properties": {"model": {"type": "string"}, "messages": {"type": "array", "items": {"type": "object"}, "minItems": 1}},
}
_STATUSES = {
    "200": "The answer, or its stream.",
    "400": "The request is at fault; `code` says how.",
    "401": "No key, or an unknown one.",
    "404": "No such model.",
    "413": "The body is too large.",
    "429": "A rate limit is reached.",
    "502": "The provider failed.",
    "503": "Nobody can answer at the moment.",
    "504": "The provider took too long.",
}


async def answer(parts: Parts, call: Call) -> None:
    """Answers with the OpenAPI document."""
    del parts
    call.request.connection.respond(200, plain_head(call), document())


@cache
def document() -> bytes:
    """The OpenAPI 3.1 document."""
    paths: dict[str, Any] = {path: {"post": _operation(path, title, schema(wire))} for path, (wire, title) in _CHAT.items()}
    paths["/v1/messages/count_tokens"] = {"post": _operation("/v1/messages/count_tokens", "Anthropic token count", _COUNT)}
    paths["/v1/embeddings"] = {"post": _operation("/v1/embeddings", "OpenAI embeddings", _EMBEDDINGS)}
    paths["/v1/rerank"] = {"post": _operation("/v1/rerank", "Rerank, in Cohere's and Jina's shape", _RERANK)}
    for path, title in (
        ("/v1/models", "Models that are on"),
        ("/health/live", "Liveness"),
        ("/health/ready", "Readiness"),
    ):
        paths[path] = {"get": {"summary": title, "responses": _responses(("200", "401", "503"))}}
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "Gamma", "version": __version__},
            "paths": paths,
            "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
            "security": [{"key": []}],
        }
    )


def _operation(path: str, title: str, body: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": title,
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": _responses(tuple(_STATUSES)),
    }
    if "{model}" in path:
        operation["parameters"] = [{"name": "model", "in": "path", "required": True, "schema": {"type": "string"}}]
    return operation


def _responses(statuses: tuple[str, ...]) -> dict[str, Any]:
    return {status: {"description": _STATUSES[status]} for status in statuses}
