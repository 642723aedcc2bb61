"""Cohere's Command R: the chat of Cohere's first API without model and stream (providers.md 7.3 and 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gamma.transport.sse import NdjsonDecoder
from gamma.types.chat import ChatRequest, ChatResponse, JsonObject
from gamma.types.frame import Frame
from gamma.wire.base import EventParser, EventRenderer, Style, Target, Traits
from gamma.wire.bedrock_invoke.families.base import NAME
from gamma.wire.bedrock_invoke.rewrap import RewrappedRenderer
from gamma.wire.cohere_v1 import CohereV1

_CHAT = CohereV1()
_CHAT_NAME = "cohere_v1"
_IN_PATH = frozenset({"model", "stream"})


class CohereChat:
    """`cohere.command-r` and `cohere.command-r-plus`."""

    def parse_request(self, body: Mapping[str, Any], *, model: str, stream: bool) -> ChatRequest:
        """A caller's request."""
        request = _CHAT.parse_request({**body, "stream": stream}, model=model, stream=stream)
        return msgspec.structs.replace(request, dialect=NAME, include_usage=True)

    def render_request(self, request: ChatRequest, target: Target) -> JsonObject:
        """The body to send."""
        if request.dialect == NAME:
            request = msgspec.structs.replace(request, dialect=_CHAT_NAME)
        body = _CHAT.render_request(request, target)
        return {name: value for name, value in body.items() if name not in _IN_PATH}

    def parse_response(self, body: bytes) -> ChatResponse:
        """A whole answer."""
        return _CHAT.parse_response(body, Traits())

    def render_response(self, response: ChatResponse, style: Style) -> JsonObject:
        """A whole answer to a caller."""
        return _CHAT.render_response(response, style)

    def event_parser(self) -> EventParser:
        """A reader of unpacked chunks."""
        return _CHAT.event_parser(Traits())

    def event_renderer(self, style: Style) -> EventRenderer:
        """A writer of chunks."""
        return RewrappedRenderer(_CHAT.event_renderer(style), NdjsonDecoder(), _data)


def _data(frame: Frame) -> bytes:
    return frame.data
