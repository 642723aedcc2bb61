"""Answers are written in every dialect that callers speak: strict SDK types accept them, and nothing said is lost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from gamma.errors import GammaError, ProviderOverloaded
from gamma.types.chat import ChatRequest, ChatResponse, Choice
from gamma.wire.assemble import collect, replay
from gamma.wire.base import Style, Traits
from gamma.wire.events import Event, Failed
from tests.contract import oracle
from tests.contract.carried import assert_ids, assert_proofs, carried
from tests.contract.dialects import CALLERS, dialect, dialect_names, events_of, frames, parse_frames, spoken
from tests.contract.exclusions import cases
from tests.contract.meaning import assert_same, meaning_of, proofs_of, sources_of
from tests.contract.recordings import Sample
from tests.contract.shapes import STREAM, WHOLE

ANSWERS = tuple(s for s in spoken() if s.status < 400 and not oracle.read(s).failed)
TARGETS = tuple((n, s) for n in dialect_names() for s in ANSWERS if n in CALLERS or n == s.dialect)


def rendered(check: str, *, streamed: bool | None = None) -> list[object]:
    """Parameters of one check: every answer with every dialect it is written in."""
    return [
        case
        for name in dialect_names()
        for case in cases(
            check,
            [s for n, s in TARGETS if n == name and streamed in {None, s.streamed}],
            name,
        )
    ]


def style_of(sample: Sample) -> Style:
    """What a served answer knows of the recorded request."""
    request: ChatRequest | None = None
    if sample.asked is not None:
        try:
            request = dialect(sample.dialect).parse_request(sample.asked, model=sample.asked_model, stream=sample.streamed)
        except GammaError:
            request = None  # the request suite says why
    return Style(model="public-model", id="unique", created=1_700_000_000, request=request)


def answer_of(sample: Sample) -> ChatResponse:
    """A sample as its dialect reads it."""
    if sample.streamed:
        return collect(events_of(sample))
    parsed: ChatResponse = dialect(sample.dialect).parse_response(sample.body, sample.traits)
    return parsed


def written(name: str, style: Style, events: Iterable[Event]) -> bytes:
    """A stream in a dialect, from first byte to last."""
    renderer = dialect(name).event_renderer(style)
    return b"".join([*(renderer.render_event(e) for e in events), renderer.render_end()])


def read_back(name: str, stream: bytes) -> ChatResponse:
    """A stream as its own dialect reads it, after its SDK has judged it."""
    found = list(frames(name, stream))
    STREAM[name](found)
    return collect(parse_frames(dialect(name).event_parser(Traits()), iter(found)))


def shown_model(body: bytes) -> str | None:
    """The model that an answer names, in any dialect's spelling."""
    value = msgspec.json.decode(body)
    names = [value[name] for name in ("model", "modelVersion", "model_id") if name in value]
    return names[0] if names else None


@pytest.mark.parametrize(("name", "sample"), rendered("render-whole"))
def test_a_whole_answer_survives_the_dialect(name: str, sample: Sample):
    answer = answer_of(sample)
    body = msgspec.json.encode(dialect(name).render_response(answer, style_of(sample)))
    WHOLE[name](body)
    assert shown_model(body) in {"public-model", None}
    back = dialect(name).parse_response(body, Traits())
    assert_same(meaning_of(back), carried(meaning_of(answer), name))
    assert_proofs(back, answer, name)
    assert_ids(back, answer, name)


@pytest.mark.parametrize(("name", "sample"), rendered("next-turn"))
def test_signatures_survive_the_callers_next_turn(name: str, sample: Sample):
    answer = answer_of(sample)
    if name not in CALLERS or not proofs_of(answer):
        return
    body = msgspec.json.decode(msgspec.json.encode(dialect(name).render_response(answer, style_of(sample))))
    request = dialect(name).parse_request(next_turn(name, body), model="public-model", stream=False)
    said = ChatResponse(choices=tuple(Choice(parts=m.parts) for m in request.messages if m.role == "assistant"))
    assert proofs_of(said) == proofs_of(msgspec.structs.replace(answer, choices=answer.choices[:1]))


def next_turn(name: str, answer: dict[str, Any]) -> dict[str, Any]:
    """The request with which a caller goes on: the answer as it came, and a word more."""
    match name:
        case "openai_chat":
            return {"model": "m", "messages": [HELLO, answer["choices"][0]["message"], HELLO]}
        case "openai_responses":
            return {"model": "m", "input": [HELLO, *answer["output"], HELLO]}
        case "anthropic_messages":
            said = {"role": "assistant", "content": answer["content"]}
            return {"model": "m", "max_tokens": 100, "messages": [HELLO, said, HELLO]}
        case _:
            hello = {"role": "user", "parts": [{"text": "hello"}]}
            return {"contents": [hello, answer["candidates"][0]["content"], hello]}


HELLO = {"role": "user", "content": "hello"}


@pytest.mark.parametrize("sample", cases("citations", ANSWERS))
def test_sources_survive_their_own_dialect(sample: Sample):
    answer, style = answer_of(sample), style_of(sample)
    body = msgspec.json.encode(dialect(sample.dialect).render_response(answer, style))
    assert sources_of(dialect(sample.dialect).parse_response(body, Traits())) == sources_of(answer)
    streamed = read_back(sample.dialect, written(sample.dialect, style, replay(answer)))
    assert sources_of(streamed) == sources_of(answer)


@pytest.mark.parametrize(("name", "sample"), rendered("render-events", streamed=True))
def test_a_stream_survives_the_dialect(name: str, sample: Sample):
    back = read_back(name, written(name, style_of(sample), events_of(sample)))
    answer = collect(events_of(sample))
    assert_same(meaning_of(back), carried(meaning_of(answer), name, streamed=True))
    assert_proofs(back, answer, name)
    assert_ids(back, answer, name)


@pytest.mark.parametrize(("name", "sample"), rendered("render-replay", streamed=False))
def test_a_whole_answer_replayed_as_a_stream_survives_the_dialect(name: str, sample: Sample):
    answer = answer_of(sample)
    back = read_back(name, written(name, style_of(sample), replay(answer)))
    assert_same(meaning_of(back), carried(meaning_of(answer), name, streamed=True))
    assert_proofs(back, answer, name)
    assert_ids(back, answer, name)


@pytest.mark.parametrize(("name", "sample"), rendered("render-failure", streamed=True))
def test_a_stream_that_fails_never_looks_whole(name: str, sample: Sample):
    events = list(events_of(sample))
    renderer = dialect(name).event_renderer(style_of(sample))
    error = ProviderOverloaded("the provider is out of breath")
    stream = b"".join([*(renderer.render_event(e) for e in events[: len(events) // 2]), renderer.render_error(error)])
    back = parse_frames(dialect(name).event_parser(Traits()), frames(name, stream))
    failures = [e for e in back if isinstance(e, Failed)]
    assert failures, "the caller sees an error"
    assert "out of breath" in failures[0].error.message
