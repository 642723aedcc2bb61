"""watsonx.ai's chat: OpenAI's under other names, and the older generation API."""

from __future__ import annotations

import json
from typing import Any

import openai.types.chat
import pytest
from tests.contract.recordings import body_of, recordings_folder

from gamma.errors import MissingField, ProviderMalformed, ProviderServerError, RateLimited, UnsupportedParameter
from gamma.transport.sse import SseDecoder
from gamma.types.chat import ChatRequest, ChatResponse, Choice, Message, Text, Tool, ToolCall, ToolChoice
from gamma.types.usage import Usage
from gamma.wire.assemble import collect, replay
from gamma.wire.base import Style, Target, Traits
from gamma.wire.events import Event, Failed
from gamma.wire.provider_errors import parse_error
from gamma.wire.watsonx import Watsonx

WIRE = Watsonx()
TARGET = Target(model="acme/basalt-3")
STYLE = Style(model="public", id="x", created=1772355600)
HELLO = (Message("user", (Text("Hello"),)),)


def read(data: bytes) -> list[Event]:
    parser, decoder = WIRE.event_parser(Traits()), SseDecoder()
    frames = [*decoder.feed(data), *decoder.end()]
    return [*(event for frame in frames for event in parser.parse_event(frame)), *parser.parse_end()]


def test_a_request_is_rendered_under_its_own_names():
    request = ChatRequest(
        model="m",
        messages=HELLO,
        tools=(Tool(name="f"),),
        tool_choice=ToolChoice(mode="required"),
        max_tokens=5,
        stream=True,
    )
    body = WIRE.render_request(request, TARGET)
    assert body["model_id"] == "acme/basalt-3"
    assert body["tool_choice_option"] == "required"
    assert body["max_tokens"] == 5
    assert not {"model", "stream", "stream_options", "tool_choice"} & body.keys()


def test_a_named_tool_stays_a_tool_choice():
    request = ChatRequest(
        model="m", messages=HELLO, tools=(Tool(name="f"),), tool_choice=ToolChoice(mode="named", names=("f",))
    )
    body = WIRE.render_request(request, TARGET)
    assert body["tool_choice"] == {"type": "function", "function": {"name": "f"}}
    assert "tool_choice_option" not in body


def test_a_request_comes_back_as_it_was():
    body = {
        "model_id": "acme/basalt-3",
        "project_id": "p",
        "messages": [{"role": "user", "content": "Hello"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}],
        "tool_choice_option": "auto",
        "time_limit": 1000,
        "temperature": 0.5,
    }
    assert WIRE.render_request(WIRE.parse_request(body), TARGET) == body


def test_the_path_says_whether_it_streams():
    body = {"model_id": "m", "messages": [{"role": "user", "content": "x"}]}
    assert WIRE.parse_request(body, stream=True).stream
    assert not WIRE.parse_request(body).stream


def test_the_model_is_required():
    with pytest.raises(MissingField) as caught:
        WIRE.parse_request({"messages": []})
    assert caught.value.param == "model_id"


def test_what_the_dialect_lacks_is_refused():
    with pytest.raises(UnsupportedParameter):
        WIRE.render_request(ChatRequest(model="m", messages=HELLO, top_k=5), TARGET)


def test_an_error_inside_a_stream_fails_it():
    data = b'event: error\ndata: {"errors":[{"code":"x","message":"boom"}],"status_code":500}\n\n'
    failed = read(data)[0]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, ProviderServerError)
    assert failed.error.message == "boom"


def test_a_stream_is_written_and_read_back():
    parts = (Text("A ✓"), ToolCall(id="c1", name="f", arguments='{"a":1}'))
    usage = Usage(input_tokens=3, output_tokens=4)
    response = ChatResponse(choices=(Choice(parts=parts, finish="tool_calls"),), usage=usage, id="chat-1")
    renderer = WIRE.event_renderer(STYLE)
    data = b"".join(map(renderer.render_event, replay(response))) + renderer.render_end()
    assert b"[DONE]" not in data
    frames = list(SseDecoder().feed(data))
    assert {frame.event for frame in frames} == {"message"}
    for frame in frames:
        chunk = json.loads(frame.data)
        assert chunk.pop("model_id") == "public"
        openai.types.chat.ChatCompletionChunk.model_validate(chunk, strict=True)
    back = collect(read(data))
    assert (back.choices[0].parts, back.choices[0].finish, back.usage) == (parts, "tool_calls", usage)
    assert back.model == "public"


def test_an_answer_is_written_and_read_back():
    response = ChatResponse(choices=(Choice(parts=(Text("A"),)),), usage=Usage(input_tokens=1, output_tokens=2))
    body = WIRE.render_response(response, STYLE)
    assert body["created_at"] == "2026-03-01T09:00:00Z"
    back = WIRE.parse_response(json.dumps(body).encode(), Traits())
    assert (back.choices[0].parts, back.usage, back.model) == ((Text("A"),), response.usage, "public")
    assert WIRE.parse_usage(json.dumps(body).encode(), Traits()) == response.usage


def test_an_error_is_written_and_read_back():
    body = WIRE.render_error(RateLimited("slow down"), "t1")
    assert body["trace"] == "t1"
    assert parse_error(429, {}, json.dumps(body).encode()).message == "slow down"
    failed = read(WIRE.event_renderer(STYLE).render_error(RateLimited("x")))[0]
    assert isinstance(failed, Failed)


@pytest.mark.parametrize("body", [b"", b"[]", b"oops", b'{"results": []}', b'{"results": 5}'])
def test_what_is_no_answer_is_malformed(body: bytes):
    with pytest.raises(ProviderMalformed):
        WIRE.parse_response(body, Traits())


def test_a_request_of_the_older_api_is_understood():
    parameters = {"max_new_tokens": 5, "temperature": 0.5, "stop_sequences": ["x"], "decoding_method": "sample"}
    request = WIRE.parse_request({"model_id": "m", "input": "Q", "parameters": parameters, "project_id": "p"})
    assert request.messages == (Message("user", (Text("Q"),)),)
    assert (request.max_tokens, request.temperature, request.stop) == (5, 0.5, ("x",))
    assert request.extra == {"project_id": "p"}


RECORDED = sorted(recordings_folder().glob("watsonx/*.json"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_recorded_answers_of_the_older_api_are_read(path: Any):
    sample = json.loads(path.read_bytes())
    request = WIRE.parse_request(sample["request"]["json"])
    assert request.messages == (Message("user", (Text(sample["request"]["json"]["input"]),)),)
    response = WIRE.parse_response(body_of(sample["response"]), Traits())
    (result,) = sample["response"]["json"]["results"]
    assert response.choices[0].parts == (Text(result["generated_text"]),)
    assert response.choices[0].finish_raw == result["stop_reason"]
    assert response.usage == Usage(input_tokens=result["input_token_count"], output_tokens=result["generated_token_count"])
    assert WIRE.parse_usage(body_of(sample["response"]), Traits()) == response.usage
