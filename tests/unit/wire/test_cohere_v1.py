"""Cohere's chat, version 1, held against the types of its own SDK."""

from __future__ import annotations

from typing import Any

import cohere
import msgspec
import pytest
from pydantic import TypeAdapter

from gamma.errors import InvalidRequest, MissingField, ProviderMalformed, ProviderStreamCut, UnsupportedParameter
from gamma.transport.sse import NdjsonDecoder, SseDecoder, sse
from gamma.types.chat import (
    ChatRequest,
    ChatResponse,
    Choice,
    Citation,
    Message,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
)
from gamma.types.frame import Frame
from gamma.types.usage import Usage
from gamma.wire.assemble import collect, replay
from gamma.wire.base import Style, Target, Traits
from gamma.wire.cohere_v1 import CohereV1
from gamma.wire.events import Failed

WIRE = CohereV1()
STYLE = Style(model="m", id="abc", created=1)
TARGET = Target(model="command-old")
CALL = ToolCall(id="call_0_tide", name="tide", arguments='{"at":"Brest"}')
META = {"tokens": {"input_tokens": 4, "output_tokens": 2}, "billed_units": {"input_tokens": 1}}
_EVENT: TypeAdapter[Any] = TypeAdapter(cohere.StreamedChatResponse)


def test_a_served_request_survives_the_way_through():
    body = {
        "model": "command-old",
        "stream": True,
        "preamble": "s",
        "chat_history": [{"role": "USER", "message": "a"}, {"role": "CHATBOT", "message": "b"}],
        "message": "c",
        "temperature": 0.1,
        "stop_sequences": ["x"],
        "response_format": {"type": "json_object", "schema": {"type": "object"}},
        "raw_prompting": True,
        "tools": [{"name": "tide", "description": "d"}],
    }
    request = WIRE.parse_request(body)
    assert [message.role for message in request.messages] == ["system", "user", "assistant", "user"]
    assert request.extra.keys() == {"raw_prompting", "tools"}
    assert WIRE.render_request(request, TARGET) == body


def test_callers_mistakes_are_named():
    with pytest.raises(MissingField):
        WIRE.parse_request({"model": "m"})
    with pytest.raises(InvalidRequest):
        WIRE.parse_request({"model": "m", "message": "x", "chat_history": [{"role": "TOOL", "tool_results": []}]})


def _render(*messages: Message, **fields: Any) -> dict[str, Any]:
    return WIRE.render_request(ChatRequest(model="m", messages=messages, **fields), TARGET)


def test_what_v1_cannot_take_is_refused():
    user = Message("user", (Text("q"),))
    with pytest.raises(UnsupportedParameter):
        _render(user, tools=(Tool(name="tide"),))
    with pytest.raises(UnsupportedParameter):
        _render(Message("assistant", (CALL,)), user)
    with pytest.raises(InvalidRequest):
        _render(user, Message("assistant", (Text("a"),)))
    assert _render(user, response_format=ResponseFormat(kind="json_object"))["response_format"] == {"type": "json_object"}


def test_an_answer_is_read_and_served_again():
    body = {
        "text": "hello",
        "generation_id": "g",
        "finish_reason": "MAX_TOKENS",
        "meta": META,
        "citations": [{"start": 0, "end": 5, "text": "hello", "document_ids": ["d"]}],
        "tool_calls": [{"name": "tide", "parameters": {"at": "Brest"}}],
    }
    answer = WIRE.parse_response(msgspec.json.encode(body), Traits())
    text, call = answer.choices[0].parts
    assert isinstance(text, Text)
    assert text.citations[0].raw == body["citations"][0]  # type: ignore[index]  # a list, as written above
    assert call == CALL
    assert (answer.id, answer.choices[0].finish) == ("g", "length")
    assert answer.usage == WIRE.parse_usage(msgspec.json.encode(body), Traits()) == Usage(input_tokens=4, output_tokens=2)
    served = WIRE.render_response(answer, STYLE)
    cohere.NonStreamedChatResponse.model_validate(served)
    assert {name: served[name] for name in ("text", "finish_reason", "citations", "tool_calls")} == {
        name: body[name] for name in ("text", "finish_reason", "citations", "tool_calls")
    }


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"text":7}', b'{"text":"x","tool_calls":7}'])
def test_what_is_no_answer_is_malformed(body: bytes):
    with pytest.raises(ProviderMalformed):
        WIRE.parse_response(body, Traits())


EVENTS: tuple[dict[str, Any], ...] = (
    {"event_type": "stream-start", "generation_id": "g"},
    {"event_type": "text-generation", "text": "one "},
    {"event_type": "text-generation", "text": "two"},
    {"event_type": "citation-generation", "citations": [{"start": 0, "end": 3, "text": "one", "document_ids": []}]},
    {"event_type": "search-queries-generation", "search_queries": []},
    {"event_type": "tool-calls-generation", "tool_calls": [{"name": "tide", "parameters": {"at": "Brest"}}]},
    {"event_type": "stream-end", "finish_reason": "COMPLETE", "response": {"text": "one two", "meta": META}},
)


@pytest.mark.parametrize("framing", ["ndjson", "sse"])
def test_both_framings_are_read(framing: str):
    payloads = [msgspec.json.encode(event) for event in EVENTS]
    if framing == "sse":
        frames = list(SseDecoder().feed(b"".join(map(sse, payloads)) + sse(b"[DONE]")))
    else:
        frames = list(NdjsonDecoder().feed(b"\n".join(payloads) + b"\n"))
    parser = WIRE.event_parser(Traits())
    answer = collect([*(e for frame in frames for e in parser.parse_event(frame)), *parser.parse_end()])
    text, call = answer.choices[0].parts
    assert isinstance(text, Text)
    assert (text.text, len(text.citations), call) == ("one two", 1, CALL)
    assert (answer.id, answer.choices[0].finish) == ("g", "tool_calls")
    assert answer.usage == Usage(input_tokens=4, output_tokens=2)


def test_a_stream_without_its_end_is_cut_and_errors_inside_fail_it():
    (cut,) = WIRE.event_parser(Traits()).parse_end()
    assert isinstance(cut, Failed)
    assert isinstance(cut.error, ProviderStreamCut)
    parser = WIRE.event_parser(Traits())
    (failed,) = parser.parse_event(Frame(b'{"message":"it failed"}'))
    assert isinstance(failed, Failed)
    assert list(parser.parse_end()) == []
    for data in (b"{", b'{"event_type":"tool-calls-generation","tool_calls":[7]}'):
        with pytest.raises(ProviderMalformed):
            WIRE.event_parser(Traits()).parse_event(Frame(data))


def test_a_served_stream_is_what_the_sdk_expects():
    parts = (Text("ab", citations=(Citation(url="https://a.example", start=0, end=2),)), CALL)
    response = ChatResponse(id="i", choices=(Choice(parts=parts, finish="tool_calls"),), usage=Usage(input_tokens=3))
    renderer, parser = WIRE.event_renderer(STYLE), WIRE.event_parser(Traits())
    data = b"".join(renderer.render_event(event) for event in replay(response)) + renderer.render_end()
    frames = list(NdjsonDecoder().feed(data))
    for frame in frames:
        _EVENT.validate_json(frame.data)
    kinds = [msgspec.json.decode(frame.data)["event_type"] for frame in frames]
    assert kinds == ["stream-start", "text-generation", "citation-generation", "tool-calls-generation", "stream-end"]
    back = collect(e for frame in frames for e in parser.parse_event(frame))
    assert back.choices[0].parts[1] == CALL
    assert back.usage == response.usage
    assert b'"ERROR"' in WIRE.event_renderer(STYLE).render_error(ProviderStreamCut("cut"))
