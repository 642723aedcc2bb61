"""watsonx.ai's streams: OpenAI's chunks in events with `id:` and `event: message`, and no `[DONE]`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from gamma.errors import GammaError
from gamma.transport.sse import SseDecoder
from gamma.types.frame import Frame
from gamma.wire.base import EventParser, Style, Traits
from gamma.wire.events import Event, Started
from gamma.wire.openai_chat import OpenaiChat
from gamma.wire.provider_errors import parse_error
from gamma.wire.watsonx.response import decode_head, render_error

_chat = OpenaiChat()


class Parser:
    """Reads one stream."""

    __slots__ = ("_chunks", "_started")

    def __init__(self, traits: Traits) -> None:
        self._chunks: EventParser = _chat.event_parser(traits)
        self._started = False

    def parse_event(self, frame: Frame) -> Iterable[Event]:
        """Events of one frame."""
        if b'"errors"' in frame.data and b'"choices"' not in frame.data:
            return self._chunks.parse_event(Frame(_as_openai(frame.data)))
        events = self._chunks.parse_event(Frame(frame.data))
        return events if self._started else self._named(events, frame)

    def _named(self, events: Iterable[Event], frame: Frame) -> Iterator[Event]:
        for event in events:
            if isinstance(event, Started):
                self._started = True
                model = decode_head(frame.data).model_id or event.model
                yield msgspec.structs.replace(event, model=model)
            else:
                yield event

    def parse_end(self) -> Iterable[Event]:
        """What is still owed at the end; nothing but the finish reason tells a whole answer."""
        return self._chunks.parse_end()


def _as_openai(data: bytes) -> bytes:
    """An error event in the shape that OpenAI's reader knows."""
    error = parse_error(500, {}, data)
    fault = {"message": error.message, "code": error.provider_code}
    return msgspec.json.encode({"error": fault})


class Renderer:
    """Writes one stream: OpenAI's writer, its events renamed."""

    __slots__ = ("_chunks", "_count", "_model")

    def __init__(self, style: Style) -> None:
        self._chunks = _chat.event_renderer(style)
        self._model = style.model
        self._count = 0

    def render_event(self, event: Event) -> bytes:
        """The events of one canonical event."""
        return self._renamed(self._chunks.render_event(event))

    def render_end(self) -> bytes:
        """The last events; there is no terminator."""
        return self._renamed(self._chunks.render_end())

    def render_error(self, error: GammaError) -> bytes:
        """An error event."""
        return self._framed("error", msgspec.json.encode(render_error(error, "")))

    def _renamed(self, data: bytes) -> bytes:
        out = []
        for frame in SseDecoder().feed(data):
            if frame.data.startswith(b"{"):  # not the terminator
                chunk = msgspec.json.decode(frame.data)
                out.append(self._framed("message", msgspec.json.encode({"model_id": self._model} | chunk)))
        return b"".join(out)

    def _framed(self, name: str, data: bytes) -> bytes:
        self._count += 1
        return b"id: %d\nevent: %b\ndata: %b\n\n" % (self._count, name.encode(), data)
