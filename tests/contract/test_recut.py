"""However the network cuts a stream, and whichever line ends it has, the same events are read."""

from __future__ import annotations

import random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gamma.wire.events import Event, Failed
from tests.contract.dialects import dialect, events_of, frames, parse_frames, spoken
from tests.contract.exclusions import cases
from tests.contract.recordings import Sample

STREAMS = tuple(s for s in spoken() if s.streamed and s.status < 400)
BOUNDED = settings(derandomize=True, deadline=None, max_examples=10, database=None, phases=(Phase.explicit, Phase.generate))


def recut(sample: Sample, data: bytes, cuts: tuple[int, ...]) -> tuple[Event, ...]:
    """The events of a stream that arrives in pieces."""
    parser = dialect(sample.dialect).event_parser(sample.traits)
    return tuple(parse_frames(parser, frames(sample.dialect, data, cuts)))


def told(events: tuple[Event, ...]) -> list[object]:
    """Events in comparable form: errors are equal when they say the same."""
    return [(type(e.error), e.error.message) if isinstance(e, Failed) else e for e in events]


def positions(length: int, seed: int, count: int) -> tuple[int, ...]:
    """Ascending places to cut at."""
    draw = random.Random(seed)
    return tuple(sorted(draw.sample(range(length + 1), min(count, length))))


@pytest.mark.parametrize("sample", cases("recut", STREAMS))
def test_a_stream_reads_the_same_however_it_is_cut(sample: Sample):
    @BOUNDED
    @given(seed=st.integers(0, 2**32), count=st.integers(1, 24))
    def cut_anywhere(seed: int, count: int) -> None:
        assert told(recut(sample, sample.body, positions(len(sample.body), seed, count))) == told(events_of(sample))

    cut_anywhere()


@pytest.mark.parametrize("sample", cases("line-ends", tuple(s for s in STREAMS if dialect(s.dialect).framing == "sse")))
def test_line_ends_make_no_difference(sample: Sample):
    unix = sample.body.replace(b"\r\n", b"\n")
    for data in (unix, unix.replace(b"\n", b"\r\n")):
        for cuts in ((), positions(len(data), 7, 40)):
            assert told(recut(sample, data, cuts)) == told(events_of(sample))


@pytest.mark.parametrize("sample", cases("byte-by-byte", tuple(s for s in STREAMS if len(s.body) < 4_000)))
def test_a_stream_that_arrives_byte_by_byte_reads_the_same(sample: Sample):
    assert told(recut(sample, sample.body, tuple(range(1, len(sample.body))))) == told(events_of(sample))
