"""A provider that does exactly what a test says, byte by byte: cuts, stalls, lies, and counts who came."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Exchange:
    """One request and the means to answer it.

    Attributes:
        number: counts requests over all connections, from 1.
        head: request line and headers.
        body: the request's body.
    """

    def __init__(self, number: int, head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.head = head
        self.body = body
        self.writer = writer

    async def send(self, *data: bytes, pause_s: float = 0.0) -> None:
        """Writes pieces, each by itself, with a pause between them."""
        for piece in data:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(pause_s)

    async def answer(self, body: bytes, status: str = "200 OK", headers: str = "") -> None:
        """Writes a whole JSON answer."""
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {len(body)}\r\n\r\n"
        await self.send(head.encode() + body)

    async def begin(self, kind: str = "text/event-stream") -> None:
        """Writes the head of a chunked answer."""
        await self.send(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n".encode())

    async def chunk(self, *data: bytes, pause_s: float = 0.0) -> None:
        """Writes chunks."""
        await self.send(*(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in data), pause_s=pause_s)

    async def end(self) -> None:
        """Ends a chunked answer."""
        await self.send(b"0\r\n\r\n")

    def cut(self) -> None:
        """Drops the connection."""
        self.writer.transport.abort()


Script = Callable[[Exchange], Awaitable[None]]


class Upstream:
    """A server that runs one script for each request.

    Attributes:
        url: where it listens.
        exchanges: what was asked so far.
        connections: how many were opened so far.
        lost: set when a connection is closed by the other side.
    """

    def __init__(self) -> None:
        self.url = ""
        self.exchanges: list[Exchange] = []
        self.connections = 0
        self.lost = threading.Event()
        self.writers: list[asyncio.StreamWriter] = []
        self.script: Script

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one connection's requests."""
        self.connections += 1
        self.writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                found = _LENGTH.search(head)
                body = await reader.readexactly(int(found[1])) if found else b""
                exchange = Exchange(len(self.exchanges) + 1, head, body, writer)
                self.exchanges.append(exchange)
                answering = asyncio.ensure_future(self.script(exchange))
                watching = asyncio.ensure_future(reader.read(1)) if b"WATCH" in body else None
                if watching is not None:
                    await watching
                    self.lost.set()
                    answering.cancel()
                    return
                await answering
        except (asyncio.IncompleteReadError, ConnectionError):
            self.lost.set()
        finally:
            writer.close()


@contextmanager
def upstream(script: Script) -> Iterator[Upstream]:
    """A running Upstream."""
    found = Upstream()
    found.script = script
    ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def main() -> None:
        server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
        found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        done = asyncio.Event()
        ready.set_result((asyncio.get_running_loop(), done))
        await done.wait()
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in found.writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    loop, done = ready.result(10)
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
