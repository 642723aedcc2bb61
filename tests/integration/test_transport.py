"""The outward client against a server that misbehaves on purpose."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
from pathlib import Path

import pytest
import trustme

from gamma.errors import ProviderMalformed, ProviderTimeout, ProviderUnreachable
from gamma.transport.connection import Connection, Reply
from gamma.transport.pool import Channel, Pool, PoolConfig
from gamma.types.http import Origin
from gamma.types.timeouts import Timeouts
from tests.integration.upstream import Exchange, upstream

REQUEST = (b"POST / HTTP/1.1\r\nhost: x\r\n", b"content-length: 2\r\n\r\n", b"{}")
QUICK = Timeouts(connect_s=0.5, first_token_s=0.3, stall_s=0.3, total_s=5)


def channel(url: str) -> Channel:
    return Channel(Origin("http", "127.0.0.1", int(url.rsplit(":", 1)[1])))


class Collect:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.data = b""

    def on_head(self, connection: Connection, reply: Reply) -> bool:
        return reply.status == 200

    def on_body(self, data: bytes) -> None:
        self.data += data


def send(url: str, *, times: int = 1, timeouts: Timeouts = QUICK, sink: Collect | None = None) -> list[Reply]:
    async def run() -> list[Reply]:
        pool = Pool()
        try:
            return [await pool.send(channel(url), REQUEST, timeouts, sink) for _ in range(times)]
        finally:
            await pool.aclose()

    return asyncio.run(run())


def test_a_connection_is_kept_and_used_again() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.answer(b'{"n":%d}' % exchange.number)

    with upstream(script) as up:
        replies = send(up.url, times=3)
    assert [r.body for r in replies] == [b'{"n":1}', b'{"n":2}', b'{"n":3}']
    assert up.connections == 1


def test_a_connection_that_the_server_closed_while_idle_is_replaced_silently() -> None:
    async def script(exchange: Exchange) -> None:
        if exchange.number == 2:
            exchange.cut()  # the server gives up on the kept connection just as we use it
        else:
            await exchange.answer(b"{}")

    with upstream(script) as up:
        assert [r.status for r in send(up.url, times=2)] == [200, 200]
    assert up.connections == 2


def test_chunked_compressed_and_close_delimited_bodies_are_read_whole() -> None:
    async def script(exchange: Exchange) -> None:
        if exchange.number == 1:
            await exchange.begin("application/json")
            await exchange.chunk(b'{"a":', b"1}")
            await exchange.end()
        elif exchange.number == 2:
            await exchange.answer(gzip.compress(b'{"a":2}'), headers="content-encoding: gzip\r\n")
        else:
            await exchange.send(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", b'{"a":3}')
            exchange.writer.close()

    with upstream(script) as up:
        assert [r.body for r in send(up.url, times=3)] == [b'{"a":1}', b'{"a":2}', b'{"a":3}']


def test_informational_answers_are_passed_over() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n")
        await exchange.answer(b"{}")

    with upstream(script) as up:
        assert send(up.url)[0].status == 200


def test_a_refused_connection_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ProviderUnreachable, match="cannot connect to http://"):
        send(f"http://127.0.0.1:{port}")


def test_an_unknown_host_is_named() -> None:
    async def run() -> None:
        pool = Pool()
        try:
            await pool.send(Channel(Origin("http", "no-such-host.invalid", 80)), REQUEST, Timeouts(connect_s=10))
        finally:
            await pool.aclose()

    with pytest.raises(ProviderUnreachable, match="no-such-host"):
        asyncio.run(run())


def test_a_reset_in_the_middle_of_an_answer_is_an_error() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
        exchange.cut()

    with upstream(script) as up, pytest.raises(ProviderUnreachable, match="before the answer was complete"):
        send(up.url)


def test_an_answer_that_is_not_http_is_malformed() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(b"SSH-2.0-OpenSSH\r\n\r\n")

    with upstream(script) as up, pytest.raises(ProviderMalformed, match="not HTTP"):
        send(up.url)


@pytest.mark.parametrize(
    ("pieces", "limit"), [((), "first_token_s"), ((b"data: 1\n\n",), "stall_s")], ids=["no first token", "stall"]
)
def test_silence_ends_at_its_deadline(pieces: tuple[bytes, ...], limit: str) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.chunk(*pieces)
        await asyncio.sleep(5)

    with upstream(script) as up, pytest.raises(ProviderTimeout, match=limit):
        send(up.url, sink=Collect())


def test_the_total_deadline_ends_a_whole_answer() -> None:
    async def script(exchange: Exchange) -> None:
        await asyncio.sleep(5)

    with upstream(script) as up, pytest.raises(ProviderTimeout, match="total_s"):
        send(up.url, timeouts=Timeouts(total_s=0.3))


def test_a_cancelled_request_closes_its_connection() -> None:
    async def script(exchange: Exchange) -> None:
        await asyncio.sleep(5)

    async def run(url: str) -> None:
        pool = Pool()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pool.send(channel(url), (REQUEST[0], b"content-length: 5\r\n\r\n", b"WATCH"), QUICK), 0.2)
        assert pool.open_connections == 0
        await pool.aclose()

    with upstream(script) as up:
        asyncio.run(run(up.url))
        assert up.lost.wait(1)


def test_connections_are_bounded_and_requests_wait_their_turn() -> None:
    async def script(exchange: Exchange) -> None:
        await asyncio.sleep(0.05)
        await exchange.answer(b"{}")

    async def run(url: str) -> int:
        pool = Pool(PoolConfig(max_connections=2))
        await asyncio.gather(*(pool.send(channel(url), REQUEST, Timeouts()) for _ in range(8)))
        opened = pool.open_connections
        await pool.aclose()
        return opened

    with upstream(script) as up:
        assert asyncio.run(run(up.url)) == 2
        assert up.connections == 2


def test_waiting_for_a_connection_has_a_deadline() -> None:
    async def script(exchange: Exchange) -> None:
        await asyncio.sleep(3)

    async def run(url: str) -> None:
        pool = Pool(PoolConfig(max_connections=1))
        first = asyncio.ensure_future(pool.send(channel(url), REQUEST, Timeouts()))
        await asyncio.sleep(0.1)
        with pytest.raises(ProviderTimeout, match="busy"):
            await pool.send(channel(url), REQUEST, QUICK)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await pool.aclose()

    with upstream(script) as up:
        asyncio.run(run(up.url))


def _tls_server(directory: Path) -> tuple[trustme.CA, ssl.SSLContext]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    return authority, context


async def _answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"{}")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
    await writer.drain()
    writer.close()


@pytest.mark.parametrize("verify", [True, False])
def test_certificates_are_verified_unless_told_otherwise(tmp_path: Path, verify: bool) -> None:
    _, context = _tls_server(tmp_path)

    async def run() -> Reply:
        server = await asyncio.start_server(_answer_once, "localhost", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        pool = Pool()
        try:
            return await pool.send(Channel(Origin("https", "localhost", port), None, verify), REQUEST, Timeouts())
        finally:
            await pool.aclose()
            server.close()

    if verify:
        with pytest.raises(ProviderUnreachable, match=r"(?i)certificate"):
            asyncio.run(run())
    else:
        assert asyncio.run(run()).status == 200


def test_a_proxy_is_asked_for_a_tunnel_with_its_credentials() -> None:
    seen: list[bytes] = []

    async def script(exchange: Exchange) -> None:
        await exchange.answer(b'{"through":1}')

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.append(head)
        host, port = head.split(b" ")[1].decode().rsplit(":", 1)
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        far_writer.write(await reader.readuntil(b"{}"))
        writer.write(await far_reader.readuntil(b"}"))
        await writer.drain()
        far_writer.close()
        writer.close()

    async def run(url: str) -> Reply:
        server = await asyncio.start_server(proxy, "127.0.0.1", 0)
        address = f"http://ada:p%40ss@127.0.0.1:{server.sockets[0].getsockname()[1]}"
        pool = Pool()
        try:
            return await pool.send(Channel(channel(url).origin, address), REQUEST, Timeouts())
        finally:
            await pool.aclose()
            server.close()

    with upstream(script) as up:
        assert asyncio.run(run(up.url)).body == b'{"through":1}'
    assert seen[0].startswith(b"CONNECT 127.0.0.1:")
    assert b"proxy-authorization: Basic YWRhOnBAc3M=" in seen[0]  # ada:p@ss
