"""Answers, whole and streamed, are read as an independent reader reads them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gamma.errors import GammaError, ProviderError, ProviderMalformed, ProviderStreamCut
from gamma.types.chat import ChatResponse
from gamma.types.frame import Frame
from gamma.wire.assemble import Assembler, collect, replay
from gamma.wire.base import Traits
from gamma.wire.events import Failed, Finished, Started
from tests.contract import oracle
from tests.contract.dialects import dialect, dialect_names, events_of, frames, parse_frames, spoken
from tests.contract.exclusions import cases
from tests.contract.meaning import assert_same, count_of, meaning_of
from tests.contract.reading import ends_answer
from tests.contract.recordings import Sample

ANSWERS = tuple(s for s in spoken() if s.status < 400)
WHOLE = tuple(s for s in ANSWERS if not s.streamed)
STREAMS = tuple(s for s in ANSWERS if s.streamed)
SOUND_STREAMS = tuple(s for s in STREAMS if not oracle.read(s).failed)


def answer_of(sample: Sample) -> ChatResponse:
    """A sample as its dialect reads it."""
    if sample.streamed:
        return collect(events_of(sample))
    parsed: ChatResponse = dialect(sample.dialect).parse_response(sample.body, sample.traits)
    return parsed


@pytest.mark.parametrize("sample", cases("parse", ANSWERS))
def test_an_answer_means_what_the_oracle_reads(sample: Sample):
    wanted = oracle.read(sample)
    if wanted.failed:
        with pytest.raises(GammaError):
            answer_of(sample)
    else:
        assert_same(meaning_of(answer_of(sample)), wanted)


@pytest.mark.parametrize("sample", cases("usage", WHOLE))
def test_usage_alone_is_the_usage_of_the_whole_answer(sample: Sample):
    if oracle.read(sample).failed:
        return
    usage = dialect(sample.dialect).parse_usage(sample.body, sample.traits)
    assert count_of(usage) == oracle.read(sample).usage


@pytest.mark.parametrize("sample", cases("order", STREAMS))
def test_a_stream_begins_once_and_nothing_follows_its_end(sample: Sample):
    events = events_of(sample)
    assert isinstance(events[0], Started | Failed)
    assert sum(isinstance(e, Started) for e in events) <= 1
    ended: set[int] = set()
    for before, after in pairwise(events):
        assert not isinstance(before, Failed), "nothing follows a failure"
        if isinstance(after, Finished):
            assert after.choice not in ended, "a choice ends once"
            ended.add(after.choice)
        else:
            assert getattr(after, "choice", None) not in ended, "nothing follows a choice's end"


@pytest.mark.parametrize("sample", cases("replay", ANSWERS))
def test_an_answer_taken_apart_and_put_together_is_the_same(sample: Sample):
    if oracle.read(sample).failed:
        return
    answer = answer_of(sample)
    assert_same(meaning_of(collect(replay(answer))), meaning_of(answer))


@pytest.mark.parametrize("sample", cases("cut", SOUND_STREAMS))
def test_a_stream_that_breaks_off_is_never_taken_for_whole(sample: Sample):
    whole = list(frames(sample.dialect, sample.body))
    ends = (i for i, frame in enumerate(whole) if ends_answer(sample.dialect, frame.data, frame.event))
    last = next(ends, len(whole) - 1)  # Snowflake gives no reason, only the terminator
    for kept in sorted({0, 1, 2, last // 2, last - 1, last} & set(range(last + 1))):
        assembler = Assembler()
        for event in parse_frames(dialect(sample.dialect).event_parser(sample.traits), whole[:kept]):
            assembler.add(event)
        assert isinstance(assembler.error, ProviderStreamCut), f"{kept} of {len(whole)} events pass for a whole answer"


@pytest.mark.parametrize("body", [b"", b"{", b"<html>bad gateway</html>", b"[]", b"null", b"{}", b'"text"', b"\xff\xfe"])
@pytest.mark.parametrize("name", dialect_names())
def test_a_body_that_is_no_answer_is_malformed(name: str, body: bytes):
    with pytest.raises(ProviderMalformed):
        dialect(name).parse_response(body, Traits())
    with pytest.raises(ProviderMalformed):
        dialect(name).parse_usage(body, Traits())


@pytest.mark.parametrize("payload", [b"{", b"<html>", b"[1]", b'"text"', b"\xff\xfe"])
@pytest.mark.parametrize("name", [n for n in dialect_names() if n != "replicate"])  # whose events are plain text
def test_an_event_that_is_not_json_is_malformed(name: str, payload: bytes):
    with pytest.raises(ProviderMalformed):
        list(dialect(name).event_parser(Traits()).parse_event(Frame(payload, "chunk")))


@pytest.mark.parametrize("sample", cases("wrong-shape", WHOLE))
def test_an_answer_with_wrong_types_inside_is_read_or_refused_but_never_crashes(sample: Sample):
    for body in _bent(sample):
        try:
            dialect(sample.dialect).parse_response(body, sample.traits)
        except ProviderError:
            continue


def _bent(sample: Sample) -> list[bytes]:
    """The body with its lists turned into objects, its objects into lists, its texts into numbers."""
    body = sample.body
    return [
        body.replace(b"[", b'{"x":[', 1).replace(b"]", b"]}", 1) if body.count(b"[") == 1 else b'{"choices": 1}',
        body.replace(b'": {', b'": null, "_": {'),
        body.replace(b'": [', b'": null, "_": ['),
        body.replace(b'": {', b'": "text", "_": {'),
        body.replace(b'": [', b'": 7, "_": ['),
        body.replace(b'": "', b'": [], "_": "'),
    ]
