"""Answers of the messages dialect: whole and streamed, read and written, judged by the official client."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

from gamma.errors import BudgetExceeded, MissingField, ProviderMalformed, ProviderOverloaded, ProviderStreamCut, RateLimited
from gamma.transport.sse import SseDecoder
from gamma.types.chat import (
    ChatResponse,
    Choice,
    Citation,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from gamma.types.frame import Frame
from gamma.types.usage import Usage
from gamma.wire.anthropic_messages import AnthropicMessages
from gamma.wire.assemble import Assembler, collect, replay
from gamma.wire.base import Style, Traits
from gamma.wire.events import (
    CitationDelta,
    Ended,
    Event,
    Failed,
    Finished,
    OpaqueDelta,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)

WIRE, TRAITS = AnthropicMessages(), Traits()
STYLE = Style(model="public", id="unique", created=1)
EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def whole(*content: dict[str, Any], stop: str | None = "end_turn", **fields: Any) -> ChatResponse:
    body = {"type": "message", "id": "msg_1", "role": "assistant", "content": list(content), "stop_reason": stop}
    return WIRE.parse_response(json.dumps(body | fields).encode(), TRAITS)


def shown(*parts: Part, **fields: Any) -> dict[str, Any]:
    """An answer as the caller sees it, judged by the strict type."""
    usage = fields.pop("usage", None)
    body = WIRE.render_response(ChatResponse(choices=(Choice(parts=parts, **fields),), usage=usage), STYLE)
    Message.model_validate_json(json.dumps(body), strict=True)
    return body


def read(*payloads: dict[str, Any]) -> list[Event]:
    parser = WIRE.event_parser(TRAITS)
    events = [e for p in payloads for e in parser.parse_event(Frame(json.dumps(p).encode() + b"   ", p["type"]))]
    return [*events, *parser.parse_end()]


def written(*events: Event) -> bytes:
    renderer = WIRE.event_renderer(STYLE)
    return b"".join(renderer.render_event(e) for e in events) + renderer.render_end()


def blocks(stream: bytes) -> list[dict[str, Any]]:
    """Strictly typed events, one open block at a time, put together as the client does."""
    client = anthropic.Anthropic(
        api_key="x", http_client=httpx2.Client(transport=httpx2.MockTransport(lambda _: _answer(stream))), max_retries=0
    )
    with client.messages.stream(model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}]) as events:
        message = events.get_final_message()
    for frame in SseDecoder().feed(stream):
        assert EVENT.validate_json(frame.data, strict=True).type == frame.event
    return [block.model_dump(exclude_none=True) for block in message.content]


def _answer(stream: bytes) -> httpx2.Response:
    return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream)


def back(stream: bytes) -> ChatResponse:
    parser = WIRE.event_parser(TRAITS)
    return collect([*(e for f in SseDecoder().feed(stream) for e in parser.parse_event(f)), *parser.parse_end()])


def message_start(**usage: Any) -> dict[str, Any]:
    return {"type": "message_start", "message": {"id": "msg_1", "model": "claude", "usage": usage}}


def text_block(index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}}


def delta(index: int, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": fields}


def stop(index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def finish(reason: str, **usage: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


END = {"type": "message_stop"}


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "content_filter"),
        ("something_new", "stop"),
        (None, "stop"),
    ],
)
def test_every_word_for_the_end_is_understood_and_said_again(word: str | None, reason: str):
    choice = whole({"type": "text", "text": "a"}, stop=word).choices[0]
    assert (choice.finish, choice.finish_raw) == (reason, word)
    assert shown(Text("a"), finish=reason, finish_raw=word)["stop_reason"] == (
        word if word not in {None, "something_new"} else "end_turn"
    )


def test_a_call_makes_the_end_a_call_whatever_the_provider_says():
    assert whole({"type": "tool_use", "id": "t", "name": "f", "input": {}}).choices[0].finish == "tool_calls"
    assert shown(ToolCall(id="t", name="f", arguments=""))["stop_reason"] == "tool_use"


def test_a_met_stop_sequence_is_told():
    body = shown(Text("a"), finish="stop", finish_raw="stop", stop_sequence="END")
    assert (body["stop_reason"], body["stop_sequence"]) == ("stop_sequence", "END")


def test_counts_leave_the_cache_out_on_the_wire_and_hold_it_inside():
    raw = {
        "input_tokens": 10,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 10},
        "output_tokens": 7,
        "output_tokens_details": {"thinking_tokens": 9},
        "service_tier": "priority",
    }
    response = whole({"type": "text", "text": "a"}, usage=raw)
    assert response.usage == Usage(
        input_tokens=140,
        output_tokens=7,
        cache_read_tokens=100,
        cache_write_tokens=30,
        cache_write_1h_tokens=10,
        reasoning_tokens=7,
    )
    shown_usage = WIRE.render_response(response, STYLE)["usage"]
    assert {**raw, "output_tokens_details": {"thinking_tokens": 7}} == shown_usage


def test_the_reserved_tool_is_the_answers_text():
    body = {"type": "tool_use", "id": "t", "name": "gamma_structured_output", "input": {"a": 1}}
    choice = whole(body, stop="tool_use").choices[0]
    assert choice.parts == (Text('{"a":1}'),)
    assert choice.finish == "stop"
    start = {"type": "content_block_start", "index": 0, "content_block": {**body, "input": {}}}
    events = read(
        message_start(), start, delta(0, type="input_json_delta", partial_json='{"a":1}'), stop(), finish("tool_use"), END
    )
    assert collect(events).choices[0].parts == (Text('{"a":1}'),)
    assert collect(events).choices[0].finish == "stop"


@pytest.mark.parametrize("body", [b"{}", b"[]", b"nonsense", b'{"content": 7}', b'{"usage": {}}'])
def test_what_is_no_message_is_malformed(body: bytes):
    with pytest.raises(ProviderMalformed):
        WIRE.parse_response(body, TRAITS)
    with pytest.raises(ProviderMalformed):
        WIRE.parse_usage(body, TRAITS)


def test_an_error_in_a_200s_clothes_is_raised():
    with pytest.raises(ProviderOverloaded):
        WIRE.parse_response(b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', TRAITS)


def test_blocks_of_hosted_tools_pass_through_and_others_are_left_out():
    value = {"type": "server_tool_use", "id": "srv", "name": "web_search", "input": {"query": "q"}}
    assert shown(Opaque("anthropic_messages", value), Opaque("gemini", {"x": 1}))["content"] == [value]


def test_refusals_and_transcripts_are_text_and_pictures_are_left_out():
    body = shown(Refusal("no"), Media(kind="audio", data="QQ==", text="heard"), Media(kind="image", data="QQ=="))
    assert [block["text"] for block in body["content"]] == ["no", "heard"]


def test_sources_of_others_are_web_pages_that_never_go_back():
    body = shown(Text("a", citations=(Citation(url="https://x.example", title="X"),)))
    assert body["content"][0]["citations"][0]["url"] == "https://x.example"
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": body["content"]}]
    request = WIRE.parse_request({"model": "m", "max_tokens": 1, "messages": turns})
    from gamma.wire.base import Target  # noqa: PLC0415  # this test alone renders a request

    assert WIRE.render_request(request, Target(model="m"))["messages"][1]["content"] == [{"type": "text", "text": "a"}]


def test_arguments_that_are_no_object_cannot_be_shown():
    with pytest.raises(ProviderMalformed):
        shown(ToolCall(id="t", name="f", arguments='{"a": '))


def test_a_tool_calls_signature_makes_the_round():
    block = shown(ToolCall(id="t", name="f", signature="sig"))["content"][0]
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": [block]}]
    part = WIRE.parse_request({"model": "m", "max_tokens": 1, "messages": turns}).messages[1].parts[0]
    assert isinstance(part, ToolCall)
    assert part.signature == "sig"


def test_other_families_proofs_make_the_round_in_a_marked_signature():
    part = Reasoning(text="hm", encrypted="enc", id="rs_1", dialect="openai_responses")
    block = shown(part)["content"][0]
    assert block["signature"].startswith("gamma:")
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": [block]}]
    assert WIRE.parse_request({"model": "m", "max_tokens": 1, "messages": turns}).messages[1].parts == (part,)
    assert back(written(*replay(ChatResponse(choices=(Choice(parts=(part,)),))))).choices[0].parts == (part,)


def test_a_marked_signature_that_was_changed_is_no_proof():
    turns = [{"role": "user", "content": "q"}]
    turns.append({"role": "assistant", "content": [{"type": "thinking", "thinking": "t", "signature": "gamma:%%"}]})  # type: ignore[dict-item]  # a list of blocks
    assert WIRE.parse_request({"model": "m", "max_tokens": 1, "messages": turns}).messages[1].parts == (Reasoning(text="t"),)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MissingField("m", param="x"), "invalid_request_error"),
        (RateLimited("m"), "rate_limit_error"),
        (BudgetExceeded("m"), "billing_error"),
        (ProviderOverloaded("m"), "overloaded_error"),
        (ProviderMalformed("m"), "api_error"),
    ],
)
def test_errors_have_the_dialects_words(error: Any, kind: str):
    body = WIRE.render_error(error, "req_1")
    assert (body["type"], body["error"]["type"], body["request_id"]) == ("error", kind, "req_1")
    assert body["error"]["code"] == error.code


def test_a_stream_is_read_with_pings_and_unknown_events_ignored():
    events = read(
        message_start(input_tokens=5, cache_read_input_tokens=2, output_tokens=1),
        {"type": "ping"},
        {"type": "brand_new", "index": None},
        text_block(),
        delta(0, type="text_delta", text="a"),
        delta(0, type="other_delta", shape=1),
        stop(),
        finish("end_turn", output_tokens=9),
        END,
    )
    assert [type(e) for e in events] == [Started, TextDelta, UsageReported, Finished, Ended]
    assert collect(events).usage == Usage(input_tokens=7, output_tokens=9, cache_read_tokens=2)


def test_a_call_without_arguments_has_an_empty_object():
    start = {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}},
    }
    events = read(message_start(), start, stop(), finish("tool_use"), END)
    assert ToolCallDelta(0, "{}") in events


def test_arguments_given_at_once_are_not_lost():
    block = {"type": "tool_use", "id": "t", "name": "f", "input": {"x": 1}}
    events = read(
        message_start(), {"type": "content_block_start", "index": 3, "content_block": block}, stop(3), finish("tool_use")
    )
    assert collect(events).choices[0].parts == (ToolCall(id="t", name="f", arguments='{"x":1}'),)


def test_sources_stay_with_the_block_they_came_in():
    cite = {"type": "char_location", "cited_text": "c", "document_index": 0, "document_title": "d"}
    events = read(
        message_start(),
        text_block(0),
        delta(0, type="text_delta", text="one"),
        stop(0),
        text_block(1),
        delta(1, type="citations_delta", citation=cite),
        delta(1, type="text_delta", text="two"),
        delta(1, type="citations_delta", citation=cite),
        stop(1),
        finish("end_turn"),
        END,
    )
    first, second = collect(events).choices[0].parts
    assert isinstance(first, Text)
    assert isinstance(second, Text)
    assert (len(first.citations), len(second.citations)) == (0, 2)


def test_a_hosted_tools_input_is_put_together():
    block = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    events = read(
        message_start(),
        {"type": "content_block_start", "index": 0, "content_block": block},
        delta(0, type="input_json_delta", partial_json='{"q":'),
        delta(0, type="input_json_delta", partial_json="1}"),
        stop(),
        finish("end_turn"),
    )
    assert OpaqueDelta("anthropic_messages", {**block, "input": {"q": 1}}) in events


def test_a_stream_that_ends_after_its_reason_is_whole_and_before_it_cut():
    assert read(message_start(), text_block(), finish("end_turn"))[-1] == Finished("stop", 0, "end_turn")
    cut = read(message_start(), text_block(), delta(0, type="text_delta", text="a"))[-1]
    assert isinstance(cut, Failed)
    assert isinstance(cut.error, ProviderStreamCut)


def test_nothing_follows_an_error_event():
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    events = read(message_start(), error, text_block(), delta(0, type="text_delta", text="late"))
    assert isinstance(events[-1], Failed)
    assert isinstance(events[-1].error, ProviderOverloaded)


@pytest.mark.parametrize("data", [b"{", b"[]", b'"x"', b'{"type": 7}', b'{"type":"content_block_delta","delta":7}'])
def test_an_event_of_other_shapes_is_malformed(data: bytes):
    with pytest.raises(ProviderMalformed):
        WIRE.event_parser(TRAITS).parse_event(Frame(data))


def test_blocks_open_one_at_a_time_in_the_official_client():
    stream = written(
        Started(id="msg_9"),
        ReasoningDelta("hm", 0, 0, None, None, None, "anthropic_messages"),
        ReasoningDelta("", 0, 0, "si", None, None, "anthropic_messages"),
        ReasoningDelta("", 0, 0, "g", None, None, "anthropic_messages"),
        ReasoningDelta("", 0, 1, None, "data", None, "bedrock_converse"),
        TextDelta("", 0, 2),
        TextDelta("Hé", 0, 2),
        TextDelta("llo", 0, 2),
        CitationDelta(Citation(url="https://x.example")),
        TextDelta("next", 0, 3),
        ToolCallStarted(0, "t0", "f"),
        ToolCallDelta(0, ""),
        ToolCallDelta(0, '{"a":'),
        ToolCallDelta(0, "1}"),
        ToolCallStarted(1, "t1", "g"),
        ToolCallDelta(1, "null"),
        RefusalDelta("no"),
        TextDelta("ignored", 1),
        UsageReported(Usage(input_tokens=5, output_tokens=3)),
        Finished("tool_calls"),
        Ended(),
    )
    kept = [{k: v for k, v in block.items() if k not in {"citations", "caller"}} for block in blocks(stream)]
    assert kept == [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "redacted_thinking", "data": "data"},
        {"type": "text", "text": "Héllo"},
        {"type": "text", "text": "next"},
        {"type": "tool_use", "id": "t0", "name": "f", "input": {"a": 1}},
        {"type": "tool_use", "id": "t1", "name": "g", "input": {}},
        {"type": "text", "text": "no"},
    ]
    again = back(stream)
    assert again.usage == Usage(input_tokens=5, output_tokens=3)
    assert again.choices[0].finish == "tool_calls"


def test_interleaved_calls_are_brought_into_a_row():
    stream = written(
        Started(),
        ToolCallStarted(0, "t0", "f"),
        ToolCallStarted(1, "t1", "g"),
        ToolCallDelta(0, '{"a"'),
        ToolCallDelta(1, '{"b":2'),
        ToolCallDelta(0, ":1}"),
        ToolCallStarted(2, "t2", "h", kind="custom"),
        ToolCallDelta(2, "free"),
        ToolCallDelta(1, "}"),
        Finished("tool_calls"),
    )
    assert [block["input"] for block in blocks(stream)] == [{"a": 1}, {"b": 2}, {"input": "free"}]


def test_a_free_text_call_is_an_object_with_one_member():
    stream = written(Started(), ToolCallStarted(0, "t", "f", kind="custom"), ToolCallDelta(0, 'a "b'), ToolCallDelta(0, "c"))
    assert blocks(stream)[0]["input"] == {"input": 'a "bc'}


def test_hosted_blocks_stream_their_input_as_the_api_does():
    use = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}}
    result = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
    stream = written(OpaqueDelta("anthropic_messages", use), OpaqueDelta("anthropic_messages", result), Finished("stop"))
    assert [block["type"] for block in blocks(stream)] == ["server_tool_use", "web_search_tool_result"]
    assert back(stream).choices[0].parts == (Opaque("anthropic_messages", use), Opaque("anthropic_messages", result))


def test_an_empty_answer_is_still_a_whole_message():
    assert blocks(written()) == []


def test_a_failed_stream_ends_with_an_error_and_without_the_closing_event():
    stream = written(Started(), TextDelta("Hel"), Failed(ProviderOverloaded("out of breath")))
    frames = list(SseDecoder().feed(stream))
    assert [f.event for f in frames] == ["message_start", "content_block_start", "content_block_delta", "error"]
    parser = WIRE.event_parser(TRAITS)
    assembler = Assembler()
    for event in _all(parser, frames):
        assembler.add(event)
    assert isinstance(assembler.error, ProviderOverloaded)


def _all(parser: Any, frames: list[Frame]) -> Iterable[Event]:
    for frame in frames:
        yield from parser.parse_event(frame)
    yield from parser.parse_end()
