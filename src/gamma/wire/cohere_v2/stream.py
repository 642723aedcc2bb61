"""Cohere v2 chat streams, both ways (providers.md 8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from gamma.errors import CallerError, GammaError, ProviderMalformed, ProviderStreamCut
from gamma.transport.sse import sse
from gamma.types.chat import JsonObject
from gamma.types.frame import Frame
from gamma.types.usage import Usage
from gamma.wire.base import Style
from gamma.wire.cohere_v2.citations import parse_citation, render_citation
from gamma.wire.cohere_v2.response import (
    LogprobItem,
    TokenUsage,
    parse_finish,
    render_finish,
    render_logprobs,
    render_usage,
)
from gamma.wire.events import (
    CitationDelta,
    Ended,
    Event,
    Failed,
    Finished,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from gamma.wire.fields import Fields
from gamma.wire.provider_errors import parse_error

_DIALECT = "cohere_v2"
_PLAN_BLOCK = -1  # the plan is a text of its own, beside the numbered content blocks


class _Content(Struct, gc=False):
    text: str | None = None
    thinking: str | None = None


class _Function(Struct, gc=False):
    name: str | None = None
    arguments: str | None = None


class _Call(Struct, gc=False):
    id: str | None = None
    function: _Function | None = None


class _Message(Struct):
    """One content block, call or citation: objects, though `message-start` holds empty lists in their places."""

    content: _Content | list[Any] | None = None
    tool_plan: str | None = None
    tool_calls: _Call | list[Any] | None = None
    citations: JsonObject | list[Any] | None = None


class _Delta(Struct):
    message: _Message | None = None
    finish_reason: str | None = None
    usage: TokenUsage | None = None
    error: str | None = None


class _Event(Struct):
    """Any event of the stream: which members are set depends on its type."""

    type: str = ""
    id: str | None = None
    index: int | None = 0
    delta: _Delta | None = None
    logprobs: LogprobItem | None = None
    message: str | None = None  # of an error body in an event's place


_DECODE = msgspec.json.Decoder(_Event).decode
_NOTHING = _Message()


class ChatParser:
    """Reads one stream."""

    def __init__(self) -> None:
        self._calls: dict[int, int] = {}  # the wire's index -> index among the tool calls
        self._held: dict[int, str | None] = {}  # arguments that may still become `null`; None once some were passed on
        self._over = False

    def parse_event(self, frame: Frame) -> Iterable[Event]:
        """Canonical events of one frame."""
        if frame.data == b"[DONE]":
            return (Ended(),)
        try:
            event = _DECODE(frame.data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ProviderMalformed("the provider's stream holds an unreadable event") from None
        delta = event.delta
        message = _NOTHING if delta is None or delta.message is None else delta.message
        index = event.index or 0
        match event.type or frame.event:
            case "content-delta" | "content-start":
                return self._content(event, index, message.content)
            case "tool-plan-delta" if message.tool_plan:
                return (TextDelta(message.tool_plan, 0, _PLAN_BLOCK),)
            case "tool-call-start" | "tool-call-delta" if isinstance(message.tool_calls, _Call):
                return self._call(index, message.tool_calls)
            case "tool-call-end":
                return self._call_end(index)
            case "citation-start" if isinstance(message.citations, dict):
                return self._citation(message.citations)
            case "message-start":
                return (Started(id=event.id or ""),)
            case "message-end":
                return self._message_end(delta or _Delta())
            case "" | "error" if event.message is not None:
                self._over = True
                return (Failed(parse_error(500, {}, frame.data)),)
        return ()

    def parse_end(self) -> Iterable[Event]:
        """Failed where the stream ended before `message-end`."""
        return () if self._over else (Failed(ProviderStreamCut("the provider's stream ended before its answer did")),)

    @staticmethod
    def _content(event: _Event, index: int, content: object) -> Iterable[Event]:
        if not isinstance(content, _Content):
            return ()
        if content.text:
            logprobs = () if event.logprobs is None else (event.logprobs.token(),)
            return (TextDelta(content.text, 0, index, None, logprobs),)
        return (ReasoningDelta(content.thinking, 0, index, dialect=_DIALECT),) if content.thinking else ()

    def _call(self, index: int, call: _Call) -> Iterator[Event]:
        function = call.function or _Function()
        known = self._calls.get(index)
        if known is None:
            known = self._calls[index] = len(self._calls)
            self._held[index] = ""
            name = function.name or ""
            yield ToolCallStarted(known, call.id or f"call_{known}_{name}", name)
        if not (text := function.arguments):
            return
        held = self._held[index]
        text = (held or "") + text
        if held is not None and "null".startswith(text.strip()):
            self._held[index] = text
        else:
            self._held[index] = None
            yield ToolCallDelta(known, text)

    def _call_end(self, index: int) -> Iterable[Event]:
        """A call whose arguments were absent or `null` has none: `{}` (recorded: cohere tool-call-stream)."""
        held = self._held.get(index)
        if held is None:
            return ()
        self._held[index] = None
        return (ToolCallDelta(self._calls[index], "{}" if held.strip() in ("", "null") else held),)

    @staticmethod
    def _citation(value: JsonObject) -> Iterable[Event]:
        if value.get("type") in ("PLAN", "THINKING_CONTENT"):
            return ()
        try:
            return (CitationDelta(parse_citation(Fields(value, "citations"))),)
        except CallerError as error:  # Fields speaks to callers; here the provider is at fault
            raise ProviderMalformed(f"the provider's stream holds an unreadable citation: {error.message}") from None

    def _message_end(self, delta: _Delta) -> Iterator[Event]:
        self._over = True
        if delta.error:
            yield Failed(parse_error(500, {}, msgspec.json.encode({"message": delta.error})))
            return
        for index in list(self._held):
            yield from self._call_end(index)
        yield Finished(parse_finish(delta.finish_reason, calls=bool(self._calls)), 0, delta.finish_reason)
        if delta.usage is not None and (usage := delta.usage.usage()) is not None:
            yield UsageReported(usage)


class ChatRenderer:
    """Writes one stream. Only the first choice is written: Cohere has no other."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._begun = False
        self._open: tuple[str, int] | None = None  # kind and canonical block (or tool index) that is open
        self._contents = 0  # content blocks begun
        self._calls: dict[int, int] = {}  # canonical tool index -> the wire's
        self._text: list[str] = []  # of the open text block, for citations
        self._finish = Finished("stop")
        self._usage: Usage | None = None

    def render_event(self, event: Event) -> bytes:
        """Bytes for one event; why it ended and the usage are held back."""
        match event:
            case Started():
                self._usage = event.usage or self._usage
                return self._begin(event.id)
            case UsageReported():
                self._usage = event.usage
            case Finished(choice=0):
                self._finish = event
            case Failed() | Ended() | Finished():
                pass
            case _ if event.choice == 0:
                return self._begin() + b"".join(self._content(event))
        return b""

    def render_end(self) -> bytes:
        """Closes the open block, then `message-end` and the terminator (40 of 40 recordings have both)."""
        finish = self._finish
        reason = render_finish(finish.reason, finish.raw, finish.stop_sequence)
        last = _event("message-end", {"delta": {"finish_reason": reason, "usage": render_usage(self._usage)}})
        return self._begin() + self._close() + last + sse(b"[DONE]")

    def render_error(self, error: GammaError) -> bytes:
        """A `message-end` that says so."""
        return self._begin() + _event("message-end", {"delta": {"finish_reason": "ERROR", "error": error.message}})

    def _begin(self, answer_id: str = "") -> bytes:
        if self._begun:
            return b""
        self._begun = True
        message = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        return _event("message-start", {"id": answer_id or self._style.id, "delta": {"message": message}})

    def _content(self, event: Event) -> Iterator[bytes]:
        match event:
            case TextDelta():
                yield self._turn("text", event.block)
                self._text.append(event.text)
                more = {"logprobs": render_logprobs(event.logprobs)[0]} if event.logprobs else {}
                yield self._delta({"text": event.text}, more)
            case ReasoningDelta() if event.text:
                yield self._turn("thinking", event.block)
                yield self._delta({"thinking": event.text})
            case RefusalDelta():
                yield self._turn("text", event.choice)
                yield self._delta({"text": event.text})
            case ToolCallStarted():
                yield self._turn("call", event.index)
                index = self._calls[event.index] = len(self._calls)
                call = {"id": event.id, "type": "function", "function": {"name": event.name, "arguments": ""}}
                yield _event("tool-call-start", {"index": index, "delta": {"message": {"tool_calls": call}}})
            case ToolCallDelta() if event.index in self._calls:
                call = {"function": {"arguments": event.arguments}}
                index = self._calls[event.index]
                yield _event("tool-call-delta", {"index": index, "delta": {"message": {"tool_calls": call}}})
            case CitationDelta():
                citation = render_citation(event.citation, "".join(self._text))
                index = max(self._contents - 1, 0)
                yield _event("citation-start", {"index": index, "delta": {"message": {"citations": citation}}})
                yield _event("citation-end", {"index": index})

    def _turn(self, kind: str, block: int) -> bytes:
        """Makes (kind, block) the open block; calls have numbers of their own."""
        if self._open == (kind, block):
            return b""
        closed = self._close()
        self._open = (kind, block)
        if kind == "call":
            return closed
        self._text = []
        self._contents += 1
        content = {"type": kind, kind: ""}
        return closed + _event("content-start", {"index": self._contents - 1, "delta": {"message": {"content": content}}})

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        kind, block = self._open
        self._open = None
        if kind == "call":
            return _event("tool-call-end", {"index": self._calls[block]})
        return _event("content-end", {"index": self._contents - 1})

    def _delta(self, content: JsonObject, more: JsonObject | None = None) -> bytes:
        event = {"index": self._contents - 1, "delta": {"message": {"content": content}}, **(more or {})}
        return _event("content-delta", event)


def _event(name: str, payload: JsonObject) -> bytes:
    return sse(msgspec.json.encode({"type": name, **payload}), name)
