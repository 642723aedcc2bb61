"""Cohere's chat, version 2, held against the types of its own SDK."""

from __future__ import annotations

from typing import Any

import cohere
import msgspec
import pytest
from pydantic import TypeAdapter

from gamma.errors import (
    ContextLengthExceeded,
    InvalidRequest,
    InvalidType,
    MissingField,
    ProviderError,
    ProviderMalformed,
    ProviderStreamCut,
    UnsupportedParameter,
)
from gamma.transport.sse import SseDecoder
from gamma.types.chat import (
    ChatRequest,
    ChatResponse,
    Choice,
    Citation,
    Media,
    Message,
    Reasoning,
    ReasoningOptions,
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
from gamma.wire.cohere_v2 import CohereV2
from gamma.wire.events import CitationDelta, Ended, Failed, ToolCallDelta

WIRE = CohereV2()
STYLE = Style(model="m", id="abc", created=1)
TARGET = Target(model="command-test")
LENIENT = Target(model="command-test", drop_unsupported=True)
PARAMETERS = {"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]}
TIDE = Tool(name="tide", description="Height.", parameters=PARAMETERS)
CLOCK = Tool(name="clock")
CALL = ToolCall(id="t1", name="tide", arguments='{"at":"Brest"}')
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}
_EVENT: TypeAdapter[Any] = TypeAdapter(cohere.V2ChatStreamResponse)
_MESSAGE: TypeAdapter[Any] = TypeAdapter(cohere.ChatMessageV2)


def _render(target: Target = TARGET, **fields: Any) -> dict[str, Any]:
    """A rendered request whose messages the SDK's types accept."""
    fields = {"model": "m", "messages": (Message("user", (Text("Hello"),)),), **fields}
    body = WIRE.render_request(ChatRequest(**fields), target)
    for message in body["messages"]:
        _MESSAGE.validate_python(message)
    assert msgspec.json.decode(msgspec.json.encode(body)) == body
    return body


def _parse(**body: Any) -> ChatRequest:
    return WIRE.parse_request({"model": "m", "messages": [{"role": "user", "content": "Hi"}], **body})


def _answer(finish: str = "COMPLETE", usage: Any = None, **message: Any) -> bytes:
    return msgspec.json.encode(
        {"id": "i", "finish_reason": finish, "message": {"role": "assistant", **message}, "usage": usage}
    )


def _events(*events: Any) -> list[Any]:
    parser = WIRE.event_parser(Traits())
    frames = [Frame(msgspec.json.encode(event), event.get("type", "")) for event in events]
    return [*(e for frame in frames for e in parser.parse_event(frame)), *parser.parse_end()]


def _at(kind: str, index: int = 0, **message: Any) -> dict[str, Any]:
    return {"type": kind, "index": index, "delta": {"message": message}}


END = {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}


# --- requests to a provider ---


def test_parameters_have_coheres_names():
    body = _render(top_k=3, top_p=0.5, stop=("a",), seed=7, max_tokens=9, stream=True, logprobs=True)
    assert {name: body[name] for name in ("k", "p", "stop_sequences", "seed", "max_tokens", "stream", "logprobs")} == {
        "k": 3, "p": 0.5, "stop_sequences": ["a"], "seed": 7, "max_tokens": 9, "stream": True, "logprobs": True,
    }  # fmt: skip  # one line of pairs
    assert body["model"] == "command-test"
    with pytest.raises(UnsupportedParameter):
        _render(n=2)


@pytest.mark.parametrize(
    ("choice", "names", "word"),
    [
        (None, ["tide", "clock"], None),
        (ToolChoice(mode="auto"), ["tide", "clock"], None),
        (ToolChoice(mode="none"), ["tide", "clock"], "NONE"),
        (ToolChoice(mode="required"), ["tide", "clock"], "REQUIRED"),
        (ToolChoice(mode="named", names=("clock",)), ["clock"], "REQUIRED"),
        (ToolChoice(mode="allowed", names=("tide",)), ["tide"], None),
        (ToolChoice(mode="allowed", names=("tide",), required=True), ["tide"], "REQUIRED"),
    ],
)
def test_a_choice_among_names_shortens_the_list_of_tools(choice: ToolChoice | None, names: list[str], word: str | None):
    body = _render(tools=(TIDE, CLOCK), tool_choice=choice)
    assert [tool["function"]["name"] for tool in body["tools"]] == names
    assert body.get("tool_choice") == word
    assert all(cohere.ToolV2.model_validate(tool).function for tool in body["tools"])


def test_strict_tools_needs_every_tool_strict_and_with_required_parameters():
    strict = msgspec.structs.replace(TIDE, strict=True)
    assert _render(tools=(strict,))["strict_tools"] is True
    assert "strict_tools" not in _render(tools=(strict, CLOCK))
    assert "strict_tools" not in _render(tools=(strict, msgspec.structs.replace(CLOCK, strict=True)))


def test_a_turn_with_calls_carries_its_text_as_plan():
    messages = (
        Message("user", (Text("q"),)),
        Message("assistant", (Reasoning(text="hm", dialect="cohere_v2"), Text("I look."), CALL)),
        Message("tool", (ToolResult(call_id="t1", parts=(Text("5"),)), ToolResult(call_id="t2"))),
        Message("assistant", (Reasoning(text="x", signature="s", dialect="gemini"), Text("5 m"))),
    )
    _, turn, first, second, last = _render(messages=messages)["messages"]
    assert turn["tool_plan"] == "I look."
    assert turn["content"] == [{"type": "thinking", "thinking": "hm"}]
    assert turn["tool_calls"][0]["function"] == {"name": "tide", "arguments": '{"at":"Brest"}'}
    assert (first["content"], second["content"]) == ("5", "")
    assert last == {"role": "assistant", "content": "5 m"}


def test_structured_output_takes_the_schema_itself_and_no_tools_beside_it():
    wanted = ResponseFormat(kind="json_schema", name="thing", schema=SCHEMA)
    assert _render(response_format=wanted)["response_format"] == {"type": "json_object", "json_schema": SCHEMA}
    assert _render(response_format=ResponseFormat(kind="json_object"))["response_format"] == {"type": "json_object"}
    with pytest.raises(UnsupportedParameter) as caught:
        _render(response_format=wanted, tools=(TIDE,))
    assert caught.value.param == "response_format"
    assert "response_format" not in _render(LENIENT, response_format=wanted, tools=(TIDE,))


@pytest.mark.parametrize(
    ("options", "rendered"),
    [
        (ReasoningOptions(effort="none"), {"type": "disabled"}),
        (ReasoningOptions(budget_tokens=0), {"type": "disabled"}),
        (ReasoningOptions(budget_tokens=500), {"type": "enabled", "token_budget": 500}),
        (ReasoningOptions(budget_tokens=-1), {"type": "enabled"}),
        (ReasoningOptions(effort="low"), {"type": "enabled", "token_budget": 2048}),
        (ReasoningOptions(effort="high"), {"type": "enabled"}),
    ],
)
def test_thinking_is_switched_and_bounded(options: ReasoningOptions, rendered: dict[str, Any]):
    assert _render(reasoning=options)["thinking"] == rendered


def test_images_go_by_address_or_data():
    parts = (
        Text("q"),
        Media(kind="image", url="https://a.example/x.png", detail="low"),
        Media(kind="image", mime_type="image/gif", data="R0lG"),
    )
    content = _render(messages=(Message("user", parts),))["messages"][0]["content"]
    assert content[1]["image_url"] == {"url": "https://a.example/x.png", "detail": "low"}
    assert content[2]["image_url"] == {"url": "data:image/gif;base64,R0lG"}
    with pytest.raises(UnsupportedParameter):
        _render(messages=(Message("user", (Media(kind="image", file_id="f"),)),))
    with pytest.raises(UnsupportedParameter):
        _render(messages=(Message("user", (Media(kind="file", data="x"),)),))


def test_what_tools_cannot_be_here_is_refused_or_dropped():
    custom = Tool(name="free", kind="custom")
    picture = Message("tool", (ToolResult(call_id="t", parts=(Media(kind="image", data="R0lG"),)),))
    with pytest.raises(UnsupportedParameter):
        _render(tools=(custom,))
    with pytest.raises(UnsupportedParameter):
        _render(messages=(picture,))
    assert "tools" not in _render(LENIENT, tools=(custom,))


# --- requests from a caller ---


def test_a_served_request_survives_the_way_through():
    body: dict[str, Any] = {
        "model": "command-test",
        "stream": False,
        "messages": [
            {"role": "system", "content": "s"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "q"},
                    {"type": "image_url", "image_url": {"url": "https://a.example/i"}},
                ],
            },
            {
                "role": "assistant",
                "tool_plan": "plan",
                "tool_calls": [{"id": "t1", "type": "function", "function": {"name": "tide", "arguments": "{}"}}],
            },
            {
                "role": "tool",
                "tool_call_id": "t1",
                "content": [{"type": "document", "document": {"id": "d", "data": {"m": "5"}}}],
            },
            {"role": "assistant", "content": "cited", "citations": [{"start": 0, "end": 5, "text": "cited", "sources": []}]},
            {"role": "user", "content": "more"},
        ],
        "tools": [{"type": "function", "function": {"name": "tide", "description": "Height.", "parameters": PARAMETERS}}],
        "tool_choice": "REQUIRED",
        "documents": [{"id": "d1", "data": {"text": "x"}}],
        "safety_mode": "OFF",
        "thinking": {"type": "enabled", "token_budget": 9},
    }
    request = WIRE.parse_request(body)
    assert request.extra == {"documents": body["documents"], "safety_mode": "OFF"}
    assert WIRE.render_request(request, TARGET) == {
        **body,
        "messages": [*body["messages"][:3], _tool_turn(), *body["messages"][4:]],
    }


def _tool_turn() -> dict[str, Any]:
    return {
        "role": "tool",
        "tool_call_id": "t1",
        "content": [{"type": "document", "document": {"id": "d", "data": {"m": "5"}}}],
    }


def test_empty_lists_of_clients_ask_for_nothing():
    assert _parse(documents=[], stop_sequences=[]).extra == {}


def test_arguments_that_say_null_are_none():
    call = {"id": "t", "function": {"name": "clock", "arguments": "null"}}
    request = _parse(messages=[{"role": "assistant", "content": None, "tool_calls": [call]}])
    assert request.messages[0].parts == (ToolCall(id="t", name="clock"),)


@pytest.mark.parametrize(
    ("body", "error", "param"),
    [
        ({"messages": []}, InvalidRequest, "messages"),
        ({"messages": [{"content": "x"}]}, MissingField, "messages[0].role"),
        ({"messages": [{"role": "robot", "content": "x"}]}, InvalidType, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, MissingField, "messages[0].content"),
        ({"messages": [{"role": "tool", "content": "x"}]}, MissingField, "messages[0].tool_call_id"),
        ({"messages": [{"role": "user", "content": [{"type": "poem"}]}]}, InvalidType, "messages[0].content[0].type"),
        ({"tool_choice": "auto"}, InvalidType, "tool_choice"),
        ({"p": 2}, InvalidType, "p"),
        ({"response_format": {"type": "xml"}}, InvalidType, "response_format.type"),
    ],
)
def test_callers_mistakes_name_the_field(body: dict[str, Any], error: type[Exception], param: str):
    with pytest.raises(error) as caught:
        _parse(**body)
    assert caught.value.param == param  # type: ignore[attr-defined]  # all of them carry it


# --- answers ---


def test_tokens_are_reported_not_billed_units():
    usage = {
        "billed_units": {"input_tokens": 5.0, "output_tokens": 3},
        "tokens": {"input_tokens": 50.0, "output_tokens": 9, "image_tokens": 20, "reasoning_tokens": 4},
        "cached_tokens": 30,
    }
    answer = WIRE.parse_response(_answer(usage=usage, content=[{"type": "text", "text": "x"}]), Traits())
    assert answer.usage == Usage(input_tokens=70, output_tokens=9, cache_read_tokens=30, reasoning_tokens=4)
    assert WIRE.parse_usage(_answer(usage=usage), Traits()) == answer.usage
    served = cohere.V2ChatResponse.model_validate(WIRE.render_response(answer, STYLE))
    assert served.usage is not None
    assert served.usage.billed_units is not None
    assert served.usage.billed_units.input_tokens == 5
    assert WIRE.parse_usage(_answer(usage={"billed_units": {"input_tokens": 2}}), Traits()) == Usage(input_tokens=2)


def test_the_parts_of_an_answer_are_read_and_served_again():
    source = {"type": "document", "id": "d", "document": {"id": "d", "title": "T", "url": "https://a.example"}}
    cited = {"start": 0, "end": 4, "text": "text", "sources": [source], "type": "TEXT_CONTENT", "content_index": 1}
    plan = {**cited, "type": "PLAN"}
    content = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "text"}]
    answer = WIRE.parse_response(_answer(content=content, citations=[cited, plan]), Traits())
    reasoning, text = answer.choices[0].parts
    assert reasoning == Reasoning(text="hm", dialect="cohere_v2")
    assert isinstance(text, Text)
    assert text.citations == (Citation(url="https://a.example", title="T", start=0, end=4, dialect="cohere_v2", raw=cited),)
    served = WIRE.render_response(answer, STYLE)
    cohere.V2ChatResponse.model_validate(served)
    assert served["message"] == {"role": "assistant", "content": content, "citations": [cited]}


def test_calls_are_read_and_served_with_their_plan():
    calls = [
        {"id": "t1", "type": "function", "function": {"name": "tide", "arguments": '{"at":"Brest"}'}},
        {"id": "t2", "type": "function", "function": {"name": "clock", "arguments": "null"}},
    ]
    answer = WIRE.parse_response(_answer("TOOL_CALL", tool_plan="Both.", tool_calls=calls), Traits())
    assert answer.choices[0].parts == (Text("Both."), CALL, ToolCall(id="t2", name="clock"))
    served = WIRE.render_response(answer, STYLE)
    cohere.V2ChatResponse.model_validate(served)
    assert served["message"]["tool_plan"] == "Both."
    assert served["finish_reason"] == "TOOL_CALL"


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("COMPLETE", "stop"), ("STOP_SEQUENCE", "stop"), ("MAX_TOKENS", "length"), ("ERROR", "error"), ("TIMEOUT", "error"),
        ("ERROR_TOXIC", "content_filter"), ("NEW_WORD", "stop"),
    ],
)  # fmt: skip  # pairs
def test_finish_words_are_translated_and_kept(word: str, reason: str):
    answer = WIRE.parse_response(_answer(word), Traits())
    assert (answer.choices[0].finish, answer.choices[0].finish_raw) == (reason, word)
    assert WIRE.render_response(answer, STYLE)["finish_reason"] == (word if word != "NEW_WORD" else "COMPLETE")


def test_foreign_citations_become_documents():
    text = Text("grey bird", citations=(Citation(url="https://a.example", title="T", start=5, end=9),))
    served = WIRE.render_response(ChatResponse(choices=(Choice(parts=(text,)),)), STYLE)
    (citation,) = cohere.V2ChatResponse.model_validate(served).message.citations or []
    assert (citation.start, citation.end, citation.text) == (5, 9, "bird")
    assert served["id"] == "abc"


def test_log_probabilities_survive():
    answer = ChatResponse(choices=(Choice(parts=(Text("x"),), logprobs=(TokenLogprob(token="x", logprob=-0.5),)),))
    served = WIRE.render_response(answer, STYLE)
    cohere.V2ChatResponse.model_validate(served)
    back = WIRE.parse_response(msgspec.json.encode(served), Traits())
    assert back.choices[0].logprobs == answer.choices[0].logprobs


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"message":7}', b'{"message":{"content":[7]}}', b'{"message":{"content":7}}']
)
def test_what_is_no_answer_is_malformed(body: bytes):
    with pytest.raises(ProviderMalformed):
        WIRE.parse_response(body, Traits())


def test_an_error_body_in_a_200_is_an_error():
    with pytest.raises(ProviderError):
        WIRE.parse_response(b'{"id":"x","message":"it failed"}', Traits())


# --- streams ---


def test_a_stream_is_read_like_a_whole_answer():
    events = _events(
        {
            "type": "message-start",
            "id": "i",
            "delta": {"message": {"role": "assistant", "content": [], "tool_calls": [], "citations": []}},
        },
        _at("content-start", content={"type": "thinking", "thinking": ""}),
        _at("content-delta", content={"thinking": "hm"}),
        {"type": "content-end", "index": 0},
        _at("tool-plan-delta", tool_plan="I "),
        _at("tool-plan-delta", tool_plan="look."),
        _at("tool-call-start", tool_calls={"id": "t1", "type": "function", "function": {"name": "tide", "arguments": ""}}),
        _at("tool-call-delta", tool_calls={"function": {"arguments": '{"at":'}}),
        _at("tool-call-delta", tool_calls={"function": {"arguments": '"Brest"}'}}),
        {"type": "tool-call-end", "index": 0},
        {"type": "something-new", "index": 0},
        {
            "type": "message-end",
            "delta": {"finish_reason": "TOOL_CALL", "usage": {"tokens": {"input_tokens": 4, "output_tokens": 2}}},
        },
    )
    answer = collect(events)
    assert answer.id == "i"
    assert answer.choices[0].parts == (Reasoning(text="hm", dialect="cohere_v2"), Text("I look."), CALL)
    assert answer.choices[0].finish == "tool_calls"
    assert answer.usage == Usage(input_tokens=4, output_tokens=2)


@pytest.mark.parametrize("fragments", [(), ("",), ("null",), ("nu", "ll"), (" null",)])
def test_a_call_without_arguments_gets_an_empty_object(fragments: tuple[str, ...]):
    start = _at("tool-call-start", tool_calls={"id": "t", "function": {"name": "clock"}})
    deltas = [_at("tool-call-delta", tool_calls={"function": {"arguments": text}}) for text in fragments]
    for end in ([{"type": "tool-call-end", "index": 0}], []):
        found = _events(start, *deltas, *end, END)
        assert [e for e in found if isinstance(e, ToolCallDelta)] == [ToolCallDelta(0, "{}")]


def test_arguments_that_only_begin_like_null_are_kept():
    start = _at("tool-call-start", tool_calls={"id": "t", "function": {"name": "clock", "arguments": "n"}})
    found = _events(start, _at("tool-call-delta", tool_calls={"function": {"arguments": "ope"}}), END)
    assert [e for e in found if isinstance(e, ToolCallDelta)] == [ToolCallDelta(0, "nope")]


def test_citations_of_the_text_are_reported_and_those_of_the_plan_left_out():
    text = _at("content-delta", content={"text": "x"})
    cited = _at("citation-start", citations={"start": 0, "end": 1, "text": "x", "sources": [], "type": "TEXT_CONTENT"})
    plan = _at("citation-start", citations={"start": 0, "end": 1, "type": "PLAN"})
    assert sum(isinstance(e, CitationDelta) for e in _events(text, cited, plan, END)) == 1


def test_a_stream_without_its_end_is_cut_and_errors_inside_fail_it():
    (cut,) = [e for e in _events(_at("content-delta", content={"text": "x"})) if isinstance(e, Failed)]
    assert isinstance(cut.error, ProviderStreamCut)
    for broken in (
        {"message": "it failed", "id": "x"},
        {"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "no"}},
    ):
        (failed,) = [e for e in _events(broken) if isinstance(e, Failed)]
        assert not isinstance(failed.error, ProviderStreamCut)


@pytest.mark.parametrize(
    "data", [b"{", b"[]", b'{"delta":7}', b'{"type":"citation-start","delta":{"message":{"citations":{"start":"x"}}}}']
)
def test_broken_events_are_malformed(data: bytes):
    with pytest.raises(ProviderMalformed):
        list(WIRE.event_parser(Traits()).parse_event(Frame(data)))


def _served(events: Any) -> tuple[list[Any], bytes]:
    renderer = WIRE.event_renderer(STYLE)
    data = b"".join(renderer.render_event(event) for event in events) + renderer.render_end()
    frames = list(SseDecoder().feed(data))
    assert frames.pop().data == b"[DONE]"
    for frame in frames:
        _EVENT.validate_json(frame.data)
    events = [msgspec.json.decode(frame.data) for frame in frames]
    assert [event["type"] for event in events] == [frame.event for frame in frames]
    return events, data


def test_a_served_stream_is_what_the_sdk_expects():
    text = Text("ab", citations=(Citation(url="https://a.example"),))
    parts = (Reasoning(text="hm"), text, CALL, ToolCall(id="t2", name="clock"))
    usage = Usage(input_tokens=5, output_tokens=3, cache_read_tokens=2, reasoning_tokens=1)
    response = ChatResponse(id="i", choices=(Choice(parts=parts, finish="tool_calls"),), usage=usage)
    events, data = _served(replay(response))
    assert [event["type"] for event in events] == [
        "message-start", "content-start", "content-delta", "content-end", "content-start", "content-delta", "citation-start",
        "citation-end", "content-end", "tool-call-start", "tool-call-delta", "tool-call-end", "tool-call-start",
        "tool-call-delta", "tool-call-end", "message-end",
    ]  # fmt: skip  # the order is the point
    assert [event["index"] for event in events if event["type"] == "content-start"] == [0, 1]
    assert [event["index"] for event in events if event["type"] == "tool-call-start"] == [0, 1]
    parser = WIRE.event_parser(Traits())
    back = collect(e for frame in SseDecoder().feed(data) for e in parser.parse_event(frame))
    assert back.usage == usage
    assert [part for part in back.choices[0].parts if isinstance(part, ToolCall)] == list(parts[2:])
    assert list(WIRE.event_parser(Traits()).parse_event(Frame(b"[DONE]"))) == [Ended()]


def test_errors_are_said_in_the_stream_and_in_the_body():
    data = WIRE.event_renderer(STYLE).render_error(ProviderStreamCut("cut"))
    last = msgspec.json.decode(list(SseDecoder().feed(data))[-1].data)
    assert last["delta"] == {"finish_reason": "ERROR", "error": "cut"}
    assert b"[DONE]" not in data
    error = WIRE.render_error(ContextLengthExceeded("too long"), "r1")
    assert error == {"id": "r1", "message": "too long", "error_type": "TOO_MANY_TOKENS"}
