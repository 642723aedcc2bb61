"""OpenAI's chat completions, the reference dialect, and its many flavours (providers.md 2, 3 and 10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gamma.errors import GammaError
from gamma.types.chat import ChatRequest, ChatResponse, JsonObject
from gamma.types.frame import Framing
from gamma.types.usage import Usage
from gamma.wire.base import EventParser, EventRenderer, Style, Target, Traits
from gamma.wire.openai_chat import answer, request, response
from gamma.wire.openai_chat.chunks import ChunkRenderer
from gamma.wire.openai_chat.stream import ChunkParser


class OpenaiChat:
    """The dialect, served and called; see `gamma.wire.base` for what each method promises."""

    framing: ClassVar[Framing] = "sse"
    path: ClassVar[str] = "/chat/completions"
    stream_path: ClassVar[str] = "/chat/completions"

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
        return answer.render_response(response_, style)

    def event_parser(self, traits: Traits) -> EventParser:
        """A reader for one stream."""
        return ChunkParser(traits)

    def event_renderer(self, style: Style) -> EventRenderer:
        """A writer for one stream."""
        return ChunkRenderer(style)

    def parse_usage(self, body: bytes, traits: Traits) -> Usage | None:
        """Only the token counts of a whole answer."""
        return response.parse_usage(body, traits)

    def render_error(self, error: GammaError, request_id: str) -> JsonObject:  # noqa: ARG002  # travels as a header here
        """An error body."""
        return answer.render_error(error)
