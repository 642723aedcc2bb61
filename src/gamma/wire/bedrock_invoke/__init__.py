"""Amazon Bedrock's InvokeModel and InvokeModelWithResponseStream (providers.md 7.2, 7.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gamma.errors import GammaError
from gamma.types.chat import ChatRequest, ChatResponse, JsonObject
from gamma.types.frame import Framing
from gamma.types.usage import Usage
from gamma.wire.base import EventParser, EventRenderer, Style, Target, Traits
from gamma.wire.bedrock_converse import errors as _errors
from gamma.wire.bedrock_invoke import request as _request
from gamma.wire.bedrock_invoke import response as _response
from gamma.wire.bedrock_invoke.stream import ChunkEventParser


class BedrockInvoke:
    """The invoke dialect, served and called: each model family has bodies of its own."""

    framing: ClassVar[Framing] = "eventstream"
    path: ClassVar[str] = "/model/{model}/invoke"
    stream_path: ClassVar[str] = "/model/{model}/invoke-with-response-stream"

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None, stream: bool | None = None) -> ChatRequest:
        """A caller's request; see `wire.base.Served`."""
        return _request.parse_request(body, model=model, stream=stream)

    def render_response(self, response: ChatResponse, style: Style) -> JsonObject:
        """A whole answer in the shape of the model that was asked."""
        return _response.render_response(response, style)

    def event_renderer(self, style: Style) -> EventRenderer:
        """A writer for one stream, likewise."""
        return _response.served_family(style).event_renderer(style)

    def render_error(self, error: GammaError, request_id: str) -> JsonObject:  # noqa: ARG002  # travels in a header
        """An error body; the endpoint moves `__type` into the header `x-amzn-errortype`."""
        return _errors.render_error(error)

    def render_request(self, request: ChatRequest, target: Target) -> JsonObject:
        """The body to send; see `wire.base.Called`."""
        return _request.render_request(request, target)

    def parse_response(self, body: bytes, traits: Traits) -> ChatResponse:  # noqa: ARG002  # the shape tells the flavour
        """A provider's whole answer."""
        return _response.parse_response(body)

    def event_parser(self, traits: Traits) -> EventParser:  # noqa: ARG002  # as above
        """A reader for one stream."""
        return ChunkEventParser()

    def parse_usage(self, body: bytes, traits: Traits) -> Usage | None:  # noqa: ARG002  # as above
        """Only the token counts of a whole answer."""
        return _response.parse_usage(body)
