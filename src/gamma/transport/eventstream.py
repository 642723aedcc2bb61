"""AWS binary event streams (`application/vnd.amazon.eventstream`): bytes to frames and back.

A message is: total length (4 bytes), header length (4), CRC32 of those 8, headers, payload, CRC32 of all before it; numbers
are big endian (AWS Event Stream encoding; providers.md 7.2).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Literal
from zlib import crc32

import msgspec

from gamma.errors import ProviderMalformed, ProviderStreamCut
from gamma.types.frame import Frame

MAX_FRAME_BYTES = 16 * 1024 * 1024
"""AWS's own bound for one message (16 MiB of payload); a length above it means that the framing is lost."""

_PRELUDE = struct.Struct(">III")
_CRC = struct.Struct(">I")
_FRAMING_BYTES = 16  # prelude and final checksum
_STRING = 7
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}  # value type -> bytes; 6 and 7 carry their own length
_NAMED = (":event-type", ":exception-type", ":error-code")


class EventstreamDecoder:
    """Collects bytes of one stream and yields its messages."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Messages that are complete with these bytes.

        Raises:
            ProviderMalformed: a checksum, length or header is wrong, or a message exceeds MAX_FRAME_BYTES.
        """
        rest = self._rest
        rest += data
        start = 0
        try:
            while len(rest) - start >= _PRELUDE.size:
                total, header_size = _prelude(rest, start)
                if len(rest) - start < total:
                    break
                message = bytes(rest[start : start + total])
                start += total
                yield _frame(message, header_size)
        finally:
            if start:
                del rest[:start]

    def end(self) -> Iterator[Frame]:
        """Nothing where the stream ended between two messages.

        Raises:
            ProviderStreamCut: it ended inside of one.
        """
        if self._rest:
            raise ProviderStreamCut("the provider's event stream ended inside a message")
        return iter(())

    @property
    def pending(self) -> int:
        """Bytes held back because their message is not complete."""
        return len(self._rest)


def _prelude(data: bytearray, start: int) -> tuple[int, int]:
    total, header_size, checksum = _PRELUDE.unpack_from(data, start)
    if crc32(data[start : start + 8]) != checksum:
        raise ProviderMalformed("the provider's event stream is broken: wrong checksum of a prelude")
    if total > MAX_FRAME_BYTES:
        raise ProviderMalformed(f"the provider's event stream holds a message of {total} bytes, over {MAX_FRAME_BYTES}")
    if total < _FRAMING_BYTES + header_size:
        raise ProviderMalformed("the provider's event stream is broken: a message shorter than its headers")
    return total, header_size


def _frame(message: bytes, header_size: int) -> Frame:
    if crc32(message[:-4]) != _CRC.unpack_from(message, len(message) - 4)[0]:
        raise ProviderMalformed("the provider's event stream is broken: wrong checksum of a message")
    try:
        headers = _headers(message[_PRELUDE.size : _PRELUDE.size + header_size])
    except (IndexError, KeyError, struct.error, UnicodeDecodeError):
        raise ProviderMalformed("the provider's event stream is broken: unreadable message headers") from None
    payload = message[_PRELUDE.size + header_size : -4]
    failed = headers.get(":message-type") in ("exception", "error")
    event = next((headers[name] for name in _NAMED if name in headers), "")
    if failed and not payload and ":error-message" in headers:  # messages of type `error` carry their text in a header
        payload = msgspec.json.encode({"message": headers[":error-message"]})
    return Frame(payload, event, "exception" if failed else "event")


def _headers(data: bytes) -> dict[str, str]:
    """The headers that hold text; other value types are stepped over."""
    headers: dict[str, str] = {}
    at, end = 0, len(data)
    while at < end:
        name_end = at + 1 + data[at]
        name = data[at + 1 : name_end].decode()
        kind, at = data[name_end], name_end + 1
        if kind in (6, _STRING):
            size = int.from_bytes(data[at : at + 2], "big")
            at += 2
            if kind == _STRING:
                headers[name] = data[at : at + size].decode()
        else:
            size = _SIZES[kind]
        at += size
    if at != end:
        raise IndexError("a header reaches beyond the header block")
    return headers


def encode(event: str, payload: bytes, kind: Literal["event", "exception"] = "event") -> bytes:
    """One message.

    Args:
        event: the value of `:event-type`, or of `:exception-type` for an exception.
        payload: its JSON body.
        kind: `event` or `exception`.
    """
    headers = b"".join(
        _string_header(name, value)
        for name, value in ((f":{kind}-type", event), (":content-type", "application/json"), (":message-type", kind))
    )
    lengths = struct.pack(">II", _FRAMING_BYTES + len(headers) + len(payload), len(headers))
    message = b"%b%b%b%b" % (lengths, _CRC.pack(crc32(lengths)), headers, payload)
    return message + _CRC.pack(crc32(message))


def _string_header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return b"%c%b%c%b%b" % (len(key), key, _STRING, len(text).to_bytes(2, "big"), text)
