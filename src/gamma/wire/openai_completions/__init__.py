"""OpenAI's legacy completions: a prompt in, text out. Chat models serve it, and chat callers reach completion models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gamma.errors import GammaError
from gamma.types.chat import ChatRequest, ChatResponse, JsonObject
from gamma.types.frame import Framing
from gamma.types.usage import Usage
from gamma.wire.base import EventParser, EventRenderer, Style, Target, Traits
from gamma.wire.openai_chat.answer import render_error
from gamma.wire.openai_chat.response import parse_usage
from gamma.wire.openai_completions import request, response
from gamma.wire.openai_completions.stream import TextParser, TextRenderer


class OpenaiCompletions:
    """The dialect, served and called; see `gamma.wire.base` for what each method promises."""

    framing: ClassVar[Framing] = "sse"
    path: ClassVar[str] = "/completions"
    stream_path: ClassVar[str] = "/completions"

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None, stream: bool | None = None) -> ChatRequest:
        """A caller's request."""
        return request.parse_request(body, model=model, stream=stream)

    def render_request(self, request_: ChatRequest, target: Target) -> JsonObject:
        """The body for a provider."""
        return request.render_request(request_, target)

    def parse_response(self, body: bytes, traits: Traits) -> ChatResponse:
        """A provider's whole answer."""
        return response.parse_response(body, traits)

    def render_response(self, response_: ChatResponse, style: Style) -> JsonObject:
        """A whole answer for a caller."""
        return response.render_response(response_, style)

    def event_parser(self, traits: Traits) -> EventParser:
        """A reader for one stream."""
        return TextParser(traits)

    def event_renderer(self, style: Style) -> EventRenderer:
        """A writer for one stream."""
        return TextRenderer(style)

    def parse_usage(self, body: bytes, traits: Traits) -> Usage | None:
        """Only the token counts of a whole answer."""
        return parse_usage(body, traits)

    def render_error(self, error: GammaError, request_id: str) -> JsonObject:  # noqa: ARG002  # travels as a header here
        """An error body."""
        return render_error(error)
