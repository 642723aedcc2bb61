"""Anthropic's messages dialect, served and called (providers.md 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gamma.errors import GammaError
from gamma.types.chat import ChatRequest, ChatResponse, JsonObject
from gamma.types.frame import Framing
from gamma.types.usage import Usage
from gamma.wire.anthropic_messages.render_stream import MessagesEventRenderer
from gamma.wire.anthropic_messages.request import parse_request, render_request
from gamma.wire.anthropic_messages.response import parse_body_usage, parse_response, render_error, render_response
from gamma.wire.anthropic_messages.stream import MessagesEventParser
from gamma.wire.base import Style, Target, Traits


class AnthropicMessages:
    """`POST /v1/messages`: blocks of content, thinking with signatures, server-sent events with names."""

    framing: ClassVar[Framing] = "sse"
    path: ClassVar[str] = "/v1/messages"
    stream_path: ClassVar[str] = "/v1/messages"

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None, stream: bool | None = None) -> ChatRequest:
        """A caller's request; see `wire.base.Served`."""
        return parse_request(body, model=model, stream=stream)

    def render_response(self, response: ChatResponse, style: Style) -> JsonObject:
        """A whole answer; see `wire.base.Served`."""
        return render_response(response, style)

    def event_renderer(self, style: Style) -> MessagesEventRenderer:
        """A writer for one stream."""
        return MessagesEventRenderer(style)

    def render_error(self, error: GammaError, request_id: str) -> JsonObject:
        """An error body; the HTTP status is `error.status`."""
        return render_error(error, request_id)

    def render_request(self, request: ChatRequest, target: Target) -> JsonObject:
        """The body to send; see `wire.base.Called`."""
        return render_request(request, target)

    def parse_response(self, body: bytes, traits: Traits) -> ChatResponse:  # noqa: ARG002  # no trait concerns answers
        """A provider's whole answer; see `wire.base.Called`."""
        return parse_response(body)

    def event_parser(self, traits: Traits) -> MessagesEventParser:  # noqa: ARG002  # as above
        """A reader for one stream."""
        return MessagesEventParser()

    def parse_usage(self, body: bytes, traits: Traits) -> Usage | None:  # noqa: ARG002  # as above
        """Only the token counts of a whole answer."""
        return parse_body_usage(body)
