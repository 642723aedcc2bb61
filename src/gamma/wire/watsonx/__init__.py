"""watsonx.ai's text chat: OpenAI's chat dialect under other names of a few fields (providers.md 9).

The provider class adds `project_id` or `space_id`. Requests and answers of the older generation API are read too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gamma.errors import GammaError
from gamma.types.chat import ChatRequest, ChatResponse, JsonObject
from gamma.types.frame import Framing
from gamma.types.usage import Usage
from gamma.wire.base import Style, Target, Traits
from gamma.wire.watsonx import request as requests
from gamma.wire.watsonx import response as responses
from gamma.wire.watsonx.stream import Parser, Renderer


class Watsonx:
    """`POST /ml/v1/text/chat`, and `/ml/v1/text/chat_stream` for streams; served and called."""

    framing: ClassVar[Framing] = "sse"
    path: ClassVar[str] = "/ml/v1/text/chat?version=2024-10-08"
    stream_path: ClassVar[str] = "/ml/v1/text/chat_stream?version=2024-10-08"

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None, stream: bool | None = None) -> ChatRequest:
        """A caller's request; whether it streams is said by the path alone."""
        return requests.parse_request(body, model=model, stream=stream)

    def render_response(self, response: ChatResponse, style: Style) -> JsonObject:
        """A whole answer."""
        return responses.render_response(response, style)

    def event_renderer(self, style: Style) -> Renderer:
        """A writer for one stream."""
        return Renderer(style)

    def render_error(self, error: GammaError, request_id: str) -> JsonObject:
        """`{"errors": [...], "trace", "status_code"}`."""
        return responses.render_error(error, request_id)

    def render_request(self, request: ChatRequest, target: Target) -> JsonObject:
        """The body to send."""
        return requests.render_request(request, target)

    def parse_response(self, body: bytes, traits: Traits) -> ChatResponse:
        """A whole answer, of the chat API or of the older generation API."""
        return responses.parse_response(body, traits)

    def event_parser(self, traits: Traits) -> Parser:
        """A reader for one stream."""
        return Parser(traits)

    def parse_usage(self, body: bytes, traits: Traits) -> Usage | None:
        """Only the token counts."""
        return responses.parse_usage(body, traits)
