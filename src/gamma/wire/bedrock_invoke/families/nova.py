"""Amazon Nova: Converse's messages in an invoke body (providers.md 7.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gamma.errors import ProviderMalformed
from gamma.transport.eventstream import EventstreamDecoder
from gamma.types.chat import ChatRequest, ChatResponse, JsonObject
from gamma.types.frame import Frame
from gamma.wire.anthropic_messages.response import decode_object
from gamma.wire.base import EventParser, EventRenderer, Style, Target, Traits
from gamma.wire.bedrock_converse import BedrockConverse
from gamma.wire.bedrock_invoke.families.base import NAME
from gamma.wire.bedrock_invoke.rewrap import RewrappedRenderer
from gamma.wire.events import Event

_CONVERSE = BedrockConverse()
_CONVERSE_NAME = "bedrock_converse"
_ONLY_CONVERSE = frozenset({"requestMetadata", "serviceTier", "performanceConfig", "additionalModelRequestFields"})
_COUNTS = {
    "cacheReadInputTokenCount": "cacheReadInputTokens",
    "cacheWriteInputTokenCount": "cacheWriteInputTokens",
}
"""What invoke calls the cache counters (recorded: bedrock-invoke), and what Converse calls them."""


class Nova:
    """Nova's chat models."""

    def parse_request(self, body: Mapping[str, Any], *, model: str, stream: bool) -> ChatRequest:
        """A caller's request."""
        request = _CONVERSE.parse_request(body, model=model, stream=stream)
        return msgspec.structs.replace(request, dialect=NAME)

    def render_request(self, request: ChatRequest, target: Target) -> JsonObject:
        """The body to send. There is no place for a schema, so structured output is a forced tool."""
        own = request.dialect == NAME
        if own:
            request = msgspec.structs.replace(request, dialect=_CONVERSE_NAME)
        traits = target.traits
        if traits.json_schema == "native":
            target = msgspec.structs.replace(target, traits=msgspec.structs.replace(traits, json_schema="tool"))
        body = _CONVERSE.render_request(request, target)
        more = body.get("additionalModelRequestFields") or {}
        kept = {name: value for name, value in body.items() if name not in _ONLY_CONVERSE}
        if config := {**kept.get("inferenceConfig", {}), **more.pop("inferenceConfig", {})}:
            kept["inferenceConfig"] = config
        head = {} if own else {"schemaVersion": "messages-v1"}
        return {**head, **kept, **more}

    def parse_response(self, body: bytes) -> ChatResponse:
        """A whole answer."""
        answer = decode_object(body)
        _rename(answer.get("usage"))
        return _CONVERSE.parse_response(msgspec.json.encode(answer), Traits())

    def render_response(self, response: ChatResponse, style: Style) -> JsonObject:
        """A whole answer to a caller."""
        answer = _CONVERSE.render_response(response, style)
        _rename_back(answer.get("usage"))
        return answer

    def event_parser(self) -> EventParser:
        """A reader of unpacked chunks."""
        return _NovaParser()

    def event_renderer(self, style: Style) -> EventRenderer:
        """A writer of chunks."""
        return RewrappedRenderer(_CONVERSE.event_renderer(style), EventstreamDecoder(), _chunk)


class _NovaParser:
    """Converse's events, each as the one member of a chunk instead of a message of its own type."""

    def __init__(self) -> None:
        self._inner = _CONVERSE.event_parser(Traits())

    def parse_event(self, frame: Frame) -> Iterable[Event]:
        """Canonical events of one chunk."""
        try:
            chunk = msgspec.json.decode(frame.data)
        except ValueError:
            raise ProviderMalformed("the provider's stream holds a chunk that is not JSON") from None
        found: list[Event] = []
        for name, value in chunk.items() if isinstance(chunk, dict) else ():
            if isinstance(value, dict):
                _rename(value.get("usage"))
                found.extend(self._inner.parse_event(Frame(msgspec.json.encode(value), name)))
        return found

    def parse_end(self) -> Iterable[Event]:
        """What is still owed."""
        return self._inner.parse_end()


def _rename(usage: object) -> None:
    if isinstance(usage, dict):
        usage.update({theirs: usage.pop(ours) for ours, theirs in _COUNTS.items() if ours in usage})


def _rename_back(usage: object) -> None:
    if isinstance(usage, dict):
        usage.update({ours: usage.pop(theirs) for ours, theirs in _COUNTS.items() if theirs in usage})


def _chunk(frame: Frame) -> bytes:
    value = msgspec.json.decode(frame.data)
    _rename_back(value.get("usage"))
    return msgspec.json.encode({frame.event: value})
