"""DashScope's native text generation: both sides, whole and streamed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gamma.errors import (
    MissingField,
    ProviderContentFiltered,
    ProviderMalformed,
    ProviderStreamCut,
    RateLimited,
    UnsupportedParameter,
)
from gamma.transport.sse import SseDecoder
from gamma.types.chat import (
    ChatRequest,
    ChatResponse,
    Choice,
    Media,
    Message,
    Reasoning,
    ReasoningOptions,
    Text,
    Tool,
    ToolCall,
)
from gamma.types.usage import Usage
from gamma.wire.assemble import collect, replay
from gamma.wire.base import Style, Target, Traits
from gamma.wire.dashscope import Dashscope
from gamma.wire.events import Event, Failed

WIRE = Dashscope()
TARGET = Target(model="jade-plus")
STYLE = Style(model="public", id="x", created=1772355600)
HELLO = (Message("user", (Text("Hello"), Text("again"))),)


def read(data: bytes) -> list[Event]:
    parser, decoder = WIRE.event_parser(Traits()), SseDecoder()
    frames = [*decoder.feed(data), *decoder.end()]
    return [*(event for frame in frames for event in parser.parse_event(frame)), *parser.parse_end()]


def test_a_request_is_rendered_in_two_halves():
    request = ChatRequest(
        model="m",
        messages=HELLO,
        stream=True,
        max_tokens=5,
        top_k=3,
        tools=(Tool(name="f"),),
        reasoning=ReasoningOptions(budget_tokens=256),
    )
    body = WIRE.render_request(request, TARGET)
    assert body["model"] == "jade-plus"
    assert isinstance(body["input"]["messages"][0]["content"], str)
    parameters = body["parameters"]
    assert parameters["result_format"] == "message"
    assert parameters["incremental_output"] is True
    assert (parameters["max_tokens"], parameters["top_k"]) == (5, 3)
    assert (parameters["enable_thinking"], parameters["thinking_budget"]) == (True, 256)
    assert parameters["tools"][0]["function"]["name"] == "f"
    assert not {"stream", "stream_options", "model", "messages"} & parameters.keys()


def test_a_request_comes_back_as_it_was():
    body = {
        "model": "jade-plus",
        "input": {"messages": [{"role": "user", "content": "Hello"}]},
        "parameters": {"result_format": "message", "temperature": 0.5, "repetition_penalty": 1.1, "enable_search": True},
    }
    assert WIRE.render_request(WIRE.parse_request(body), TARGET) == body


def test_a_prompt_is_a_question():
    request = WIRE.parse_request({"model": "m", "input": {"prompt": "Q"}}, stream=True)
    assert request.messages == (Message("user", (Text("Q"),)),)
    assert request.stream


@pytest.mark.parametrize(
    ("body", "param"), [({"model": "m"}, "input"), ({"model": "m", "input": {}}, "input.messages"), ({"input": {}}, "model")]
)
def test_a_missing_field_is_named(body: dict[str, Any], param: str):
    with pytest.raises(MissingField) as caught:
        WIRE.parse_request(body)
    assert caught.value.param == param


def test_images_are_refused():
    request = ChatRequest(model="m", messages=(Message("user", (Media(kind="image", data="x"),)),))
    with pytest.raises(UnsupportedParameter):
        WIRE.render_request(request, TARGET)


def test_the_older_text_form_is_read():
    body = b'{"request_id": "r", "output": {"text": "A", "finish_reason": "stop"}, "usage": {"output_tokens": 2}}'
    response = WIRE.parse_response(body, Traits())
    assert response.choices[0].parts == (Text("A"),)
    assert response.usage == Usage(output_tokens=2)
    assert WIRE.parse_usage(body, Traits()) == response.usage


def test_a_list_of_texts_is_read():
    message = {"role": "assistant", "content": [{"text": "A"}, {"image": "x"}, {"text": "B"}]}
    body = json.dumps({"output": {"choices": [{"message": message, "finish_reason": "length"}]}}).encode()
    choice = WIRE.parse_response(body, Traits()).choices[0]
    assert (choice.parts, choice.finish) == ((Text("AB"),), "length")


def test_cached_and_reasoning_tokens_are_counted_within_their_whole():
    usage = {
        "input_tokens": 9,
        "output_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 4},
        "output_tokens_details": {"reasoning_tokens": 50},
    }
    body = json.dumps({"output": {"text": "A"}, "usage": usage}).encode()
    wanted = Usage(input_tokens=9, output_tokens=5, cache_read_tokens=4, reasoning_tokens=5)
    assert WIRE.parse_response(body, Traits()).usage == wanted


def test_an_error_with_status_200_is_raised():
    with pytest.raises(ProviderContentFiltered):
        WIRE.parse_response(b'{"code": "DataInspectionFailed", "message": "no", "request_id": "r"}', Traits())


@pytest.mark.parametrize("body", [b"", b"[]", b"oops", b"{}", b'{"output": {"choices": []}}', b'{"output": 5}'])
def test_what_is_no_answer_is_malformed(body: bytes):
    with pytest.raises(ProviderMalformed):
        WIRE.parse_response(body, Traits())


PARTS = (
    Reasoning(text="Hm."),
    Text("A ✓"),
    ToolCall(id="c1", name="f", arguments='{"a":1}'),
    ToolCall(id="c2", name="g", arguments="{}"),
)
ANSWER = ChatResponse(
    choices=(Choice(parts=PARTS, finish="tool_calls"),),
    id="r1",
    usage=Usage(input_tokens=9, output_tokens=5, cache_read_tokens=4, reasoning_tokens=2),
)


def test_an_answer_is_written_and_read_back():
    back = WIRE.parse_response(json.dumps(WIRE.render_response(ANSWER, STYLE)).encode(), Traits())
    assert (back.choices[0].parts, back.choices[0].finish, back.usage, back.id) == (PARTS, "tool_calls", ANSWER.usage, "r1")


def test_a_stream_is_written_and_read_back():
    renderer = WIRE.event_renderer(STYLE)
    data = b"".join(map(renderer.render_event, replay(ANSWER))) + renderer.render_end()
    assert data.startswith(b"id:1\nevent:result\n:HTTP_STATUS/200\ndata:{")
    back = collect(read(data))
    assert (back.choices[0].parts, back.choices[0].finish, back.usage, back.id) == (PARTS, "tool_calls", ANSWER.usage, "r1")


def test_an_error_inside_a_stream_fails_it():
    data = b'id:1\nevent:error\n:HTTP_STATUS/400\ndata:{"code":"DataInspectionFailed","message":"no","request_id":"r"}\n\n'
    (failed,) = read(data)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, ProviderContentFiltered)


def test_a_stream_without_its_end_is_cut():
    data = b'data:{"output":{"choices":[{"message":{"content":"A"},"finish_reason":"null"}]}}\n\n'
    *_, last = read(data)
    assert isinstance(last, Failed)
    assert isinstance(last.error, ProviderStreamCut)


def test_an_error_is_written_and_read_back():
    assert WIRE.render_error(RateLimited("x"), "r") == {"code": "policy_rate_limited", "message": "x", "request_id": "r"}
    (failed,) = read(WIRE.event_renderer(STYLE).render_error(RateLimited("x")))
    assert isinstance(failed, Failed)
    assert failed.error.message == "x"
