"""AWS event streams against botocore's own reader."""

from __future__ import annotations

import struct
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from gamma.errors import ProviderMalformed, ProviderStreamCut
from gamma.transport.eventstream import EventstreamDecoder, encode
from gamma.types.frame import Frame

_NAMES = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ", min_size=1, max_size=40)


def _message(headers: bytes, payload: bytes) -> bytes:
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    head = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return head + struct.pack(">I", crc32(head))


def _header(name: str, kind: int, value: bytes) -> bytes:
    return bytes([len(name)]) + name.encode() + bytes([kind]) + value


def _text(name: str, value: str) -> bytes:
    return _header(name, 7, struct.pack(">H", len(value)) + value.encode())


@given(st.lists(st.tuples(_NAMES, st.binary(max_size=300)), max_size=6))
def test_botocore_reads_what_is_encoded(messages: list[tuple[str, bytes]]):
    buffer = EventStreamBuffer()
    buffer.add_data(b"".join(encode(name, payload) for name, payload in messages))
    assert [(event.headers[":event-type"], event.payload) for event in buffer] == messages


@given(st.lists(st.tuples(_NAMES, st.binary(max_size=300)), max_size=6), st.integers(1, 400))
def test_frames_are_the_same_however_the_bytes_are_cut(messages: list[tuple[str, bytes]], step: int):
    data = b"".join(encode(name, payload) for name, payload in messages)
    decoder = EventstreamDecoder()
    frames = [frame for i in range(0, len(data), step) for frame in decoder.feed(data[i : i + step])]
    assert [*frames, *decoder.end()] == [Frame(payload, name) for name, payload in messages]
    assert decoder.pending == 0


def test_exceptions_are_told_apart_from_events():
    (frame,) = EventstreamDecoder().feed(encode("throttlingException", b'{"message":"slow"}', "exception"))
    assert frame == Frame(b'{"message":"slow"}', "throttlingException", "exception")


def test_an_error_message_carries_its_headers_text():
    headers = _text(":message-type", "error") + _text(":error-code", "internal") + _text(":error-message", "gone")
    (frame,) = EventstreamDecoder().feed(_message(headers, b""))
    assert frame == Frame(b'{"message":"gone"}', "internal", "exception")


def test_header_values_of_every_type_are_stepped_over():
    headers = b"".join(
        (
            _header("true", 0, b""),
            _header("false", 1, b""),
            _header("byte", 2, b"x"),
            _header("short", 3, b"xx"),
            _header("int", 4, b"x" * 4),
            _header("long", 5, b"x" * 8),
            _header("bytes", 6, struct.pack(">H", 3) + b"abc"),
            _header("time", 8, b"x" * 8),
            _header("uuid", 9, b"x" * 16),
            _text(":event-type", "chunk"),
        )
    )
    (frame,) = EventstreamDecoder().feed(_message(headers, b"{}"))
    assert frame == Frame(b"{}", "chunk")


@pytest.mark.parametrize("at", [0, 5, 9, 14, 30, -6, -1])
def test_a_changed_byte_is_noticed(at: int):
    data = bytearray(encode("contentBlockDelta", b'{"delta":{}}'))
    data[at] ^= 0x40
    with pytest.raises(ProviderMalformed):
        list(EventstreamDecoder().feed(bytes(data)))


def test_frames_before_a_broken_one_are_given_out():
    frames = EventstreamDecoder().feed(encode("a", b"1") + b"\0" * 20)
    assert next(frames) == Frame(b"1", "a")
    with pytest.raises(ProviderMalformed):
        next(frames)


def test_a_message_over_16_mib_is_refused_before_it_has_come():
    prelude = struct.pack(">II", 17 * 1024 * 1024, 0)
    with pytest.raises(ProviderMalformed, match="over"):
        list(EventstreamDecoder().feed(prelude + struct.pack(">I", crc32(prelude))))


@pytest.mark.parametrize("headers", [b"\x05ab", _header("a", 42, b""), _header("a", 7, b"\x00\x09x")])
def test_unreadable_headers_are_malformed(headers: bytes):
    with pytest.raises(ProviderMalformed):
        list(EventstreamDecoder().feed(_message(headers, b"")))


def test_a_stream_that_ends_inside_a_message_is_cut():
    decoder = EventstreamDecoder()
    assert list(decoder.feed(encode("a", b"1")[:-3])) == []
    assert decoder.pending > 0
    with pytest.raises(ProviderStreamCut):
        list(decoder.end())
