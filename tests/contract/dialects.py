"""The dialects there are, found and not listed, and the framing of their streams."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache
from typing import Any

from gamma import plugins
from gamma.transport.eventstream import EventstreamDecoder
from gamma.transport.sse import NdjsonDecoder, SseDecoder
from gamma.types.frame import Frame
from gamma.wire.events import Event
from tests.contract.recordings import Sample, samples

CALLERS = ("openai_chat", "openai_responses", "anthropic_messages", "gemini")
"""Dialects that callers speak to Gamma."""

DECODERS: dict[str, type[SseDecoder | NdjsonDecoder | EventstreamDecoder]] = {
    "sse": SseDecoder,
    "ndjson": NdjsonDecoder,
    "eventstream": EventstreamDecoder,
}


@cache
def dialect_names() -> tuple[str, ...]:
    """Every package of `gamma.wire` whose class reads event streams."""
    found = []
    for name in plugins.names("gamma.wire"):
        module = importlib.import_module(f"gamma.wire.{name}")
        if hasattr(module, "__path__") and hasattr(getattr(module, plugins.class_name(name), None), "event_parser"):
            found.append(name)
    return tuple(found)


@cache
def dialect(name: str) -> Any:
    """One dialect, ready to be used; it serves and calls, so it is typed as neither."""
    return plugins.load("gamma.wire", name)()


def served_by(sample: Sample) -> tuple[str, ...]:
    """Dialects that an answer is rendered into: those of callers, and its own."""
    return tuple(n for n in dialect_names() if n in CALLERS or n == sample.dialect)


@cache
def spoken() -> tuple[Sample, ...]:
    """Samples whose dialect exists."""
    return tuple(s for s in samples() if s.dialect in dialect_names())


def frames(name: str, data: bytes, cuts: tuple[int, ...] = ()) -> Iterator[Frame]:
    """Frames of a dialect's stream.

    Args:
        name: the dialect.
        data: the whole stream.
        cuts: ascending positions at which the network cut it.
    """
    decoder = DECODERS[dialect(name).framing]()
    start = 0
    for cut in (*cuts, len(data)):
        yield from decoder.feed(data[start:cut])
        start = cut
    yield from decoder.end()


def parse_frames(parser: Any, stream: Iterator[Frame] | list[Frame]) -> list[Event]:
    """Every event that a parser finds, its end included."""
    found: list[Event] = []
    for frame in stream:
        found.extend(parser.parse_event(frame))
    found.extend(parser.parse_end())
    return found


@cache
def events_of(sample: Sample) -> tuple[Event, ...]:
    """A streamed sample as its own dialect reads it."""
    parser = dialect(sample.dialect).event_parser(sample.traits)
    return tuple(parse_frames(parser, frames(sample.dialect, sample.body)))
