"""Ollama's native chat: both sides, whole and streamed."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import ollama
import pytest

from gamma.errors import (
    CallerError,
    InvalidRequest,
    InvalidType,
    MissingField,
    ProviderMalformed,
    ProviderModelNotFound,
    ProviderServerError,
    ProviderStreamCut,
    UnsupportedParameter,
)
from gamma.transport.sse import NdjsonDecoder
from gamma.types.chat import (
    ChatRequest,
    ChatResponse,
    Choice,
    Media,
    Message,
    Reasoning,
    ReasoningOptions,
    Refusal,
    ResponseFormat,
    Text,
    TokenLogprob,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from gamma.types.frame import Frame
from gamma.types.usage import Usage
from gamma.wire.assemble import collect, replay
from gamma.wire.base import Style, Target, Traits
from gamma.wire.events import Event, Failed, Finished, MediaDelta, TextDelta, ToolCallDelta, ToolCallStarted
from gamma.wire.ollama import Ollama

WIRE = Ollama()
TARGET = Target(model="pebble:1b")
STYLE = Style(model="public", id="x", created=1772355600)
HELLO = (Message("user", (Text("Hello"),)),)
PNG = "iVBORw0KGgo="


def ask(**fields: Any) -> ChatRequest:
    return WIRE.parse_request({"model": "m", "messages": [{"role": "user", "content": "Hello"}], **fields})


def render(**fields: Any) -> dict[str, Any]:
    return WIRE.render_request(ChatRequest(model="m", messages=HELLO, **fields), TARGET)


def events(*lines: dict[str, Any]) -> list[Event]:
    parser = WIRE.event_parser(Traits())
    found = [event for line in lines for event in parser.parse_event(Frame(json.dumps(line).encode()))]
    return [*found, *parser.parse_end()]


def line(**message: Any) -> dict[str, Any]:
    return {"model": "m", "created_at": "2026-03-01T09:00:00.5Z", "message": {"role": "assistant", **message}, "done": False}


DONE = {"model": "m", "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop", "eval_count": 2}


def test_streaming_is_the_default():
    assert ask().stream is True
    assert ask(stream=False).stream is False
    assert WIRE.parse_request({"model": "m", "messages": []}, stream=False).stream is False


def test_the_model_of_the_path_wins():
    assert WIRE.parse_request({"model": "m", "messages": []}, model="path").model == "path"


def test_options_become_canonical_fields():
    options = {"temperature": 0, "top_p": 0.9, "top_k": 40, "min_p": 0.1, "seed": 7, "num_predict": 12, "stop": ["a", "b"]}
    request = ask(options={**options, "presence_penalty": 1, "frequency_penalty": -1})
    assert (request.temperature, request.top_p, request.top_k, request.min_p) == (0, 0.9, 40, 0.1)
    assert (request.seed, request.max_tokens, request.stop) == (7, 12, ("a", "b"))
    assert (request.presence_penalty, request.frequency_penalty) == (1, -1)
    assert request.extra == {}


@pytest.mark.parametrize("bound", [-1, -2, 0])
def test_an_unbounded_answer_has_no_bound(bound: int):
    assert ask(options={"num_predict": bound}).max_tokens is None


def test_options_of_the_server_are_told_from_options_of_the_answer():
    request = ask(options={"num_ctx": 4096, "repeat_penalty": 1.1}, keep_alive="5m")
    assert request.extra == {
        "keep_alive": "5m",
        "options": {"repeat_penalty": 1.1},
        "runtime_options": {"num_ctx": 4096},
    }
    assert WIRE.render_request(request, TARGET)["options"] == {"num_ctx": 4096, "repeat_penalty": 1.1}


@pytest.mark.parametrize(
    ("think", "options", "again"),
    [
        (True, ReasoningOptions(budget_tokens=-1, summary="auto"), True),
        (False, ReasoningOptions(effort="none"), False),
        ("low", ReasoningOptions(effort="low", summary="auto"), "low"),
    ],
)
def test_thinking_goes_both_ways(think: Any, options: ReasoningOptions, again: Any):
    request = ask(think=think)
    assert request.reasoning == options
    assert WIRE.render_request(request, TARGET)["think"] == again


@pytest.mark.parametrize(
    ("options", "think"),
    [
        (ReasoningOptions(effort="minimal"), "low"),
        (ReasoningOptions(effort="xhigh"), "high"),
        (ReasoningOptions(budget_tokens=0), False),
        (ReasoningOptions(budget_tokens=2000), True),
        (ReasoningOptions(adaptive=True), True),
    ],
)
def test_thinking_asked_in_other_dialects_is_understood(options: ReasoningOptions, think: Any):
    assert render(reasoning=options)["think"] == think


def test_no_word_about_thinking_sends_none():
    assert "think" not in render()
    assert "think" not in render(reasoning=ReasoningOptions(summary="auto"))


@pytest.mark.parametrize(
    ("value", "kind"), [("json", "json_object"), ({"type": "object"}, "json_schema"), ("", None), (None, None), ({}, None)]
)
def test_a_format_is_json_mode_or_a_schema(value: Any, kind: str | None):
    wanted = ask(format=value).response_format
    assert (wanted.kind if wanted else None) == kind


def test_a_schema_is_sent_as_it_is():
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    assert render(response_format=ResponseFormat(kind="json_schema", name="x", schema=schema))["format"] == schema
    assert render(response_format=ResponseFormat(kind="json_object"))["format"] == "json"
    assert "format" not in render(response_format=ResponseFormat(kind="text"))


def test_calls_without_ids_meet_their_results():
    call = {"function": {"name": "clock", "arguments": {}}}
    other = {"function": {"name": "tide", "arguments": {"h": 1}}}
    request = WIRE.parse_request(
        {
            "model": "m",
            "messages": [
                {"role": "assistant", "content": "", "tool_calls": [call, other]},
                {"role": "tool", "content": "high", "tool_name": "tide"},
                {"role": "tool", "content": "nine"},
            ],
        }
    )
    first, second = request.messages[0].parts
    high, nine = request.messages[1].parts[0], request.messages[2].parts[0]
    assert isinstance(first, ToolCall)
    assert isinstance(second, ToolCall)
    assert isinstance(high, ToolResult)
    assert isinstance(nine, ToolResult)
    assert first.id != second.id
    assert (high.call_id, nine.call_id) == (second.id, first.id)
    assert (high.name, nine.name) == ("tide", "clock")
    assert second.arguments == '{"h":1}'


def test_a_result_that_names_its_call_keeps_the_id():
    request = WIRE.parse_request({"model": "m", "messages": [{"role": "tool", "content": "x", "tool_call_id": "c9"}]})
    assert request.messages[0].parts == (ToolResult(call_id="c9", parts=(Text("x"),)),)


def test_images_are_recognised_by_their_first_bytes():
    body = [{"role": "user", "content": "?", "images": [PNG, "/9j/AAAA", "data:image/webp;base64,UklGRg=="]}]
    _, *images = WIRE.parse_request({"model": "m", "messages": body}).messages[0].parts
    assert [i.mime_type for i in images if isinstance(i, Media)] == ["image/png", "image/jpeg", "image/webp"]


@pytest.mark.parametrize(
    ("body", "kind", "param"),
    [
        ({"messages": []}, MissingField, "model"),
        ({"model": "m"}, MissingField, "messages"),
        ({"model": "m", "messages": [{"content": "x"}]}, MissingField, "messages[0].role"),
        ({"model": "m", "messages": [{"role": "robot"}]}, InvalidType, "messages[0].role"),
        ({"model": "m", "messages": [{"role": "user", "content": 5}]}, InvalidType, "messages[0].content"),
        ({"model": "m", "messages": [], "format": 5}, InvalidType, "format"),
        ({"model": "m", "messages": [], "think": "loud"}, InvalidType, "think"),
        ({"model": "m", "messages": [], "options": {"temperature": "hot"}}, InvalidType, "options.temperature"),
        ({"model": "m", "messages": [{"role": "tool", "content": "x"}]}, InvalidRequest, "messages[0].tool_name"),
        (
            {
                "model": "m",
                "messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}],
            },
            InvalidType,
            "messages[0].tool_calls[0].function.arguments",
        ),
    ],
)
def test_a_callers_mistake_is_named(body: dict[str, Any], kind: type[CallerError], param: str):
    with pytest.raises(kind) as caught:
        WIRE.parse_request(body)
    assert caught.value.param == param


def test_a_conversation_of_another_dialect_is_rendered():
    messages = (
        Message("developer", (Text("Be brief."),)),
        Message("user", (Text("What is this?"), Media(kind="image", mime_type="image/png", data=PNG))),
        Message("assistant", (Reasoning(text="Hm."), Text("A"), Text("B"), ToolCall(id="c1", name="f", arguments="null"))),
        Message("tool", (ToolResult(call_id="c1", parts=(Text("7"),)), ToolResult(call_id="c0", parts=(Refusal("no"),)))),
    )
    body = WIRE.render_request(ChatRequest(model="m", messages=messages, dialect="openai_chat"), TARGET)
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is this?", "images": [PNG]},
        {
            "role": "assistant",
            "content": "A\nB",
            "thinking": "Hm.",
            "tool_calls": [{"function": {"name": "f", "arguments": {}}}],
        },
        {"role": "tool", "content": "7", "tool_name": "f"},
        {"role": "tool", "content": "no"},
    ]


@pytest.mark.parametrize("arguments", ["[1]", "{", '"text"'])
def test_arguments_that_are_no_object_are_refused(arguments: str):
    call = ToolCall(id="c", name="f", arguments=arguments)
    request = ChatRequest(model="m", messages=(Message("assistant", (call,)),))
    with pytest.raises(InvalidRequest):
        WIRE.render_request(request, TARGET)


def test_a_tool_choice_is_kept_where_the_dialect_has_it():
    tools = (Tool(name="f"),)
    assert render(tools=tools, tool_choice=ToolChoice(mode="auto"))["tools"][0]["function"]["name"] == "f"
    assert "tools" not in render(tools=tools, tool_choice=ToolChoice(mode="none"))
    with pytest.raises(UnsupportedParameter):
        render(tools=tools, tool_choice=ToolChoice(mode="required"))


def test_what_the_dialect_lacks_is_refused_or_dropped():
    request = ChatRequest(model="m", messages=HELLO, n=2)
    with pytest.raises(UnsupportedParameter):
        WIRE.render_request(request, TARGET)
    assert "n" not in WIRE.render_request(request, msgspec.structs.replace(TARGET, drop_unsupported=True))


def test_tools_run_by_a_provider_are_refused():
    with pytest.raises(UnsupportedParameter):
        render(tools=(Tool(name="web", kind="hosted", dialect="gemini", raw={}),))


def test_a_stream_is_read():
    first, last = line(content="Red"), {**DONE, "prompt_eval_count": 5}
    response = collect(events(first, line(thinking="Hm"), line(content=" and"), line(content=" blue"), last))
    assert response.choices[0].parts == (Text("Red"), Reasoning(text="Hm"), Text(" and blue"))
    assert response.usage == Usage(input_tokens=5, output_tokens=2)
    assert (response.model, response.created) == ("m", 1772355600)


def test_calls_in_a_stream_are_whole_and_end_it_as_tool_calls():
    call = {"function": {"name": "f", "arguments": {"a": 1}}}
    response = collect(events(line(content="", tool_calls=[call]), line(content="", tool_calls=[call]), DONE))
    one, two = response.choices[0].parts
    assert isinstance(one, ToolCall)
    assert isinstance(two, ToolCall)
    assert one.id != two.id
    assert one.arguments == '{"a":1}'
    assert response.choices[0].finish == "tool_calls"
    assert response.choices[0].finish_raw == "stop"


def test_a_stream_without_its_end_is_cut():
    *_, last = events(line(content="a"))
    assert isinstance(last, Failed)
    assert isinstance(last.error, ProviderStreamCut)


def test_an_error_line_fails_the_stream():
    (failed,) = events({"error": "llama runner process has terminated"})
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, ProviderServerError)


@pytest.mark.parametrize("data", [b"", b"nonsense", b"[]", b'{"message": 5}', b"\xff"])
def test_a_line_of_another_dialect_is_malformed(data: bytes):
    with pytest.raises(ProviderMalformed):
        list(WIRE.event_parser(Traits()).parse_event(Frame(data)))
    with pytest.raises(ProviderMalformed):
        WIRE.parse_response(data, Traits())


def test_an_error_with_status_200_is_raised():
    with pytest.raises(ProviderServerError, match="out of memory"):
        WIRE.parse_response(b'{"error": "out of memory"}', Traits())


def test_an_answer_without_a_message_is_malformed():
    with pytest.raises(ProviderMalformed):
        WIRE.parse_response(b'{"model": "m", "done": true}', Traits())


def test_logprobs_go_both_ways():
    given = {"token": "A", "logprob": -0.5, "bytes": [65], "top_logprobs": [{"token": "B", "logprob": -1.5}]}
    response = collect(events({**line(content="A"), "logprobs": [given]}, DONE))
    wanted = (TokenLogprob(token="A", logprob=-0.5, utf8=(65,), top=(TokenLogprob(token="B", logprob=-1.5),)),)
    assert response.choices[0].logprobs == wanted
    assert WIRE.render_response(response, STYLE)["logprobs"] == [given]


@pytest.mark.parametrize(
    ("word", "finish"), [("stop", "stop"), ("length", "length"), ("load", "stop"), (None, "stop"), ("odd", "stop")]
)
def test_every_end_has_a_reason(word: str | None, finish: str):
    assert collect(events(line(content="a"), {**DONE, "done_reason": word})).choices[0].finish == finish


def test_an_answer_is_rendered_as_the_sdk_reads_it():
    parts = (Reasoning(text="Hm."), Text("A"), Refusal("B"), ToolCall(id="c1", name="f", arguments='{"a":1}'))
    usage = Usage(input_tokens=3, output_tokens=4)
    body = WIRE.render_response(ChatResponse(choices=(Choice(parts=parts, finish="tool_calls"),), usage=usage), STYLE)
    read = ollama.ChatResponse.model_validate(body, strict=True)
    assert (read.model, read.created_at, read.done, read.done_reason) == ("public", "2026-03-01T09:00:00Z", True, "stop")
    assert (read.message.content, read.message.thinking) == ("AB", "Hm.")
    assert (read.prompt_eval_count, read.eval_count) == (3, 4)
    assert read.message.tool_calls is not None
    assert read.message.tool_calls[0].function.arguments == {"a": 1}


def test_a_stream_is_rendered_as_the_sdk_reads_it_and_read_back_equal():
    parts = (Reasoning(text="Hm."), Text('"A"\n✓'), ToolCall(id="c1", name="f", arguments='{"a":1}'))
    response = ChatResponse(
        choices=(Choice(parts=parts, finish="tool_calls"),), usage=Usage(input_tokens=3, output_tokens=4)
    )
    renderer = WIRE.event_renderer(STYLE)
    data = b"".join(map(renderer.render_event, replay(response))) + renderer.render_end()
    frames = list(NdjsonDecoder().feed(data))
    for frame in frames:
        ollama.ChatResponse.model_validate_json(frame.data, strict=True)
    parser = WIRE.event_parser(Traits())
    back = collect([*(e for f in frames for e in parser.parse_event(f)), *parser.parse_end()])
    assert (back.choices[0].parts, back.choices[0].finish, back.usage) == (parts, "tool_calls", response.usage)


def test_other_choices_and_foreign_media_are_left_out_of_a_stream():
    renderer = WIRE.event_renderer(STYLE)
    assert renderer.render_event(TextDelta("b", 1)) == b""
    assert renderer.render_event(Finished("stop", 1)) == b""
    assert b'"images":["' in renderer.render_event(MediaDelta(Media(kind="image", data=PNG)))
    assert renderer.render_event(MediaDelta(Media(kind="audio", data="x"))) == b""


def test_arguments_that_the_dialect_cannot_carry_are_malformed():
    renderer = WIRE.event_renderer(STYLE)
    renderer.render_event(ToolCallStarted(0, "c", "f"))
    renderer.render_event(ToolCallDelta(0, '{"a":'))
    with pytest.raises(ProviderMalformed):
        renderer.render_event(Finished("length"))


def test_an_error_has_the_dialects_shape():
    error = ProviderModelNotFound("gone")
    assert WIRE.render_error(error, "r") == {"error": "gone"}
    renderer = WIRE.event_renderer(STYLE)
    assert renderer.render_event(Failed(error)) == b'{"error":"gone"}\n' == renderer.render_error(error)


def test_usage_alone_can_be_read():
    body = b'{"message": {"content": "x"}, "done": true, "prompt_eval_count": 3, "eval_count": 4}'
    assert WIRE.parse_usage(body, Traits()) == Usage(input_tokens=3, output_tokens=4)
    assert WIRE.parse_usage(b'{"message": {"content": "x"}}', Traits()) is None
