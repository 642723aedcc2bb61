"""Streams of InvokeModelWithResponseStream: chunks are unpacked, and the first says whose they are."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gamma.errors import ProviderMalformed, ProviderStreamCut
from gamma.types.frame import Frame
from gamma.wire.base import EventParser
from gamma.wire.bedrock_converse.errors import parse_exception
from gamma.wire.bedrock_invoke.chunks import read_metrics, unpack_chunk
from gamma.wire.bedrock_invoke.table import family_of_chunk
from gamma.wire.events import Ended, Event, Failed, Started, UsageReported


class ChunkEventParser:
    """Reads one stream of any family."""

    __slots__ = ("_counted", "_failed", "_inner", "_started")

    def __init__(self) -> None:
        self._inner: EventParser | None = None
        self._counted = self._failed = self._started = False

    def parse_event(self, frame: Frame) -> Iterable[Event]:
        """Canonical events of one message.

        Raises:
            ProviderMalformed: it is no chunk, or of no known family.
        """
        if self._failed:
            return ()
        if frame.kind == "exception":
            self._failed = True
            return (Failed(parse_exception(frame)),)
        chunk = unpack_chunk(frame)
        inner = self._inner or self._begin(chunk)
        events = list(inner.parse_event(chunk))
        if events and not self._started:
            self._started = True
            if type(events[0]) is not Started:
                events.insert(0, Started())
        for event in events:
            self._counted = self._counted or type(event) is UsageReported
            self._failed = self._failed or type(event) is Failed
        if not self._counted and (usage := read_metrics(chunk.data)) is not None:
            at = len(events) - (bool(events) and type(events[-1]) is Ended)
            events.insert(at, UsageReported(usage))  # for families whose own chunks tell no counts
        return events

    def parse_end(self) -> Iterable[Event]:
        """What the family still owes; a stream without a chunk is cut."""
        if self._failed:
            return ()
        if self._inner is None:
            return (Failed(ProviderStreamCut("the provider's stream ended before its answer did")),)
        return self._inner.parse_end()

    def _begin(self, chunk: Frame) -> EventParser:
        try:
            first = msgspec.json.decode(chunk.data)
        except ValueError:
            raise ProviderMalformed("the provider's stream holds a chunk that is not JSON") from None
        if not isinstance(first, dict):
            raise ProviderMalformed("the provider's stream holds a chunk that is not a JSON object")
        self._inner = family_of_chunk(first).event_parser()
        return self._inner
