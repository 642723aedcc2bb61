"""Outward connections: pooled per host, kept alive, bounded, TLS verified, with a deadline on every wait."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections import deque
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from gamma.errors import GammaError, ProviderTimeout, ProviderUnreachable
from gamma.transport.connection import Connection, Reply, Sink
from gamma.types.http import Origin
from gamma.types.timeouts import Timeouts

_TICK_S = 0.1  # how late a deadline may be noticed


class Channel(Struct, frozen=True):
    """A way to reach a provider; connections are shared by requests of one channel.

    Attributes:
        origin: scheme, host and port.
        proxy: `http://[user:password@]host:port`, or None for a direct connection.
        verify_tls: False accepts any certificate (private test servers).
    """

    origin: Origin
    proxy: str | None = None
    verify_tls: bool = True


class PoolConfig(Struct, frozen=True, kw_only=True):
    """Bounds of a pool.

    Attributes:
        max_connections: open connections per channel; further requests wait up to `connect_s`.
        idle_s: how long an unused connection is kept. Shorter than the 60 s and more of common servers, so that they
            seldom close one under us.
    """

    max_connections: int = 4096
    idle_s: float = 30.0


class _Channel:
    """Connections of one channel."""

    __slots__ = ("idle", "open", "waiters")

    def __init__(self) -> None:
        self.idle: deque[Connection] = deque()
        self.open: set[Connection] = set()
        self.waiters: deque[asyncio.Future[None]] = deque()


class Pool:
    """Sends requests to providers over pooled connections."""

    def __init__(self, config: PoolConfig | None = None) -> None:
        self._config = config or PoolConfig()
        self._channels: dict[Channel, _Channel] = {}
        self._tls: dict[bool, ssl.SSLContext] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._clock: asyncio.TimerHandle | None = None

    async def send(
        self, channel: Channel, request: tuple[bytes, ...], timeouts: Timeouts, sink: Sink | None = None
    ) -> Reply:
        """Sends a request and waits for its whole answer.

        Args:
            channel: where to.
            request: complete bytes, head and body.
            timeouts: deadlines.
            sink: takes the body chunk by chunk.

        Raises:
            ProviderUnreachable: DNS, TCP, TLS, or the connection was lost.
            ProviderTimeout: a deadline passed.
            ProviderMalformed: the answer is not HTTP.
        """
        for _ in range(2):
            connection = self._idle(channel) or await self._acquire(channel, timeouts)
            try:
                return await connection.exchange(request, timeouts, sink)
            except ProviderUnreachable:
                # The server closed an idle connection just as we wrote to it: nothing was answered, so ask anew once.
                if not connection.reused or connection.had_answer:
                    raise
            except BaseException:
                connection.close()
                raise
            finally:
                self._release(channel, connection)
        raise ProviderUnreachable("the connection was lost twice before an answer began")

    async def aclose(self) -> None:
        """Closes every connection; running exchanges fail."""
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
        for state in self._channels.values():
            for connection in list(state.open):
                connection.fail(ProviderUnreachable("the gateway is stopping"))
        self._channels.clear()

    @property
    def open_connections(self) -> int:
        """Connections open now, busy or idle."""
        return sum(len(state.open) for state in self._channels.values())

    def _idle(self, channel: Channel) -> Connection | None:
        """A kept connection that is still open."""
        state = self._channels.get(channel)
        while state is not None and state.idle:
            connection = state.idle.pop()
            if not connection.closed:
                connection.reused = True
                return connection
            state.open.discard(connection)
        return None

    async def _acquire(self, channel: Channel, timeouts: Timeouts) -> Connection:
        state = self._channels.get(channel)
        if state is None:
            state = self._channels[channel] = _Channel()
            self._start_clock()
        while True:
            connection = self._idle(channel)
            if connection is not None:
                return connection
            if len(state.open) < self._config.max_connections:
                return await self._connect(channel, state, timeouts.connect_s)
            await self._wait_for_place(state, channel, timeouts.connect_s)

    async def _wait_for_place(self, state: _Channel, channel: Channel, limit_s: float) -> None:
        waiter = asyncio.get_running_loop().create_future()
        state.waiters.append(waiter)
        try:
            async with asyncio.timeout(limit_s):
                await waiter
        except TimeoutError:
            raise ProviderTimeout(
                f"all {self._config.max_connections} connections to {channel.origin.host} are busy"
            ) from None

    async def _connect(self, channel: Channel, state: _Channel, limit_s: float) -> Connection:
        loop = asyncio.get_running_loop()
        connection = Connection(loop)
        state.open.add(connection)
        try:
            async with asyncio.timeout(limit_s):
                await self._open(loop, channel, connection)
        except TimeoutError:
            state.open.discard(connection)
            raise ProviderTimeout(f"no connection to {channel.origin} within {limit_s:g} s (timeouts.connect_s)") from None
        except GammaError:
            state.open.discard(connection)
            raise
        except (OSError, ssl.SSLError, UnicodeError) as error:
            state.open.discard(connection)
            raise ProviderUnreachable(f"cannot connect to {channel.origin}: {_plain(error)}") from error
        except BaseException:
            state.open.discard(connection)
            connection.close()
            raise
        return connection

    async def _open(self, loop: asyncio.AbstractEventLoop, channel: Channel, connection: Connection) -> None:
        origin = channel.origin
        tls = self._context(channel.verify_tls) if origin.scheme == "https" else None
        if channel.proxy is None:
            await loop.create_connection(lambda: connection, origin.host, origin.port, ssl=tls)
            return
        proxy = urlsplit(channel.proxy)
        greeting = _Greeting(loop, connect_head(origin, channel.proxy))
        transport, _ = await loop.create_connection(lambda: greeting, proxy.hostname or "", proxy.port or 8080)
        await greeting.accepted
        if tls is not None:
            secure = await loop.start_tls(transport, connection, tls, server_hostname=origin.host)
            if secure is None:
                raise ProviderUnreachable(f"the proxy closed the connection to {origin}")
            connection.connection_made(secure)
        else:
            transport.set_protocol(connection)
            connection.connection_made(transport)

    def _release(self, channel: Channel, connection: Connection) -> None:
        state = self._channels.get(channel)
        if state is None or connection.closed:
            connection.close()
            if state is not None:
                state.open.discard(connection)
        else:
            connection.rest()
            state.idle.append(connection)
        while state is not None and state.waiters:
            waiter = state.waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                break

    def _context(self, verify: bool) -> ssl.SSLContext:
        context = self._tls.get(verify)
        if context is None:
            context = self._tls[verify] = ssl.create_default_context()
            context.set_alpn_protocols(["http/1.1"])
            if not verify:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
        return context

    def _start_clock(self) -> None:
        if self._clock is None:
            loop = asyncio.get_running_loop()
            self._clock = loop.call_later(_TICK_S, self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for state in self._channels.values():
            for connection in list(state.open):
                overdue = connection.overdue(now)
                if overdue is not None:
                    connection.fail(overdue)
            while state.idle and (state.idle[0].closed or now - state.idle[0].idle_since > self._config.idle_s):
                connection = state.idle.popleft()
                state.open.discard(connection)
                connection.close()
        self._clock = loop.call_later(_TICK_S, self._tick, loop)


def connect_head(origin: Origin, proxy: str) -> bytes:
    """The CONNECT request that asks a proxy for a tunnel (RFC 9110 section 9.3.6)."""
    lines = [f"CONNECT {origin.host}:{origin.port} HTTP/1.1", f"host: {origin.host}:{origin.port}"]
    parts = urlsplit(proxy)
    if parts.username:
        token = b64encode(f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()).decode()
        lines.append(f"proxy-authorization: Basic {token}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class _Greeting(asyncio.Protocol):
    """Speaks the first words to a proxy; `accepted` is done when the tunnel stands."""

    def __init__(self, loop: asyncio.AbstractEventLoop, head: bytes) -> None:
        self.accepted: asyncio.Future[None] = loop.create_future()
        self._head = head
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(self._head)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if b"\r\n\r\n" not in self._answer or self.accepted.done():
            return
        status = self._answer.split(b"\r\n", 1)[0]
        if status.split(b" ")[1:2] == [b"200"]:
            self.accepted.set_result(None)
        else:
            self.accepted.set_exception(ProviderUnreachable(f"the proxy refused the tunnel: {status.decode('latin-1')}"))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        if not self.accepted.done():
            self.accepted.set_exception(ProviderUnreachable("the proxy closed the connection"))


def _plain(error: Any) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text)
