"""Bytes that no decent client sends: the server answers 4xx or closes, in time, and then serves the next caller."""

from __future__ import annotations

import json
import re
import select
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.integration.gateways import ADMIN_KEY, Running

BODY = json.dumps({"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 3}).encode()
START = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: gamma\r\nconnection: close\r\nauthorization: Bearer %b\r\n"
    % ADMIN_KEY.encode()
)
GOOD = START + b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY
CHUNKED = START + b"transfer-encoding: chunked\r\n\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\nhost: gamma\r\n\r\n"
_ANSWER = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n(?:[^\r\n]+\r\n)*?content-length: (\d+)\r\n(?:[^\r\n]+\r\n)*\r\n")
WAIT_S = 5
FUZZ = settings(
    max_examples=150,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


def talk(running: Running, pieces: Iterable[bytes], patience_s: float = 0.05) -> list[int]:
    """Sends pieces and reads until the server closes.

    Args:
        patience_s: how long to wait for an answer before saying that no more will come; whoever says so at once leaves,
            and may get none.

    Returns:
        The statuses of its answers; all of them whole.

    Raises:
        TimeoutError: it neither answered nor closed in time.
    """
    parts = urlsplit(running.url)
    said = b""
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=WAIT_S) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                sock.sendall(piece)
            if not patience_s or not select.select([sock], [], [], patience_s)[0]:
                sock.shutdown(socket.SHUT_WR)
            elif (data := sock.recv(65536)) == b"":
                return []
            else:
                said += data
                if not select.select([sock], [], [], patience_s)[0]:
                    sock.shutdown(socket.SHUT_WR)
            while data := sock.recv(65536):
                said += data
        except (BrokenPipeError, ConnectionResetError):
            pass  # it closed while we were still talking
    return statuses(said)


def statuses(said: bytes) -> list[int]:
    """The statuses of a run of whole answers."""
    found = []
    said = said.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    while said:
        head = _ANSWER.match(said)
        assert head, f"not an answer: {said[:300]!r}"
        end = head.end() + int(head[2])
        assert len(said) >= end, f"cut: {said!r}"
        found.append(int(head[1]))
        said = said[end:]
    return found


def refused(found: list[int]) -> bool:
    """Whether it was closed without a word, or with one refusal."""
    return found == [] or (len(found) == 1 and 400 <= found[0] < 500)


def check_alive(running: Running) -> None:
    """The next caller is served as before."""
    assert talk(running, [GOOD], WAIT_S) == [200]


@FUZZ
@given(data=st.binary(min_size=1, max_size=3000))
def test_random_bytes_are_refused(running: Running, data: bytes) -> None:
    assert refused(talk(running, [data]))
    check_alive(running)


@FUZZ
@given(start=st.sampled_from([GOOD[:20], GOOD[:60], START, GOOD[:-30], CHUNKED]), data=st.binary(max_size=500))
def test_requests_that_turn_into_noise_are_refused(running: Running, start: bytes, data: bytes) -> None:
    assert all(status < 500 for status in talk(running, [start + data]))
    check_alive(running)


@FUZZ
@given(cut=st.integers(1, len(GOOD) - 1), pieces=st.integers(1, 3))
def test_truncated_requests_are_refused(running: Running, cut: int, pieces: int) -> None:
    size = max(1, cut // pieces)
    assert refused(talk(running, [GOOD[:cut][i : i + size] for i in range(0, cut, size)], 0))


@FUZZ
@given(place=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255), more=st.booleans())
def test_a_flipped_byte_never_crashes(running: Running, place: int, byte: int, more: bool) -> None:
    spoiled = GOOD[:place] + bytes([byte]) + GOOD[place + (not more) :]
    found = talk(running, [spoiled])
    assert all(status < 500 for status in found)
    assert len(found) <= 2
    check_alive(running)


@FUZZ
@given(sizes=st.lists(st.integers(1, 60), min_size=1, max_size=20), extension=st.booleans(), trailer=st.booleans())
def test_any_chunking_is_understood(running: Running, sizes: list[int], extension: bool, trailer: bool) -> None:
    data, rest = b"", BODY
    for size in [*sizes, len(BODY)]:
        piece, rest = rest[:size], rest[size:]
        if piece:
            data += b"%X%b\r\n%b\r\n" % (len(piece), b";a=b" if extension else b"", piece)
    end = b"0\r\n%b\r\n" % (b"x-sum: 1\r\n" if trailer else b"")
    assert talk(running, [CHUNKED, data, end], WAIT_S) == [200]


@pytest.mark.parametrize(
    "data",
    [
        b"g\r\n{}\r\n0\r\n\r\n",
        b"-1\r\n{}\r\n0\r\n\r\n",
        b"ffffffffffffffffff\r\n{}",
        b"fffffffffffffff\r\n{}",
        b"5\r\n{}\r\n0\r\n\r\n",
        b"1\r\n{}\r\n0\r\n\r\n",
        b"2\n{}\n0\n\n",
        b"2" + b"0" * 5000 + b"\r\n",
        b"2;" + b"x" * 200_000,
        b"0\r\n" + b"x-a: b\r\n" * 20_000,
        b"",
        b"0\r\n",
    ],
    ids=lambda data: repr(data[:20]),
)
def test_bad_chunks_are_refused(running: Running, data: bytes) -> None:
    assert refused(talk(running, [CHUNKED + data]))
    check_alive(running)


@pytest.mark.parametrize(
    "lines",
    [
        b"content-length: -1\r\n",
        b"content-length: +5\r\n",
        b"content-length: abc\r\n",
        b"content-length: 1e3\r\n",
        b"content-length: 0x10\r\n",
        b"content-length: \r\n",
        b"content-length: 99999999999\r\n",
        b"content-length: 99999999999999999999999999\r\n",
        b"content-length: 5, 5\r\n",
        b"content-length: 5\r\ncontent-length: 6\r\n",
        b"content-length: 5000\r\n",
        b"content-length: 5\r\ntransfer-encoding: chunked\r\n",
        b"transfer-encoding: chunked, identity\r\n",
        b"transfer-encoding: xchunked\r\n",
        b"transfer-encoding : chunked\r\n",
        b"transfer-encoding: gzip\r\n",
    ],
)
def test_lengths_that_lie_are_refused(running: Running, lines: bytes) -> None:
    """Whatever two programs could read differently opens the door to request smuggling (RFC 9112 section 11.2)."""
    found = talk(running, [START + lines + b"\r\n" + BODY], 0.3)
    assert found, "it closed without a word"
    assert all(400 <= status < 500 for status in found)
    check_alive(running)


@pytest.mark.parametrize(
    "head",
    [
        b"x-long: " + b"a" * 200_000 + b"\r\n",
        b"".join(b"x-%d: y\r\n" % i for i in range(20_000)),
        b"x" * 200_000 + b": y\r\n",
    ],
    ids=["one long value", "many lines", "one long name"],
)
def test_huge_heads_are_refused(running: Running, head: bytes) -> None:
    found = talk(
        running, [START + head[i : i + 50_000] if i == 0 else head[i : i + 50_000] for i in range(0, len(head), 50_000)]
    )
    assert found in ([431], [])  # it may have closed before we had read why
    check_alive(running)


def test_a_huge_url_is_refused(running: Running) -> None:
    assert talk(running, [b"GET /" + b"a" * 200_000]) in ([431], [414], [])
    check_alive(running)


@pytest.mark.parametrize(
    "line",
    [
        b"GET http://other/health/live HTTP/1.1\r\nhost: gamma\r\n\r\n",
        b"GET /health/live?x=%ff&&&=;; HTTP/1.1\r\nhost: gamma\r\n\r\n",
        b"GET //health/live HTTP/1.1\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\n\r\n",
        b"GET /v1/models/%00%ff%2e%2e HTTP/1.1\r\nauthorization: Bearer " + ADMIN_KEY.encode() + b"\r\n\r\n",
        b"GET /health/live HTTP/0.9\r\n\r\n",
        b"GET /health/live HTTP/9.9\r\n\r\n",
        b"GET /health/live\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nhost: gamma\r\n\r\n",
        b"CONNECT gamma:443 HTTP/1.1\r\nhost: gamma\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nhost: gamma\r\nbad header line\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nhost: gamma\r\n folded: yes\r\n\r\n",
        b"\r\n\r\nGET /health/live HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_odd_request_lines_never_crash(running: Running, line: bytes) -> None:
    found = talk(running, [line])
    assert len(found) <= 1
    assert all(status < 500 for status in found)
    check_alive(running)


@FUZZ
@given(count=st.integers(0, 30), size=st.integers(1, 4000))
def test_pipelined_requests_are_answered_in_order(running: Running, count: int, size: int) -> None:
    line = b"".join(LIVE if i % 2 else LIVE.replace(b"live", b"nowhere") for i in range(count)) + GOOD
    found = talk(running, [line[i : i + size] for i in range(0, len(line), size)], WAIT_S)
    assert found == [*(200 if i % 2 else 404 for i in range(count)), 200]


def test_a_request_may_come_byte_by_byte(running: Running) -> None:
    assert talk(running, [GOOD[i : i + 1] for i in range(len(GOOD))], WAIT_S) == [200]


def test_a_body_may_wait_for_leave(running: Running) -> None:
    head = START + b"expect: 100-continue\r\ncontent-length: %d\r\n\r\n" % len(BODY)
    assert talk(running, [head, BODY], WAIT_S) == [200]


def test_many_who_never_finish_do_not_keep_others_out(running: Running) -> None:
    parts = urlsplit(running.url)
    waiting = [socket.create_connection((parts.hostname, parts.port or 80), timeout=WAIT_S) for _ in range(200)]
    try:
        for number, sock in enumerate(waiting):
            sock.sendall(GOOD[: number % len(GOOD)])
        check_alive(running)
    finally:
        for sock in waiting:
            sock.close()
    check_alive(running)
