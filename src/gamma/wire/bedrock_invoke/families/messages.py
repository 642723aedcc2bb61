"""Claude's messages: the Anthropic body without model and stream, with a version (providers.md 5, 7.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gamma.errors import UnsupportedParameter
from gamma.transport.sse import SseDecoder
from gamma.types.chat import ChatRequest, ChatResponse, JsonObject, Media
from gamma.types.frame import Frame
from gamma.wire.anthropic_messages import AnthropicMessages
from gamma.wire.base import EventParser, EventRenderer, Style, Target, Traits
from gamma.wire.bedrock_invoke.families.base import NAME
from gamma.wire.bedrock_invoke.rewrap import RewrappedRenderer
from gamma.wire.support import EXTRA_HINTS

_VERSION = "bedrock-2023-05-31"
_IN_PATH_OR_ABSENT = frozenset({"model", "stream", "service_tier"})
_NOT_HERE = (EXTRA_HINTS - {"anthropic_beta"}) | {"metadata", "mcp_servers"}
_MESSAGES = AnthropicMessages()


class Messages:
    """Claude 3 and later."""

    def parse_request(self, body: Mapping[str, Any], *, model: str, stream: bool) -> ChatRequest:
        """A caller's request."""
        request = _MESSAGES.parse_request(body, model=model, stream=stream)
        return msgspec.structs.replace(request, dialect=NAME)

    def render_request(self, request: ChatRequest, target: Target) -> JsonObject:
        """The body to send. Addresses are refused: Bedrock fetches nothing (recorded: bedrock)."""
        own = request.dialect == NAME
        for i, message in enumerate(request.messages):
            for part in message.parts:
                if isinstance(part, Media) and part.url and not part.url.startswith("data:"):
                    raise UnsupportedParameter(
                        f"{target.model} takes no {part.kind} by address; send its data", param=f"messages[{i}].content"
                    )
        if own:
            request = msgspec.structs.replace(request, dialect=_MESSAGES_NAME)
        body = _MESSAGES.render_request(request, target)
        left_out = _IN_PATH_OR_ABSENT if own else _IN_PATH_OR_ABSENT | (_NOT_HERE - {"thinking"})
        kept = {name: value for name, value in body.items() if name not in left_out}
        return {"anthropic_version": _VERSION, **kept}

    def parse_response(self, body: bytes) -> ChatResponse:
        """A whole answer."""
        return _MESSAGES.parse_response(body, Traits())

    def render_response(self, response: ChatResponse, style: Style) -> JsonObject:
        """A whole answer to a caller."""
        return _MESSAGES.render_response(response, style)

    def event_parser(self) -> EventParser:
        """A reader of unpacked chunks."""
        return _MESSAGES.event_parser(Traits())

    def event_renderer(self, style: Style) -> EventRenderer:
        """A writer of chunks."""
        return RewrappedRenderer(_MESSAGES.event_renderer(style), SseDecoder(), _data)


_MESSAGES_NAME = "anthropic_messages"


def _data(frame: Frame) -> bytes:
    return frame.data
