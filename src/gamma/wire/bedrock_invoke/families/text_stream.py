"""Streams of the families that write one text."""

from __future__ import annotations

from typing import Protocol

import msgspec

from gamma.errors import GammaError, ProviderMalformed, ProviderStreamCut
from gamma.types.chat import FinishReason, JsonObject
from gamma.types.frame import Frame
from gamma.types.usage import Usage
from gamma.wire.bedrock_invoke.chunks import METRICS, metrics_of, pack_chunk, pack_error
from gamma.wire.bedrock_invoke.families.piece import Piece
from gamma.wire.events import Ended, Event, Failed, Finished, RefusalDelta, Started, TextDelta, UsageReported


class Pieces(Protocol):
    """What of a family its streams need."""

    def read_chunk(self, chunk: JsonObject) -> list[Piece]:
        """The texts of one chunk."""

    def read_counts(self, answer: JsonObject) -> tuple[int | None, int | None]:
        """Input and output tokens that a chunk tells."""

    def write_chunk(self, piece: Piece) -> JsonObject:
        """One chunk."""

    def finish_of(self, word: str | None) -> FinishReason:
        """The canonical word for the family's."""

    def word_of(self, reason: FinishReason, raw: str | None) -> str:
        """The family's word for the canonical one."""


class PieceParser:
    """Reads one stream of chunks."""

    __slots__ = ("_family", "_finished", "_read", "_started", "_written")

    def __init__(self, family: Pieces) -> None:
        self._family = family
        self._started = self._finished = False
        self._read: int | None = None
        self._written: int | None = None

    def parse_event(self, frame: Frame) -> list[Event]:
        """Canonical events of one chunk."""
        try:
            chunk = msgspec.json.decode(frame.data)
        except ValueError:
            raise ProviderMalformed("the provider's stream holds a chunk that is not JSON") from None
        if not isinstance(chunk, dict):
            raise ProviderMalformed("the provider's stream holds a chunk that is not a JSON object")
        events: list[Event] = []
        if not self._started:
            self._started = True
            events.append(Started())
        read, written = self._family.read_counts(chunk)
        self._read, self._written = read or self._read, written or self._written
        for piece in self._family.read_chunk(chunk):
            if piece.text:
                events.append(TextDelta(piece.text, piece.index))
            if piece.finish:
                self._finished = True
                events.append(Finished(self._family.finish_of(piece.finish), piece.index, piece.finish))
        if self._finished and self._written is not None:
            events.append(UsageReported(Usage(input_tokens=self._read or 0, output_tokens=self._written)))
        return events

    def parse_end(self) -> list[Event]:
        """Whether the answer had ended."""
        if self._finished:
            return [Ended()]
        return [Failed(ProviderStreamCut("the provider's stream ended before its answer did"))]


class PieceRenderer:
    """Writes one stream of chunks: the text of the first choice, then its end with Bedrock's counts."""

    __slots__ = ("_failed", "_family", "_finish", "_usage")

    def __init__(self, family: Pieces) -> None:
        self._family = family
        self._finish: Finished | None = None
        self._usage: Usage | None = None
        self._failed = False

    def render_event(self, event: Event) -> bytes:
        """Bytes for one event."""
        match event:
            case TextDelta(choice=0) | RefusalDelta(choice=0):
                return self._pack(self._family.write_chunk(Piece(event.text))) if event.text else b""
            case Started() | UsageReported():
                self._usage = event.usage or self._usage
            case Finished(choice=0):
                self._finish = event
            case Failed():
                return self.render_error(event.error)
            case _:
                pass  # a prompt's answer has no place for anything else
        return b""

    def render_end(self) -> bytes:
        """The last chunk."""
        if self._failed:
            return b""
        finish = self._finish or Finished("stop")
        last = self._family.write_chunk(Piece("", self._family.word_of(finish.reason, finish.raw)))
        if self._usage is not None:
            last[METRICS] = metrics_of(self._usage)
        return self._pack(last)

    def render_error(self, error: GammaError) -> bytes:
        """An exception message."""
        self._failed = True
        return pack_error(error)

    def _pack(self, chunk: JsonObject) -> bytes:
        return pack_chunk(msgspec.json.encode(chunk))
