"""Google's generateContent, as AI Studio and Vertex speak it (providers.md 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gamma.errors import GammaError
from gamma.types.chat import ChatRequest, ChatResponse, JsonObject
from gamma.types.frame import Framing
from gamma.types.usage import Usage
from gamma.wire.base import EventParser, EventRenderer, Style, Target, Traits
from gamma.wire.gemini.errors import render_error
from gamma.wire.gemini.outgoing import render_request
from gamma.wire.gemini.renderer import StreamRenderer
from gamma.wire.gemini.request import parse_request
from gamma.wire.gemini.response import parse_response, parse_usage, render_response
from gamma.wire.gemini.stream import StreamParser


class Gemini:
    """Both sides of the dialect. The model and whether to stream travel in the path."""

    framing: ClassVar[Framing] = "sse"
    path: ClassVar[str] = "/v1beta/models/{model}:generateContent"
    stream_path: ClassVar[str] = "/v1beta/models/{model}:streamGenerateContent?alt=sse"

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None, stream: bool | None = None) -> ChatRequest:
        """A caller's request, camelCase or snake_case."""
        return parse_request(body, model=model, stream=stream)

    def render_response(self, response: ChatResponse, style: Style) -> JsonObject:
        """A whole answer."""
        return render_response(response, style)

    def event_renderer(self, style: Style) -> EventRenderer:
        """A writer for one stream: SSE, or a JSON array where `style.array` says so."""
        return StreamRenderer(style)

    def render_error(self, error: GammaError, request_id: str) -> JsonObject:
        """An error body."""
        return render_error(error, request_id)

    def render_request(self, request: ChatRequest, target: Target) -> JsonObject:
        """The body to send."""
        return render_request(request, target)

    def parse_response(self, body: bytes, traits: Traits) -> ChatResponse:  # noqa: ARG002  # the protocol's; nothing varies
        """A provider's whole answer."""
        return parse_response(body)

    def event_parser(self, traits: Traits) -> EventParser:  # noqa: ARG002  # the protocol's; nothing varies
        """A reader for one stream."""
        return StreamParser()

    def parse_usage(self, body: bytes, traits: Traits) -> Usage | None:  # noqa: ARG002  # the protocol's; nothing varies
        """Only the token counts of a whole answer."""
        return parse_usage(body)
