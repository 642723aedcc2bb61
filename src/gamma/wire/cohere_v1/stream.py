"""Cohere v1 chat streams, both ways: JSON lines, or the same objects as server-sent events (providers.md 8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from gamma.errors import CallerError, GammaError, ProviderMalformed, ProviderStreamCut
from gamma.types.chat import ChatResponse, JsonObject
from gamma.types.frame import Frame
from gamma.wire.assemble import Assembler
from gamma.wire.base import Style
from gamma.wire.cohere_v1.response import parse_call, parse_citation, render_citation, render_response
from gamma.wire.cohere_v2.response import TokenUsage, parse_finish
from gamma.wire.events import (
    CitationDelta,
    Ended,
    Event,
    Failed,
    Finished,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from gamma.wire.fields import Fields
from gamma.wire.provider_errors import parse_error


class _Answer(Struct):
    meta: TokenUsage | None = None


class _Event(Struct):
    """Any event of the stream: which members are set depends on its type."""

    event_type: str = ""
    text: str | None = None
    generation_id: str | None = None
    finish_reason: str | None = None
    citations: list[Any] | None = None
    tool_calls: list[Any] | None = None
    response: _Answer | None = None
    error: str | None = None  # beside the finish reason ERROR
    message: str | None = None  # of an error body in an event's place


_DECODE = msgspec.json.Decoder(_Event).decode


class LineParser:
    """Reads one stream."""

    def __init__(self) -> None:
        self._calls = 0
        self._over = False

    def parse_event(self, frame: Frame) -> Iterable[Event]:
        """Canonical events of one line or server-sent event."""
        if frame.data == b"[DONE]":
            return ()
        try:
            event = _DECODE(frame.data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ProviderMalformed("the provider's stream holds an unreadable event") from None
        match event.event_type or frame.event:
            case "text-generation":
                return (TextDelta(event.text),) if event.text else ()
            case "stream-start":
                return (Started(id=event.generation_id or ""),)
            case "citation-generation" | "tool-calls-generation":
                try:
                    return tuple(self._rest(event))
                except CallerError as error:  # Fields speaks to callers; here the provider is at fault
                    raise ProviderMalformed(f"the provider's stream is not a chat stream: {error.message}") from None
            case "stream-end":
                self._over = True
                return tuple(self._end(event))
            case "" | "error" if event.message is not None:
                self._over = True
                return (Failed(parse_error(500, {}, frame.data)),)
        return ()

    def parse_end(self) -> Iterable[Event]:
        """Failed where the stream ended before `stream-end`."""
        return () if self._over else (Failed(ProviderStreamCut("the provider's stream ended before its answer did")),)

    def _rest(self, event: _Event) -> Iterator[Event]:
        for value in event.citations or ():
            yield CitationDelta(parse_citation(Fields(value, "citations")))
        for value in event.tool_calls or ():
            call = parse_call(Fields(value, "tool_calls"), self._calls)
            yield ToolCallStarted(self._calls, call.id, call.name)
            yield ToolCallDelta(self._calls, call.arguments)
            self._calls += 1

    def _end(self, event: _Event) -> Iterator[Event]:
        if event.error:
            yield Failed(parse_error(500, {}, msgspec.json.encode({"message": event.error})))
            return
        yield Finished(parse_finish(event.finish_reason, calls=self._calls > 0), 0, event.finish_reason)
        if event.response is not None and event.response.meta is not None:
            usage = event.response.meta.usage()
            if usage is not None:
                yield UsageReported(usage)
        yield Ended()


class LineRenderer:
    """Writes one stream. Its last event repeats the whole answer, as the vendor's does."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._whole = Assembler()
        self._begun = False
        self._text: list[str] = []

    def render_event(self, event: Event) -> bytes:
        """Bytes for one event; calls, why it ended and the usage are held back."""
        if isinstance(event, Failed) or getattr(event, "choice", 0) != 0:
            return b""
        self._whole.add(event)
        match event:
            case Started():
                return self._begin(event.id)
            case TextDelta() | RefusalDelta():
                self._text.append(event.text)
                return self._begin() + self._line("text-generation", {"text": event.text})
            case CitationDelta():
                cited = [render_citation(event.citation, "".join(self._text))]
                return self._begin() + self._line("citation-generation", {"citations": cited})
        return b""

    def render_end(self) -> bytes:
        """The tool calls, if any, and `stream-end`."""
        response: ChatResponse = self._whole.response()
        answer = render_response(response, self._style)
        calls = answer.get("tool_calls")
        called = self._line("tool-calls-generation", {"tool_calls": calls}) if calls else b""
        last = {"finish_reason": answer["finish_reason"], "response": answer}
        return self._begin() + called + self._line("stream-end", last, over=True)

    def render_error(self, error: GammaError) -> bytes:
        """A `stream-end` that says so."""
        answer = render_response(self._whole.response(), self._style)
        last = {"finish_reason": "ERROR", "error": error.message, "response": {**answer, "finish_reason": "ERROR"}}
        return self._begin() + self._line("stream-end", last, over=True)

    def _begin(self, answer_id: str = "") -> bytes:
        if self._begun:
            return b""
        self._begun = True
        return self._line("stream-start", {"generation_id": answer_id or self._style.id})

    @staticmethod
    def _line(name: str, payload: JsonObject, *, over: bool = False) -> bytes:
        return msgspec.json.encode({"is_finished": over, "event_type": name, **payload}) + b"\n"
