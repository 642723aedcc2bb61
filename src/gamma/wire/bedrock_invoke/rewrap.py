"""Another dialect's stream inside chunks: its renderer writes, its frames are unpacked and wrapped anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from gamma.errors import GammaError
from gamma.types.frame import Frame
from gamma.wire.base import EventRenderer
from gamma.wire.bedrock_invoke.chunks import METRICS, metrics_of, pack_chunk, pack_error
from gamma.wire.events import Event, Started, UsageReported


class Decoder(Protocol):
    """A framing's reader."""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Frames that are complete with these bytes."""


class RewrappedRenderer:
    """Writes one stream; Bedrock's counts go into its last chunk.

    Args:
        inner: the dialect's own writer.
        decoder: reads what it writes.
        unframe: the JSON of a frame, None for a frame that has no chunk (`[DONE]`).
    """

    def __init__(self, inner: EventRenderer, decoder: Decoder, unframe: Callable[[Frame], bytes | None]) -> None:
        self._inner = inner
        self._decoder = decoder
        self._unframe = unframe
        self._metrics = b""

    def render_event(self, event: Event) -> bytes:
        """Bytes for one event."""
        if isinstance(event, Started | UsageReported) and event.usage is not None:
            counts = ",".join(f'"{name}":{count}' for name, count in metrics_of(event.usage).items())
            self._metrics = f',"{METRICS}":{{{counts}}}}}'.encode()
        return b"".join(pack_chunk(data) for data in self._chunks(self._inner.render_event(event)))

    def render_end(self) -> bytes:
        """What closes the answer, with the counts."""
        chunks = list(self._chunks(self._inner.render_end()))
        if chunks and self._metrics:
            chunks[-1] = chunks[-1].rstrip()[:-1] + self._metrics
        return b"".join(pack_chunk(data) for data in chunks)

    def render_error(self, error: GammaError) -> bytes:
        """An exception message."""
        self._inner.render_error(error)
        return pack_error(error)

    def _chunks(self, data: bytes) -> Iterator[bytes]:
        for frame in self._decoder.feed(data) if data else ():
            chunk = self._unframe(frame)
            if chunk is not None:
                yield chunk
