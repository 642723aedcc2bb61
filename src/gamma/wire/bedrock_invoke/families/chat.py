"""Families that take OpenAI's chat body: Jamba, Mistral Large, gpt-oss, Qwen, imported models (providers.md 7.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gamma.transport.sse import SseDecoder
from gamma.types.chat import ChatRequest, ChatResponse, JsonObject
from gamma.types.frame import Frame
from gamma.wire.anthropic_messages.response import decode_object
from gamma.wire.base import EventParser, EventRenderer, Style, Target, Traits
from gamma.wire.bedrock_invoke.families.base import NAME
from gamma.wire.bedrock_invoke.rewrap import RewrappedRenderer
from gamma.wire.openai_chat import OpenaiChat

_CHAT = OpenaiChat()
_CHAT_NAME = "openai_chat"
_IN_PATH = frozenset({"model", "stream", "stream_options"})


class Chat:
    """Chat completions without model and stream."""

    def parse_request(self, body: Mapping[str, Any], *, model: str, stream: bool) -> ChatRequest:
        """A caller's request."""
        request = _CHAT.parse_request(body, model=model, stream=stream)
        return msgspec.structs.replace(request, dialect=NAME, include_usage=True)

    def render_request(self, request: ChatRequest, target: Target) -> JsonObject:
        """The body to send."""
        if request.dialect == NAME:
            request = msgspec.structs.replace(request, dialect=_CHAT_NAME)
        body = _CHAT.render_request(request, target)
        return {name: value for name, value in body.items() if name not in _IN_PATH}

    def parse_response(self, body: bytes) -> ChatResponse:
        """A whole answer. Mistral's says `stop_reason` where OpenAI says `finish_reason`."""
        if b'"finish_reason"' in body:
            return _CHAT.parse_response(body, Traits())
        answer = decode_object(body)
        for choice in answer.get("choices") or ():
            if isinstance(choice, dict):
                choice["finish_reason"] = choice.pop("stop_reason", None)
        return _CHAT.parse_response(msgspec.json.encode(answer), Traits())

    def render_response(self, response: ChatResponse, style: Style) -> JsonObject:
        """A whole answer to a caller."""
        return _CHAT.render_response(response, style)

    def event_parser(self) -> EventParser:
        """A reader of unpacked chunks."""
        return _CHAT.event_parser(Traits())

    def event_renderer(self, style: Style) -> EventRenderer:
        """A writer of chunks."""
        return RewrappedRenderer(_CHAT.event_renderer(style), SseDecoder(), _data)


def _data(frame: Frame) -> bytes | None:
    return None if frame.data == b"[DONE]" else frame.data
