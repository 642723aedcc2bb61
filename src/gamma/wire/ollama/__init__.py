"""Ollama's native chat dialect: JSON lines, tool arguments as objects, base64 images (providers.md 9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gamma.errors import GammaError
from gamma.types.chat import ChatRequest, ChatResponse, JsonObject
from gamma.types.frame import Framing
from gamma.types.usage import Usage
from gamma.wire.base import Style, Target, Traits
from gamma.wire.ollama import request as requests
from gamma.wire.ollama import response as responses
from gamma.wire.ollama.stream import Parser, Renderer


class Ollama:
    """`POST /api/chat`, served and called."""

    framing: ClassVar[Framing] = "ndjson"
    path: ClassVar[str] = "/api/chat"
    stream_path: ClassVar[str] = "/api/chat"

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None, stream: bool | None = None) -> ChatRequest:
        """A caller's request; without a word about streaming it asks for a stream."""
        return requests.parse_request(body, model=model, stream=stream)

    def render_response(self, response: ChatResponse, style: Style) -> JsonObject:
        """A whole answer: its first choice, the only one that the dialect can carry."""
        return responses.render_response(response, style)

    def event_renderer(self, style: Style) -> Renderer:
        """A writer of JSON lines."""
        return Renderer(style)

    def render_error(self, error: GammaError, request_id: str) -> JsonObject:  # noqa: ARG002  # the dialect has no place for an id
        """`{"error": "..."}`."""
        return {"error": error.message}

    def render_request(self, request: ChatRequest, target: Target) -> JsonObject:
        """The body to send."""
        return requests.render_request(request, target)

    def parse_response(self, body: bytes, traits: Traits) -> ChatResponse:  # noqa: ARG002  # no flavours are known
        """A whole answer."""
        return responses.parse_response(body)

    def event_parser(self, traits: Traits) -> Parser:  # noqa: ARG002  # as above
        """A reader of JSON lines."""
        return Parser()

    def parse_usage(self, body: bytes, traits: Traits) -> Usage | None:  # noqa: ARG002  # as above
        """Only the token counts."""
        line = responses.decode_line(body)
        if line.message is None:
            responses.parse_response(body)  # the long way tells what is wrong
        return responses.usage_of(line)
