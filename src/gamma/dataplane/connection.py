"""One inward HTTP/1.1 connection: asyncio protocol over httptools, requests answered one after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Protocol, cast

import httptools

from gamma.errors import BodyTooLarge, GammaError, HeadersTooLarge, InvalidRequest

_MAX_PIPELINED = 8
_LINGER_S = 1.0
_REASONS = {s.value: s.phrase.encode() for s in HTTPStatus}
_STATUS_LINES = {s: b"HTTP/1.1 %d %b\r\n" % (s, _REASONS.get(s, b"Status")) for s in [*_REASONS, 498, 499, 529]}


class HttpRequest:
    """A request as it came, its body whole.

    Attributes:
        method: such as `POST`.
        path: without the query, still quoted.
        query: what follows the question mark; empty when absent.
        headers: by lower-case name; the last of a repeated one wins.
        connection: where the answer goes.
        fault: set when the request was refused while it was read; the body is then incomplete.
    """

    __slots__ = ("body", "connection", "fault", "headers", "keep_alive", "method", "path", "query")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.method = b""
        self.path = b""
        self.query = b""
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.keep_alive = True
        self.fault: GammaError | None = None


class Door(Protocol):
    """What a connection needs of its server."""

    max_body_bytes: int
    max_header_bytes: int
    connections: set[Connection]
    draining: bool
    answer: Callable[[HttpRequest], Coroutine[Any, Any, None]]


class Connection(asyncio.Protocol):
    """Reads requests, hands each to the door's `answer`, writes what it answers.

    Attributes:
        since: when it last became idle or began to read a request (the loop's clock).
    """

    def __init__(self, door: Door, loop: asyncio.AbstractEventLoop) -> None:
        self._door = door
        self._loop = loop
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport = None  # type: ignore[assignment]  # set by connection_made, before any use
        self._request = self._request_now = HttpRequest(self)
        self._url = b""
        self._body: list[bytes] = []
        self._size = 0
        self._reading_head = True
        self._waiting: deque[HttpRequest] = deque()
        self._task: asyncio.Task[None] | None = None
        self._stream_open = False
        self._chunked = True
        self._writable: asyncio.Event | None = None
        self.on_pause: Callable[[], None] | None = None
        self.on_resume: Callable[[], None] | None = None
        self.since = loop.time()
        self.mid_request = False
        self.closed = False
        self._deaf = False

    # what answers use

    def respond(self, status: int, head: bytes, body: bytes) -> None:
        """Writes a whole answer.

        Args:
            head: header lines, each ended by CR LF, without content-length and without the blank line.
        """
        if self.closed:
            return
        close = b"" if self._keep_alive() else b"connection: close\r\n"
        self._transport.write(b"%b%b%bcontent-length: %d\r\n\r\n%b" % (_status_line(status), head, close, len(body), body))

    def start_stream(self, status: int, head: bytes) -> None:
        """Writes the head of an answer that comes in chunks."""
        if self.closed:
            return
        self._stream_open = True
        self._chunked = self._parser.get_http_version() != "1.0"
        if self._chunked:
            framing = (
                b"transfer-encoding: chunked\r\n"
                if self._keep_alive()
                else (b"transfer-encoding: chunked\r\nconnection: close\r\n")
            )
        else:
            self._request_now.keep_alive = False
            framing = b"connection: close\r\n"
        self._transport.write(b"%b%b%b\r\n" % (_status_line(status), head, framing))

    def write_chunk(self, data: bytes) -> None:
        """Writes a piece of a stream. Nothing is held back; see `on_pause` for readers that are slow."""
        if data and not self.closed:
            self._transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def end_stream(self) -> None:
        """Ends a stream properly."""
        if self._stream_open and not self.closed and self._chunked:
            self._transport.write(b"0\r\n\r\n")
        self._stream_open = False

    def abort(self) -> None:
        """Closes at once, so that a chunked answer is seen to be incomplete."""
        self._transport.abort()

    def close(self) -> None:
        """Closes after what is written has been sent."""
        self._transport.close()

    def cancel(self) -> None:
        """Cancels the answer in progress."""
        if self._task is not None:
            self._task.cancel()

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self._task is not None

    @property
    def slow(self) -> bool:
        """Whether the caller reads more slowly than we write."""
        return self._writable is not None

    @property
    def streaming(self) -> bool:
        """Whether a stream has begun and not ended."""
        return self._stream_open

    @property
    def client_address(self) -> str:
        """The peer's IP address; empty when unknown."""
        peer = self._transport.get_extra_info("peername")
        return str(peer[0]) if isinstance(peer, tuple) else ""

    def _keep_alive(self) -> bool:
        return self._request_now.keep_alive and not self._door.draining

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._door.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self.closed = True
        self._door.connections.discard(self)
        self._waiting.clear()
        self.cancel()

    def eof_received(self) -> bool:
        if self.mid_request and self._task is None:
            self._refuse(InvalidRequest("the connection was closed before the request was complete"))
            return True  # the other direction still carries the answer
        return False

    def pause_writing(self) -> None:
        self._writable = asyncio.Event()
        if self.on_pause is not None:
            self.on_pause()

    def resume_writing(self) -> None:
        if self._writable is not None:
            self._writable.set()
            self._writable = None
        if self.on_resume is not None:
            self.on_resume()

    async def drained(self) -> None:
        """Waits until a slow reader has taken what was written."""
        if self._writable is not None:
            await self._writable.wait()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if self._reading_head:
            self._size += len(data)
            self.mid_request = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(InvalidRequest("protocol upgrades are not served at this path"))
        except httptools.HttpParserError as error:
            fault = self._request.fault
            self._refuse(fault or InvalidRequest(f"the request is not valid HTTP: {error}"))
        else:
            if self._reading_head and self._size > self._door.max_header_bytes:
                self._refuse(
                    HeadersTooLarge(f"headers may take {self._door.max_header_bytes >> 10} KB (server.max_header_kb)")
                )

    # httptools callbacks

    def on_message_begin(self) -> None:
        """A new request."""
        self._request = HttpRequest(self)
        self._body = []
        self._url = b""
        self._reading_head = True
        self.mid_request = True
        self.since = self._loop.time()

    def on_url(self, url: bytes) -> None:
        """A piece of the request target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header line."""
        self._request.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """The end of the head: whatever can be refused without the body is refused here."""
        request = self._request
        self._reading_head = False
        self._size = 0
        request.method = self._parser.get_method()
        request.path, _, request.query = self._url.partition(b"?")
        if request.path[:1] != b"/":  # absolute form, RFC 9112 section 3.2.2
            request.path = b"/" + request.path.partition(b"://")[2].partition(b"/")[2]
        request.keep_alive = self._parser.should_keep_alive()
        headers = request.headers
        length = headers.get(b"content-length")
        if length is not None and length.isdigit() and int(length) > self._door.max_body_bytes:
            self._too_large()
        if headers.get(b"expect", b"").lower() == b"100-continue" and self._task is None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        self._size += len(data)
        if self._size > self._door.max_body_bytes:
            self._too_large()
        self._body.append(data)

    def on_message_complete(self) -> None:
        """The end of the request."""
        if self._parser.should_upgrade():
            return  # the parser says so next, and the request is refused
        request = self._request
        body = self._body
        request.body = body[0] if len(body) == 1 else b"".join(body)
        self._body = []
        self._size = 0
        self._reading_head = True
        self.mid_request = False
        if self._task is None:
            self._start(request)
        else:
            self._waiting.append(request)
            if len(self._waiting) >= _MAX_PIPELINED:
                self._transport.pause_reading()

    def _too_large(self) -> None:
        megabytes = self._door.max_body_bytes >> 20
        fault = BodyTooLarge(f"the body exceeds {megabytes} MB; raise server.max_body_mb to allow more")
        self._request.fault = fault
        raise fault  # out of the parser: nothing more is read

    def _start(self, request: HttpRequest) -> None:
        self._request_now = request
        self._task = self._loop.create_task(self._answer(request))

    async def _answer(self, request: HttpRequest) -> None:
        try:
            await self._door.answer(request)
        finally:
            self._after()

    def _after(self) -> None:
        self._task = None
        self.on_pause = self.on_resume = None
        self.since = self._loop.time()
        if self.closed:
            return
        if self._deaf:
            # A close with unread input is a reset, which could take the answer with it: hang up gently (RFC 9112 9.6).
            if self._transport.can_write_eof():
                self._transport.write_eof()
            self._loop.call_later(_LINGER_S, self._transport.close)
        elif not self._keep_alive():
            self._transport.close()
        elif self._waiting:
            self._transport.resume_reading()
            self._start(self._waiting.popleft())

    def _refuse(self, fault: GammaError) -> None:
        """Answers a request that could not be read, then closes: what follows on the line cannot be trusted."""
        request = self._request
        request.fault = fault
        request.keep_alive = False
        self.mid_request = False
        self._deaf = True
        if not request.path:
            request.path = self._url.partition(b"?")[0]
        if self._task is None:
            self._start(request)
        else:
            self._waiting.append(request)


def _status_line(status: int) -> bytes:
    return _STATUS_LINES.get(status) or b"HTTP/1.1 %d Status\r\n" % status
