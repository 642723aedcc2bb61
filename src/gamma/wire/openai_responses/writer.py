"""Numbered, framed events of one served stream."""

from __future__ import annotations

import msgspec

from gamma.transport.sse import sse
from gamma.types.chat import JsonObject

_encode = msgspec.json.Encoder().encode


class EventWriter:
    """Collects events until they are taken; every event carries the next `sequence_number`."""

    __slots__ = ("_chunks", "_sequence")

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._sequence = 0

    def put(self, kind: str, fields: JsonObject) -> None:
        """One event, framed under its own name."""
        self._chunks.append(sse(_encode({"type": kind, "sequence_number": self._sequence, **fields}), kind))
        self._sequence += 1

    def put_delta(self, head: bytes, delta: str, tail: bytes = b"}\n\n") -> None:
        """One event of the many that differ only in their text; `head` is made by `delta_head`."""
        self._chunks.append(b'%b%d,"delta":%b%b' % (head, self._sequence, _encode(delta), tail))
        self._sequence += 1

    def take(self) -> bytes:
        """The bytes of all events since the last call."""
        data = b"".join(self._chunks)
        self._chunks.clear()
        return data


def delta_head(kind: str, fields: JsonObject) -> bytes:
    """The constant beginning of delta events: everything before the sequence number."""
    name = kind.encode()
    return b'event: %b\ndata: {"type":"%b",%b,"sequence_number":' % (name, name, _encode(fields)[1:-1])


def logprobs_tail(logprobs: list[JsonObject]) -> bytes:
    """The end of a text delta that carries log probabilities."""
    return b',"logprobs":%b}\n\n' % _encode(logprobs)


NO_LOGPROBS = logprobs_tail([])
