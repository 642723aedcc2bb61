"""Amazon Bedrock's Converse and ConverseStream (providers.md 7.1, 7.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gamma.errors import GammaError
from gamma.types.chat import ChatRequest, ChatResponse, JsonObject
from gamma.types.frame import Framing
from gamma.types.usage import Usage
from gamma.wire.base import EventParser, EventRenderer, Style, Target, Traits
from gamma.wire.bedrock_converse import errors as _errors
from gamma.wire.bedrock_converse import request as _request
from gamma.wire.bedrock_converse import response as _response
from gamma.wire.bedrock_converse import stream as _stream


class BedrockConverse:
    """The Converse dialect, served and called. Model and streaming stand in the path, not in the body."""

    framing: ClassVar[Framing] = "eventstream"
    path: ClassVar[str] = "/model/{model}/converse"
    stream_path: ClassVar[str] = "/model/{model}/converse-stream"

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None, stream: bool | None = None) -> ChatRequest:
        """A caller's request."""
        return _request.parse_request(body, model=model, stream=stream)

    def render_response(self, response: ChatResponse, style: Style) -> JsonObject:  # noqa: ARG002  # no id, no model
        """A whole answer."""
        return _response.render_response(response)

    def event_renderer(self, style: Style) -> EventRenderer:  # noqa: ARG002  # no id, no model
        """A writer for one stream."""
        return _stream.EventstreamRenderer()

    def render_error(self, error: GammaError, request_id: str) -> JsonObject:  # noqa: ARG002  # travels in a header
        """An error body; the endpoint moves `__type` into the header `x-amzn-errortype`."""
        return _errors.render_error(error)

    def render_request(self, request: ChatRequest, target: Target) -> JsonObject:
        """The body to send."""
        return _request.render_request(request, target)

    def parse_response(self, body: bytes, traits: Traits) -> ChatResponse:  # noqa: ARG002  # one flavour only
        """A provider's whole answer."""
        return _response.parse_response(body)

    def event_parser(self, traits: Traits) -> EventParser:  # noqa: ARG002  # one flavour only
        """A reader for one stream."""
        return _stream.EventstreamParser()

    def parse_usage(self, body: bytes, traits: Traits) -> Usage | None:  # noqa: ARG002  # one flavour only
        """Only the token counts of a whole answer."""
        return _response.parse_usage(body)
