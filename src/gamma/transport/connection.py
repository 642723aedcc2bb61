"""One outward HTTP/1.1 connection: asyncio protocol over httptools, one exchange at a time, kept alive between them.

Measured against the client libraries in design section 4: the same work costs a third of the best of them.
"""

from __future__ import annotations

import asyncio
import zlib
from typing import Protocol, cast

import httptools

from gamma.errors import GammaError, ProviderMalformed, ProviderTimeout, ProviderUnreachable
from gamma.types.timeouts import Timeouts

_JOINED_BYTES = 16 * 1024
MAX_HEAD_BYTES = 256 * 1024
MAX_ANSWER_BYTES = 128 * 1024 * 1024


class Reply:
    """What a provider answered.

    Attributes:
        status: HTTP status.
        raw_headers: header lines in the order and spelling they came in.
        body: the whole body; empty when a sink took it chunk by chunk.
    """

    __slots__ = ("body", "raw_headers", "status")

    def __init__(self, status: int, raw_headers: list[tuple[bytes, bytes]], body: bytes = b"") -> None:
        self.status = status
        self.raw_headers = raw_headers
        self.body = body

    @property
    def headers(self) -> dict[str, str]:
        """Headers by lower-case name; the last of a repeated one wins."""
        return {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in self.raw_headers}


class Sink(Protocol):
    """Takes an answer while it arrives. Called from the reader, so it must not block."""

    def on_head(self, connection: Connection, reply: Reply) -> bool:
        """The status line and headers are there; True asks for the body chunk by chunk, False for the whole of it."""

    def on_body(self, data: bytes) -> None:
        """More of the body. An exception ends the exchange with that exception."""


class Connection(asyncio.Protocol):
    """An asyncio protocol that sends one request at a time and reads its answer."""

    __slots__ = (
        "_begun",
        "_body",
        "_chunked_body",
        "_decompress",
        "_done",
        "_error",
        "_head_bytes",
        "_headers",
        "_last",
        "_length_known",
        "_loop",
        "_parser",
        "_received",
        "_reply",
        "_sink",
        "_timeouts",
        "_to_sink",
        "closed",
        "idle_since",
        "reused",
        "transport",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.transport: asyncio.Transport | None = None
        self.closed = False
        self.reused = False
        self.idle_since = 0.0
        self._parser = httptools.HttpResponseParser(self)
        self._done: asyncio.Future[Reply] | None = None
        self._reset()

    def _reset(self) -> None:
        self._sink: Sink | None = None
        self._to_sink = False
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._reply: Reply | None = None
        self._decompress: zlib._Decompress | None = None
        self._received = 0
        self._head_bytes = 0
        self._length_known = False
        self._error: Exception | None = None

    def exchange(self, request: tuple[bytes, ...], timeouts: Timeouts, sink: Sink | None = None) -> asyncio.Future[Reply]:
        """Sends a request and starts reading its answer.

        Args:
            request: the bytes to write, head and body.
            timeouts: deadlines of this exchange; the pool's clock enforces them.
            sink: takes the body chunk by chunk; without one the whole body is collected.

        Returns:
            A future of the reply. It fails with ProviderUnreachable, ProviderTimeout, ProviderMalformed, or with what the
            sink raised. Cancelling it leaves the connection unusable: close it.
        """
        assert self.transport is not None
        self._reset()
        self._sink = sink
        self._timeouts = timeouts
        self._begun = self._last = self._loop.time()
        self._done = done = self._loop.create_future()
        if len(request[-1]) < _JOINED_BYTES:
            self.transport.write(b"".join(request))
        else:
            self.transport.writelines(request)  # one system call all the same, without a copy of the body
        return done

    def overdue(self, now: float) -> ProviderTimeout | None:
        """The deadline that has passed at `now` (the loop's clock), if any."""
        if self._done is None:
            return None
        limits, age = self._timeouts, now - self._begun
        if age > limits.total_s:
            return ProviderTimeout(f"no complete answer within {limits.total_s:g} s (timeouts.total_s)")
        if self._sink is not None:
            if self._received == 0:
                if age > limits.first_token_s:
                    return ProviderTimeout(f"nothing answered within {limits.first_token_s:g} s (timeouts.first_token_s)")
            elif now - self._last > limits.stall_s and self.transport and self.transport.is_reading():
                return ProviderTimeout(f"the stream stalled for {limits.stall_s:g} s (timeouts.stall_s)")
        return None

    @property
    def had_answer(self) -> bool:
        """Whether any byte of the current answer's head or body has come."""
        return self._reply is not None or bool(self._headers) or self._head_bytes > 0

    def pause(self) -> None:
        """Stops reading, so that a slow reader behind us never makes memory grow."""
        if self.transport is not None and not self.closed:
            self.transport.pause_reading()

    def resume(self) -> None:
        """Reads on."""
        if self.transport is not None and not self.closed:
            self._last = self._loop.time()
            self.transport.resume_reading()

    def rest(self) -> None:
        """Notes that nothing is asked of it from now on."""
        self.idle_since = self._last

    def fail(self, error: Exception) -> None:
        """Ends the current exchange with an error and closes the connection."""
        done, self._done = self._done, None
        if done is not None and not done.done():
            done.set_exception(error)
        self.close()

    def close(self) -> None:
        """Closes at once."""
        self.closed = True
        if self.transport is not None:
            self.transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if self._done is None:
            return
        if self._reply is not None and not self._length_known and exc is None:
            self._finish()  # a body that is delimited by the end of the connection
        else:
            self.fail(ProviderUnreachable(f"the connection was lost before the answer was complete{_reason(exc)}"))

    def eof_received(self) -> bool:
        return False

    def data_received(self, data: bytes) -> None:
        if self._done is None:
            self.close()  # bytes that nobody asked for
            return
        self._last = self._loop.time()
        if self._reply is None:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self.fail(ProviderMalformed("the answer's headers are too large"))
                return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.fail(self._error or ProviderMalformed(f"the answer is not HTTP: {error}"))
            return
        if self._to_sink and self._body and self._done is not None:
            self._flush()

    def _flush(self) -> None:
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body = []
        assert self._sink is not None
        try:
            self._sink.on_body(body)
        except GammaError as error:
            self.fail(error)

    # httptools callbacks

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header line."""
        self._headers.append((name, value))
        size = len(name)
        if size == 16 and name.lower() == b"content-encoding" and value.lower() in (b"gzip", b"deflate", b"x-gzip"):
            self._decompress = zlib.decompressobj(zlib.MAX_WBITS | 32)
        elif name.lower() in (b"content-length", b"transfer-encoding"):
            self._length_known = True

    def on_headers_complete(self) -> None:
        """The end of the head."""
        status = self._parser.get_status_code()
        if status < 200:
            return
        self._reply = Reply(status, self._headers)
        if self._sink is not None:
            self._to_sink = self._sink.on_head(self, self._reply)

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if self._decompress is not None:
            try:
                data = self._decompress.decompress(data)
            except zlib.error as error:
                self._error = ProviderMalformed(f"the answer's compression is broken: {error}")
                raise
        self._received += len(data)
        if self._received > MAX_ANSWER_BYTES and not self._to_sink:
            self._error = ProviderMalformed(f"the answer is larger than {MAX_ANSWER_BYTES >> 20} MiB")
            raise self._error
        if data:
            self._body.append(data)

    def on_message_complete(self) -> None:
        """The end of the answer."""
        if self._reply is None:  # 100 Continue, 103 Early Hints
            self._headers = []
            self._length_known = False
            return
        if not self._parser.should_keep_alive():
            self.closed = True
        self._finish()

    def _finish(self) -> None:
        if self._to_sink and self._body:
            self._flush()
        done, self._done = self._done, None
        if done is None or done.done():
            return
        assert self._reply is not None
        if not self._to_sink:
            self._reply.body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        if self.transport is None or self.transport.get_write_buffer_size():
            self.closed = True  # answered before it had read the request
        done.set_result(self._reply)


def _reason(exc: Exception | None) -> str:
    return f": {exc}" if exc is not None and str(exc) else ""
