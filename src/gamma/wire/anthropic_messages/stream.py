"""A provider's stream of the messages dialect, read (providers.md 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct, field

from gamma.errors import ProviderMalformed, ProviderStreamCut
from gamma.types.chat import JsonObject
from gamma.types.frame import Frame
from gamma.wire.anthropic_messages.blocks import parse_citation
from gamma.wire.anthropic_messages.names import FINISH, NAME, STRUCTURED_TOOL
from gamma.wire.anthropic_messages.signature import unwrap_signature
from gamma.wire.anthropic_messages.usage import UsageCounter, parse_tier
from gamma.wire.events import (
    CitationDelta,
    Ended,
    Event,
    Failed,
    Finished,
    OpaqueDelta,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from gamma.wire.provider_errors import parse_error


class _Delta(Struct):
    type: str = ""
    text: str | None = None
    partial_json: str | None = None
    thinking: str | None = None
    signature: str | None = None
    content: str | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    citation: JsonObject | None = None


class _Payload(Struct):
    type: str = ""
    index: int | None = None
    delta: _Delta | None = None
    content_block: JsonObject | None = None
    message: JsonObject | None = None
    usage: Any = None
    error: Any = None
    metrics: JsonObject | None = field(default=None, name="amazon-bedrock-invocationMetrics")


_PAYLOADS = msgspec.json.Decoder(_Payload)
_NOTHING: tuple[Event, ...] = ()


class MessagesEventParser:
    """Reads one stream. A stream that broke off after its stop reason counts as whole (providers.md 2.1)."""

    __slots__ = ("_calls", "_done", "_early", "_finished", "_fragments", "_opaque", "_tool", "_usage")

    def __init__(self) -> None:
        self._usage = UsageCounter()
        self._calls = 0
        self._tool: int | None = None  # index of the open tool call among tool calls; -1: the structured answer
        self._opaque: JsonObject | None = None
        self._fragments: list[str] = []
        self._finished = self._done = False
        self._early: list[JsonObject] | None = None  # citations of an open text block that has no text yet

    def parse_event(self, frame: Frame) -> tuple[Event, ...]:
        """Canonical events of one frame.

        Raises:
            ProviderMalformed: it is not JSON, or of other shapes.
        """
        if self._done:
            return _NOTHING
        try:
            payload = _PAYLOADS.decode(frame.data)
        except ValueError:
            raise ProviderMalformed("the provider's stream holds an event that is not of its dialect") from None
        if payload.type == "content_block_delta":
            return self._delta(payload)
        if payload.error is not None or payload.type == "error" or frame.kind == "exception":
            self._done = True
            return (Failed(parse_error(500, {}, frame.data)),)
        read = _READ.get(payload.type)
        return _NOTHING if read is None else read(self, payload)

    def parse_end(self) -> tuple[Event, ...]:
        """A failure where the input ended before the answer did."""
        if self._done or self._finished:
            return _NOTHING
        return (Failed(ProviderStreamCut("the provider's stream ended before its answer did")),)

    def _start(self, payload: _Payload) -> tuple[Event, ...]:
        message = payload.message or {}
        raw = message.get("usage")
        usage = self._usage.usage() if self._usage.add(raw) else None
        tier = parse_tier(raw)
        return (Started(id=_str(message, "id"), model=_str(message, "model"), usage=usage, service_tier=tier),)

    def _open(self, payload: _Payload) -> tuple[Event, ...]:
        block, index = payload.content_block or {}, payload.index or 0
        self._tool, self._opaque, self._fragments, self._early = None, None, [], None
        match block.get("type"):
            case "text":
                return self._open_text(block, index)
            case "thinking":
                text = (ReasoningDelta(thought, 0, index),) if (thought := _str(block, "thinking")) else ()
                signature = _str(block, "signature")
                return (*text, *self._signature(signature, index)) if signature else text
            case "redacted_thinking":
                return (ReasoningDelta(block=index, encrypted=_str(block, "data"), dialect=NAME),)
            case "tool_use":
                return self._open_tool(block, index)
            case str():
                self._opaque = block
        return _NOTHING

    def _open_text(self, block: JsonObject, index: int) -> tuple[Event, ...]:
        citations = [raw for raw in block.get("citations") or () if isinstance(raw, dict)]
        if text := _str(block, "text"):
            return (TextDelta(text, 0, index), *(CitationDelta(parse_citation(raw)) for raw in citations))
        self._early = citations
        return _NOTHING

    def _cite_early(self) -> tuple[Event, ...]:
        """Citations come before the text that rests on them (recorded: anthropic); canonical ones come after it."""
        early, self._early = self._early or (), None
        return tuple(CitationDelta(parse_citation(raw)) for raw in early)

    def _cite(self, citation: JsonObject) -> tuple[Event, ...]:
        if self._early is None:
            return (CitationDelta(parse_citation(citation)),)
        self._early.append(citation)
        return _NOTHING

    def _open_tool(self, block: JsonObject, index: int) -> tuple[Event, ...]:
        name, value = _str(block, "name"), block.get("input")
        given = msgspec.json.encode(value).decode() if value else ""
        if name == STRUCTURED_TOOL:
            self._tool = -1
            return (TextDelta(given, 0, index),) if given else _NOTHING
        self._tool, self._calls = self._calls, self._calls + 1
        started = ToolCallStarted(self._tool, _str(block, "id") or f"call_{index}_{name}", name)
        if not given:
            return (started,)
        self._fragments.append(given)
        return (started, ToolCallDelta(self._tool, given))

    def _delta(self, payload: _Payload) -> tuple[Event, ...]:
        delta, index = payload.delta, payload.index or 0
        if delta is None:
            return _NOTHING
        kind = delta.type
        if kind == "text_delta":
            if not delta.text:
                return _NOTHING
            text = TextDelta(delta.text, 0, index)
            return (text,) if self._early is None else (text, *self._cite_early())
        if kind == "input_json_delta":
            return self._input(delta.partial_json, index)
        if kind == "thinking_delta":
            return (ReasoningDelta(delta.thinking, 0, index),) if delta.thinking else _NOTHING
        if kind == "signature_delta":
            return self._signature(delta.signature, index) if delta.signature else _NOTHING
        if kind == "citations_delta" and delta.citation is not None:
            return self._cite(delta.citation)
        if delta.content and self._opaque is not None:  # compaction_delta
            self._opaque["content"] = (self._opaque.get("content") or "") + delta.content
        return _NOTHING

    def _signature(self, signature: str, index: int) -> tuple[Event, ...]:
        found = unwrap_signature("", signature, NAME)
        if not found.dialect:
            return _NOTHING
        return (ReasoningDelta("", 0, index, found.signature, found.encrypted, found.id, found.dialect),)

    def _input(self, fragment: str | None, index: int) -> tuple[Event, ...]:
        if not fragment:
            return _NOTHING
        if self._tool is None:
            self._fragments.append(fragment)
            return _NOTHING
        if self._tool < 0:
            return (TextDelta(fragment, 0, index),)
        self._fragments.append(fragment)
        return (ToolCallDelta(self._tool, fragment),)

    def _close(self, _: _Payload) -> tuple[Event, ...]:
        tool, opaque, fragments = self._tool, self._opaque, self._fragments
        self._tool, self._opaque, self._fragments = None, None, []
        if tool is not None and tool >= 0 and not fragments:
            return (ToolCallDelta(tool, "{}"),)  # a call without arguments has no fragments
        if opaque is None:
            return self._cite_early() if self._early else _NOTHING
        if fragments:
            try:
                opaque["input"] = msgspec.json.decode("".join(fragments))
            except ValueError:
                raise ProviderMalformed("a hosted tool's input in the provider's stream is not JSON") from None
        return (OpaqueDelta(NAME, opaque),)

    def _finish(self, payload: _Payload) -> tuple[Event, ...]:
        events: list[Event] = []
        if self._usage.add(payload.usage):
            events.append(UsageReported(self._usage.usage()))
        raw = payload.delta.stop_reason if payload.delta is not None else None
        if raw:
            finish = FINISH.get(raw, "stop")
            if finish in {"stop", "tool_calls"} and raw != "pause_turn":
                finish = "tool_calls" if self._calls else "stop"
            self._finished = True
            events.append(Finished(finish, 0, raw, payload.delta.stop_sequence if payload.delta else None))
        return tuple(events)

    def _stop(self, _: _Payload) -> tuple[Event, ...]:
        self._done = True
        return (Ended(),) if self._finished else (Finished("tool_calls" if self._calls else "stop"), Ended())


_READ: dict[str, Callable[[MessagesEventParser, _Payload], tuple[Event, ...]]] = {
    "message_start": MessagesEventParser._start,  # noqa: SLF001  # the class's own table
    "content_block_start": MessagesEventParser._open,  # noqa: SLF001  # as above
    "content_block_stop": MessagesEventParser._close,  # noqa: SLF001  # as above
    "message_delta": MessagesEventParser._finish,  # noqa: SLF001  # as above
    "message_stop": MessagesEventParser._stop,  # noqa: SLF001  # as above
}


def _str(raw: JsonObject, name: str) -> str:
    value = raw.get(name)
    return value if isinstance(value, str) else ""
