"""Ollama's streams: one JSON object a line, the last with `done: true`."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gamma.errors import GammaError, ProviderStreamCut
from gamma.types.chat import FinishReason, JsonObject, Media, TokenLogprob
from gamma.types.frame import Frame
from gamma.types.usage import Usage
from gamma.wire.base import Style
from gamma.wire.events import (
    Ended,
    Event,
    Failed,
    Finished,
    MediaDelta,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from gamma.wire.moments import rfc3339, seconds_of
from gamma.wire.ollama.messages import mime_of
from gamma.wire.ollama.response import (
    Line,
    Said,
    decode_line,
    finish_of,
    logprobs_of,
    render_call,
    render_end,
    render_logprobs,
    tool_call,
    usage_of,
)
from gamma.wire.provider_errors import parse_error


class Parser:
    """Reads one stream."""

    __slots__ = ("_calls", "_ended", "_started")

    def __init__(self) -> None:
        self._started = False
        self._ended = False
        self._calls = 0

    def parse_event(self, frame: Frame) -> Iterable[Event]:
        """Events of one line."""
        line = decode_line(frame.data)
        said = line.message
        if self._started and said is not None and said.content and not line.done and line.logprobs is None:
            if not said.thinking and not said.tool_calls and not said.images:  # nearly every line there is
                return (TextDelta(said.content),)
        elif line.error is not None:
            self._ended = True
            return (Failed(parse_error(500, {}, frame.data)),)
        return self._events(line, said)

    def _events(self, line: Line, said: Said | None) -> list[Event]:
        events: list[Event] = []
        if not self._started:
            self._started = True
            events.append(Started(model=line.model, created=seconds_of(line.created_at)))
        if said is not None:
            self._said(events, line, said)
        if line.done and not self._ended:
            self._ended = True
            if (usage := usage_of(line)) is not None:
                events.append(UsageReported(usage))
            events.append(Finished(finish_of(line.done_reason, called=self._calls > 0), raw=line.done_reason))
            events.append(Ended())
        return events

    def _said(self, events: list[Event], line: Line, said: Said) -> None:
        if said.thinking:
            events.append(ReasoningDelta(said.thinking))
        logprobs = logprobs_of(line)
        if said.content or logprobs:
            events.append(TextDelta(said.content or "", logprobs=logprobs))
        events.extend(MediaDelta(Media(kind="image", mime_type=mime_of(d), data=d)) for d in said.images or ())
        for call in said.tool_calls or ():
            index, self._calls = self._calls, self._calls + 1
            whole = tool_call(call, line, index)
            events.append(ToolCallStarted(index, whole.id, whole.name))
            events.append(ToolCallDelta(index, whole.arguments))

    def parse_end(self) -> Iterable[Event]:
        """A failure when no line said `done`."""
        if self._ended:
            return ()
        self._ended = True
        return (Failed(ProviderStreamCut("The provider's stream ended before its last line.")),)


class Renderer:
    """Writes one stream; calls of tools are held back until they are whole."""

    __slots__ = ("_calls", "_finish", "_head", "_tail", "_usage")

    def __init__(self, style: Style) -> None:
        model = msgspec.json.encode(style.model)
        self._head = b'{"model":%b,"created_at":"%b","message":{"role":"assistant"' % (
            model,
            rfc3339(style.created).encode(),
        )
        self._tail = b'},"done":false}\n'
        self._calls: dict[int, tuple[str, str, list[str]]] = {}
        self._finish: FinishReason = "stop"
        self._usage: Usage | None = None

    def render_event(self, event: Event) -> bytes:
        """The line of one event, or nothing when it is held back. Only the first choice is shown."""
        match event:
            case TextDelta() if event.choice == 0:
                return self._text(event.text, event.logprobs)
            case ReasoningDelta() if event.choice == 0 and event.text:
                thinking = msgspec.json.encode(event.text)
                return b'%b,"content":"","thinking":%b%b' % (self._head, thinking, self._tail)
            case RefusalDelta() if event.choice == 0:
                return self._text(event.text, ())
            case ToolCallStarted() if event.choice == 0:
                self._calls[event.index] = (event.id, event.name, [])
            case ToolCallDelta() if event.choice == 0 and event.index in self._calls:
                self._calls[event.index][2].append(event.arguments)
            case MediaDelta() if event.choice == 0 and event.media.kind == "image" and event.media.data:
                return self._message({"images": [event.media.data]})
            case Finished() if event.choice == 0:
                self._finish = event.reason
                return self._flush_calls()
            case Started():
                self._usage = event.usage or self._usage
            case UsageReported():
                self._usage = event.usage
            case Failed():
                return self.render_error(event.error)
            case _:
                pass  # other choices, citations and foreign blocks have no place in the dialect
        return b""

    def _text(self, text: str, logprobs: tuple[TokenLogprob, ...]) -> bytes:
        content = msgspec.json.encode(text)
        if not logprobs:
            return b'%b,"content":%b%b' % (self._head, content, self._tail)
        extra = msgspec.json.encode(render_logprobs(logprobs))
        return b'%b,"content":%b},"logprobs":%b,"done":false}\n' % (self._head, content, extra)

    def _message(self, fields: JsonObject) -> bytes:
        return b'%b,"content":"",%b%b' % (self._head, msgspec.json.encode(fields)[1:-1], self._tail)

    def _flush_calls(self) -> bytes:
        lines = []
        for index, (id_, name, arguments) in sorted(self._calls.items()):
            lines.append(self._message({"tool_calls": [render_call(id_, name, "".join(arguments), index)]}))
        self._calls.clear()
        return b"".join(lines)

    def render_end(self) -> bytes:
        """The last line, which carries the reason and the counts."""
        end = msgspec.json.encode(render_end(self._finish, self._usage))
        return b'%b%b,"content":""},%b\n' % (self._flush_calls(), self._head, end[1:])

    def render_error(self, error: GammaError) -> bytes:
        """A line that holds nothing but the error."""
        return msgspec.json.encode({"error": error.message}) + b"\n"
