"""The listening side: sockets, the clock that ends idle and slow connections, and the graceful stop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

from gamma.dataplane.config import ServerConfig
from gamma.dataplane.connection import Connection, HttpRequest

_TICK_S = 1.0
_LAST_WORDS_S = 2.0  # for cancelled answers to end with an error event
_READ_LIMIT_S = 60.0  # a request whose head and body take longer is an attack or a dead line


class Server:
    """Accepts connections and hands their requests to `answer`.

    Args:
        config: sizes and times.
        answer: answers one request by writing to its connection; it must not raise.
    """

    def __init__(self, config: ServerConfig, answer: Callable[[HttpRequest], Coroutine[Any, Any, None]]) -> None:
        self._config = config
        self.answer = answer
        self.max_body_bytes = int(config.max_body_mb * (1 << 20))
        self.max_header_bytes = int(config.max_header_kb * 1024)
        self.connections: set[Connection] = set()
        self.draining = False
        self._server: asyncio.Server | None = None
        self._clock: asyncio.TimerHandle | None = None

    async def start(self, sock: socket.socket) -> None:
        """Begins to accept connections on a bound socket."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self, loop), sock=sock, backlog=2048)
        self._clock = loop.call_later(_TICK_S, self._tick, loop)

    async def stop(self) -> None:
        """Stops accepting, lets running answers finish up to `drain_s`, then ends them.

        A stream that still runs is cancelled: its answer ends with an error event, never as if it were complete.
        """
        self.draining = True
        if self._server is not None:
            self._server.close()
        loop = asyncio.get_running_loop()
        await self._idle_by(loop.time() + self._config.drain_s)
        for connection in self._busy():
            connection.cancel()
        await self._idle_by(loop.time() + _LAST_WORDS_S)
        if self._clock is not None:
            self._clock.cancel()
        for connection in list(self.connections):
            connection.close()
        await asyncio.sleep(0)

    async def _idle_by(self, deadline: float) -> None:
        """Returns when nothing is being answered, or at the deadline (the loop's clock)."""
        loop = asyncio.get_running_loop()
        while self._busy() and loop.time() < deadline:  # noqa: ASYNC110  # an event would cost every request something
            await asyncio.sleep(0.02)

    def _busy(self) -> list[Connection]:
        return [c for c in self.connections if c.busy]

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in list(self.connections):
            if connection.busy:
                continue
            limit = _READ_LIMIT_S if connection.mid_request else self._config.keep_alive_s
            if self.draining or now - connection.since > limit:
                connection.close()
        self._clock = loop.call_later(_TICK_S, self._tick, loop)


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A bound, listening TCP socket.

    Args:
        shared: several processes may bind the same port (SO_REUSEPORT); the kernel spreads connections over them.

    Raises:
        OSError: the port is taken, or the host is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((host, port))
        sock.listen(2048)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock
