"""Server-sent events and line-delimited JSON: bytes to frames, however the network cut them.

Accepts what the WHATWG rules allow and vendors send (providers.md 2.1): `data:` with or without a space, LF, CR LF or CR
line ends, comments, several `data:` lines, and events split at any byte, also inside a UTF-8 sequence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gamma.types.frame import Frame

_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r|\n\r\n|\r\n\n|\r\n\r(?=[^\n])")
_LINE_END = re.compile(rb"\r\n|\n|\r")


class SseDecoder:
    """Collects bytes of one stream and yields its events."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Events that are complete with these bytes."""
        data = self._rest + data
        start = 0
        for blank in _BLANK_LINE.finditer(data):
            frame = _frame(data[start : blank.start()])
            start = blank.end()
            if frame is not None:
                yield frame
        self._rest = data[start:] if start else data

    def end(self) -> Iterator[Frame]:
        """The last event, where the sender left out its blank line."""
        rest, self._rest = self._rest, b""
        frame = _frame(rest)
        if frame is not None:
            yield frame

    @property
    def pending(self) -> int:
        """Bytes held back because their event is not complete."""
        return len(self._rest)


def _frame(block: bytes) -> Frame | None:
    if block.startswith(b"data:") and b"\n" not in block and b"\r" not in block:  # nearly every event there is
        return Frame(block[6:] if block[5:6] == b" " else block[5:])
    event, data = b"", []
    for line in _LINE_END.split(block):
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            data.append(value)
        elif name == b"event":
            event = value
    if not data:
        return None
    return Frame(b"\n".join(data), event.decode("utf-8", "replace"))


class NdjsonDecoder:
    """Collects bytes of one stream of JSON lines and yields a frame a line."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Lines that are complete with these bytes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line := line.strip():
                yield Frame(line)

    def end(self) -> Iterator[Frame]:
        """The last line, where the sender left out its line feed."""
        rest, self._rest = self._rest.strip(), b""
        if rest:
            yield Frame(rest)

    @property
    def pending(self) -> int:
        """Bytes held back because their line is not complete."""
        return len(self._rest)


def sse(data: bytes, event: str = "") -> bytes:
    """One event. `data` must not contain line ends (JSON text does not)."""
    return b"event: %b\ndata: %b\n\n" % (event.encode(), data) if event else b"data: %b\n\n" % data
