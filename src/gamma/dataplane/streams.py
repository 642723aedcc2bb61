"""Streams from a provider to a caller, chunk by chunk, called straight from the reader: no task, no queue in between.

A slow caller pauses the provider's connection, so memory does not grow. Nothing is written before the first frame has shown
that the answer really began; until then a failed attempt can be replaced silently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Protocol

from gamma.dataplane.connection import Connection as Caller
from gamma.errors import ProviderMalformed
from gamma.transport.connection import Connection, Reply
from gamma.transport.eventstream import EventstreamDecoder
from gamma.transport.sse import NdjsonDecoder, SseDecoder
from gamma.types.frame import Frame, Framing
from gamma.types.usage import Usage
from gamma.wire.base import EventParser, EventRenderer
from gamma.wire.events import Event, Failed, Finished, Started, UsageReported

MAX_EVENT_BYTES = 32 * 1024 * 1024
KEPT_BYTES = 1024 * 1024
_EMPTY_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*\]')
_USAGE = re.compile(rb'"usage"\s*:\s*\{')


class Decoder(Protocol):
    """Bytes to frames."""

    def feed(self, data: bytes) -> Iterable[Frame]:
        """Frames that are complete with these bytes."""

    def end(self) -> Iterable[Frame]:
        """What is left at the end of input."""

    @property
    def pending(self) -> int:
        """Bytes held back."""


def decoder(framing: Framing) -> Decoder:
    """A fresh decoder for a framing."""
    if framing == "eventstream":
        return EventstreamDecoder()
    return NdjsonDecoder() if framing == "ndjson" else SseDecoder()


class StreamSink:
    """What both kinds of stream share.

    Args:
        commit: begins the caller's answer; called once, before the first byte is written.
        framing: how the provider's stream is framed.
        parser: reads the provider's events.

    Attributes:
        streaming: whether the provider answered with a stream; otherwise its reply holds the whole body.
        usage: token counts seen so far.
        told: whether the provider's own error event has reached the caller already.
    """

    def __init__(self, commit: Callable[[], None], framing: Framing, parser: EventParser) -> None:
        self._commit = commit
        self._framing = framing
        self._decoder = decoder(framing)
        self._parser = parser
        self._caller: Caller | None = None
        self._provider: Connection | None = None
        self._begun = False
        self.streaming = False
        self.usage: Usage | None = None
        self.told = False

    def connect(self, caller: Caller) -> None:
        """Says who reads."""
        self._caller = caller

    def on_head(self, connection: Connection, reply: Reply) -> bool:
        """Takes the body in chunks unless it is an error or a whole JSON answer."""
        kind = next((v for k, v in reply.raw_headers if k.lower() == b"content-type"), b"")
        whole = self._framing == "sse" and kind.startswith(b"application/json")
        if reply.status >= 300 or whole:
            return False
        self.streaming = True
        self._provider = connection
        if self._caller is not None:
            self._caller.on_pause = connection.pause
            self._caller.on_resume = connection.resume
        return True

    def on_body(self, data: bytes) -> None:
        """A piece of the provider's stream."""
        raise NotImplementedError

    def finish(self) -> None:
        """The provider's stream has ended: closes the caller's answer, or says that it was cut.

        Raises:
            ProviderStreamCut: the answer is not complete.
        """
        raise NotImplementedError

    def _write(self, data: bytes) -> None:
        if not data:
            return
        caller = self._caller
        assert caller is not None
        if not self._begun:
            self._begun = True
            self._commit()
        caller.write_chunk(data)
        if caller.slow and self._provider is not None:
            self._provider.pause()

    def _refuse_endless(self) -> None:
        if self._decoder.pending > MAX_EVENT_BYTES:
            raise ProviderMalformed(f"an event of the stream is larger than {MAX_EVENT_BYTES >> 20} MiB")

    def _note(self, event: Event) -> None:
        """Notes usage; raises what a failure event carries."""
        if isinstance(event, UsageReported):
            self.usage = event.usage
        elif isinstance(event, Started):
            self.usage = event.usage or self.usage
        elif isinstance(event, Failed):
            raise event.error


class TranslatingSink(StreamSink):
    """A provider's stream, rendered in the caller's dialect.

    Args:
        renderer: writes the caller's events.
    """

    def __init__(self, commit: Callable[[], None], framing: Framing, parser: EventParser, renderer: EventRenderer) -> None:
        super().__init__(commit, framing, parser)
        self._renderer = renderer
        self._held: list[bytes] = []

    def on_body(self, data: bytes) -> None:
        """Translates the frames that are complete."""
        out: list[bytes] = []
        try:
            for frame in self._decoder.feed(data):
                for event in self._parser.parse_event(frame):
                    self._take(event, out)
        finally:
            self._write(b"".join(out))  # what was translated before a failure is the caller's
        self._refuse_endless()

    def finish(self) -> None:
        """Translates what is left and closes the answer."""
        out: list[bytes] = []
        for frame in self._decoder.end():
            for event in self._parser.parse_event(frame):
                self._take(event, out)
        for event in self._parser.parse_end():
            self._take(event, out)
        out.append(self._renderer.render_end())
        self._write(b"".join([*self._held, *out]))

    def _take(self, event: Event, out: list[bytes]) -> None:
        self._note(event)
        rendered = self._renderer.render_event(event)
        if not self._begun and not out and isinstance(event, Started):
            self._held.append(rendered)  # an opening alone is no answer yet: it can still be taken back
            return
        if self._held and rendered:
            out.extend(self._held)
            self._held = []
        if rendered:
            out.append(rendered)


class PassingSink(StreamSink):
    """A provider's stream, byte for byte; a copy is read at its end for its token counts and to know that it was whole.

    Args:
        hide_usage: token counts were asked for on the caller's behalf: their own chunk is not passed on.
    """

    def __init__(
        self, commit: Callable[[], None], framing: Framing, parser: EventParser, *, hide_usage: bool = False
    ) -> None:
        super().__init__(commit, framing, parser)
        self._hide_usage = hide_usage
        self._opening = b""
        self._rest = b""
        self._kept: list[bytes] = []
        self._kept_bytes = 0
        self._dropped = False

    def on_body(self, data: bytes) -> None:
        """Passes a piece on."""
        self._keep(data)
        if not self._begun:
            self._opening += data
            frames = list(self._decoder.feed(data))
            if not frames:
                self._refuse_endless()
                return
            for event in self._parser.parse_event(frames[0]):
                self._note(event)
            data, self._opening = self._opening, b""
        self._write(self._without_usage(data) if self._hide_usage else data)

    def finish(self) -> None:
        """Reads the copy and passes on what was held back."""
        if not self._begun:
            for frame in self._decoder.end():
                for event in self._parser.parse_event(frame):
                    self._note(event)
        self._write(self._opening + self._rest)
        self._read_copy()

    def _keep(self, data: bytes) -> None:
        self._kept.append(data)
        self._kept_bytes += len(data)
        if self._kept_bytes > KEPT_BYTES:
            tail = b"".join(self._kept)[-KEPT_BYTES // 2 :]
            self._kept = [tail]
            self._kept_bytes = len(tail)
            self._dropped = True

    def _without_usage(self, data: bytes) -> bytes:
        """Whole events only, less the one that holds nothing but token counts."""
        if self._rest or not data.endswith(b"\n\n"):
            data = self._rest + data
            end = _whole_events(data)
            data, self._rest = data[:end], data[end:]
        if b'"usage"' not in data or _USAGE.search(data) is None:
            return data
        events = re.split(rb"(?<=\n\n)|(?<=\r\n\r\n)", data)
        return b"".join(e for e in events if not (_USAGE.search(e) and _EMPTY_CHOICES.search(e)))

    def _read_copy(self) -> None:
        data = b"".join(self._kept)
        self._kept = []
        if self._framing == "sse":
            tail = _last_events(data, 3)
            if tail and self._read(tail):
                return
        self._read(data if not self._dropped else data[data.find(b"\n\n") + 2 :], last=True)

    def _read(self, data: bytes, *, last: bool = False) -> bool:
        """Reads a part of the copy.

        Returns:
            Whether it shows the end of the answer.
        """
        reader = decoder(self._framing)
        finished = False
        for frame in (*reader.feed(data), *reader.end()):
            for event in self._parser.parse_event(frame):
                self.told = self.told or isinstance(event, Failed)
                self._note(event)
                finished = finished or isinstance(event, Finished)
        if finished or last:
            for event in self._parser.parse_end():
                self._note(event)
        return finished


def _whole_events(data: bytes) -> int:
    """How many of the bytes are complete SSE events."""
    lf, crlf = data.rfind(b"\n\n"), data.rfind(b"\r\n\r\n")
    return max(lf + 2 if lf >= 0 else 0, crlf + 4 if crlf >= 0 else 0)


def _last_events(data: bytes, number: int) -> bytes:
    """The last events of an SSE stream with LF line ends; empty when there are no more than these."""
    cut = len(data)
    for _ in range(number + 1):
        cut = data.rfind(b"\n\n", 0, cut)
        if cut < 0:
            return b""
    return data[cut + 2 :]
