"""DashScope's native text generation (providers.md 9); the OpenAI layer of the same provider is preferred where it serves.

The provider class sets `X-DashScope-SSE: enable` for streams.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gamma.errors import GammaError
from gamma.types.chat import ChatRequest, ChatResponse, JsonObject
from gamma.types.frame import Framing
from gamma.types.usage import Usage
from gamma.wire.base import Style, Target, Traits
from gamma.wire.dashscope import request as requests
from gamma.wire.dashscope import response as responses
from gamma.wire.dashscope.stream import Parser, Renderer


class Dashscope:
    """`POST /api/v1/services/aigc/text-generation/generation`, served and called."""

    framing: ClassVar[Framing] = "sse"
    path: ClassVar[str] = "/api/v1/services/aigc/text-generation/generation"
    stream_path: ClassVar[str] = "/api/v1/services/aigc/text-generation/generation"

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None, stream: bool | None = None) -> ChatRequest:
        """A caller's request; whether it streams is said by a header alone."""
        return requests.parse_request(body, model=model, stream=stream)

    def render_response(self, response: ChatResponse, style: Style) -> JsonObject:
        """A whole answer in the `message` form."""
        return responses.render_response(response, style)

    def event_renderer(self, style: Style) -> Renderer:
        """A writer of incremental events."""
        return Renderer(style)

    def render_error(self, error: GammaError, request_id: str) -> JsonObject:
        """`{"code", "message", "request_id"}`."""
        return responses.render_error(error, request_id)

    def render_request(self, request: ChatRequest, target: Target) -> JsonObject:
        """The body to send; streams are asked for in increments."""
        return requests.render_request(request, target)

    def parse_response(self, body: bytes, traits: Traits) -> ChatResponse:  # noqa: ARG002  # no flavours are known
        """A whole answer, in the `message` or the older `text` form."""
        return responses.parse_response(body)

    def event_parser(self, traits: Traits) -> Parser:  # noqa: ARG002  # as above
        """A reader of incremental events."""
        return Parser()

    def parse_usage(self, body: bytes, traits: Traits) -> Usage | None:  # noqa: ARG002  # as above
        """Only the token counts."""
        answer = responses.decode_answer(body)
        if answer.output is None:
            responses.parse_response(body)  # the long way tells what is wrong
        return responses.usage_of(answer)
