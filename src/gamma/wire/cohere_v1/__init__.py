"""Cohere's chat, version 1, retired by its vendor (providers.md 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gamma.errors import GammaError
from gamma.types.chat import ChatRequest, ChatResponse, JsonObject
from gamma.types.frame import Framing
from gamma.types.usage import Usage
from gamma.wire.base import EventParser, EventRenderer, Style, Target, Traits
from gamma.wire.cohere_v1 import request as _request
from gamma.wire.cohere_v1 import response as _response
from gamma.wire.cohere_v1 import stream as _stream
from gamma.wire.cohere_v2.response import render_error


class CohereV1:
    """The dialect of `/v1/chat`, served and called."""

    framing: ClassVar[Framing] = "ndjson"
    path: ClassVar[str] = "/v1/chat"
    stream_path: ClassVar[str] = "/v1/chat"

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None, stream: bool | None = None) -> ChatRequest:
        """A caller's request."""
        return _request.parse_request(body, model=model, stream=stream)

    def render_response(self, response: ChatResponse, style: Style) -> JsonObject:
        """A whole answer."""
        return _response.render_response(response, style)

    def event_renderer(self, style: Style) -> EventRenderer:
        """A writer for one stream."""
        return _stream.LineRenderer(style)

    def render_error(self, error: GammaError, request_id: str) -> JsonObject:
        """An error body."""
        return render_error(error, request_id)

    def render_request(self, request: ChatRequest, target: Target) -> JsonObject:
        """The body to send."""
        return _request.render_request(request, target)

    def parse_response(self, body: bytes, traits: Traits) -> ChatResponse:  # noqa: ARG002  # one flavour only
        """A provider's whole answer."""
        return _response.parse_response(body)

    def event_parser(self, traits: Traits) -> EventParser:  # noqa: ARG002  # one flavour only
        """A reader for one stream."""
        return _stream.LineParser()

    def parse_usage(self, body: bytes, traits: Traits) -> Usage | None:  # noqa: ARG002  # one flavour only
        """Only the token counts of a whole answer."""
        return _response.parse_usage(body)
