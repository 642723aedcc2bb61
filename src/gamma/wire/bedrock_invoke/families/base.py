"""What a model family of InvokeModel must be able to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from gamma.types.chat import ChatRequest, ChatResponse, JsonObject
from gamma.wire.base import EventParser, EventRenderer, Style, Target

NAME = "bedrock_invoke"


class Family(Protocol):
    """One shape of bodies. Frames of its streams hold the JSON that a chunk's base64 unpacks to."""

    def parse_request(self, body: Mapping[str, Any], *, model: str, stream: bool) -> ChatRequest:
        """A caller's request; raises as `wire.base.Served.parse_request`."""

    def render_request(self, request: ChatRequest, target: Target) -> JsonObject:
        """The body to send; raises as `wire.base.Called.render_request`."""

    def parse_response(self, body: bytes) -> ChatResponse:
        """A whole answer; raises as `wire.base.Called.parse_response`."""

    def render_response(self, response: ChatResponse, style: Style) -> JsonObject:
        """A whole answer to a caller."""

    def event_parser(self) -> EventParser:
        """A reader of unpacked chunks."""

    def event_renderer(self, style: Style) -> EventRenderer:
        """A writer whose bytes are event stream messages."""
