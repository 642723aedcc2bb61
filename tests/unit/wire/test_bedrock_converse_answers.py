"""Amazon Bedrock's Converse, what it answers, held against botocore's own model of it."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.eventstream
import botocore.parsers
import botocore.session
import botocore.validate
import msgspec
import pytest

from gamma.errors import (
    ContextLengthExceeded,
    ProviderMalformed,
    ProviderRateLimited,
    ProviderServerError,
    ProviderStreamCut,
)
from gamma.transport.eventstream import EventstreamDecoder, encode
from gamma.types.chat import (
    ChatResponse,
    Choice,
    Citation,
    Media,
    Opaque,
    Reasoning,
    Text,
    ToolCall,
)
from gamma.types.frame import Frame
from gamma.types.usage import Usage
from gamma.wire.assemble import collect, replay
from gamma.wire.base import Style, Traits
from gamma.wire.bedrock_converse import BedrockConverse
from gamma.wire.events import CitationDelta, Failed, OpaqueDelta, TextDelta, ToolCallDelta

WIRE = BedrockConverse()
STYLE = Style(model="m", id="abc", created=1)
CALL = ToolCall(id="t1", name="tide", arguments='{"at":"Brest"}')


@cache
def _operation(name: str) -> Any:
    return botocore.session.get_session().get_service_model("bedrock-runtime").operation_model(name)


def _answer(content: list[dict[str, Any]], stop: str = "end_turn", **more: Any) -> bytes:
    return msgspec.json.encode(
        {"output": {"message": {"role": "assistant", "content": content}}, "stopReason": stop, **more}
    )


def _official(response: ChatResponse) -> dict[str, Any]:
    """A served answer as botocore reads it."""
    body = msgspec.json.encode(WIRE.render_response(response, STYLE))
    parser = botocore.parsers.create_parser("rest-json")
    parsed: dict[str, Any] = parser.parse(
        {"body": body, "headers": {}, "status_code": 200}, _operation("Converse").output_shape
    )
    return parsed


def _events(*events: tuple[str, Any]) -> list[Any]:
    parser = WIRE.event_parser(Traits())
    found = [e for name, payload in events for e in parser.parse_event(Frame(msgspec.json.encode(payload), name))]
    return [*found, *parser.parse_end()]


def _delta(block: int, **delta: Any) -> tuple[str, Any]:
    return "contentBlockDelta", {"contentBlockIndex": block, "delta": delta}


STOP = ("messageStop", {"stopReason": "end_turn"})


# --- answers ---


def test_usage_counts_the_cache_as_input():
    usage = {
        "inputTokens": 3, "outputTokens": 5, "totalTokens": 20, "cacheReadInputTokens": 8, "cacheWriteInputTokens": 4,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 3}, {"ttl": "5m", "inputTokens": 1}],
    }  # fmt: skip  # one line of counts
    answer = WIRE.parse_response(_answer([{"text": "x"}], usage=usage), Traits())
    assert answer.usage == Usage(
        input_tokens=15, output_tokens=5, cache_read_tokens=8, cache_write_tokens=4, cache_write_1h_tokens=3
    )
    assert WIRE.parse_usage(_answer([], usage=usage), Traits()) == answer.usage
    assert _official(answer)["usage"] == usage


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", "stop"), ("stop_sequence", "stop"), ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("guardrail_intervened", "content_filter"), ("content_filtered", "content_filter"),
        ("malformed_tool_use", "error"), ("never_heard_of", "stop"),
    ],
)  # fmt: skip  # pairs
def test_stop_reasons_are_translated_and_kept(word: str, reason: str):
    answer = WIRE.parse_response(_answer([{"text": "x"}], word), Traits())
    assert (answer.choices[0].finish, answer.choices[0].finish_raw) == (reason, word)
    if word != "never_heard_of":
        assert WIRE.render_response(answer, STYLE)["stopReason"] == word


def test_all_blocks_of_an_answer_are_read_and_served_again():
    citation = {"title": "note", "sourceContent": [{"text": "src"}], "location": {"web": {"url": "https://a.example"}}}
    content: list[dict[str, Any]] = [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "aGk="}},
        {"citationsContent": {"content": [{"text": "cited"}], "citations": [citation]}},
        {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}},
        {"toolUse": {"toolUseId": "s1", "name": "nova_grounding", "input": {}, "type": "server_tool_use"}},
        {"toolUse": {"toolUseId": "t1", "name": "tide", "input": {"at": "Brest"}}},
    ]
    answer = WIRE.parse_response(_answer(content, "tool_use"), Traits())
    reasoning, redacted, text, image, opaque, call = answer.choices[0].parts
    assert reasoning == Reasoning(text="hm", signature="c2ln", dialect="anthropic_messages")
    assert isinstance(redacted, Reasoning)
    assert isinstance(text, Text)
    assert (text.citations[0].url, text.citations[0].cited_text) == ("https://a.example", "src")
    assert isinstance(image, Media)
    assert isinstance(opaque, Opaque)
    assert call == CALL
    served = WIRE.render_response(answer, STYLE)["output"]["message"]["content"]
    assert [msgspec.json.encode(b, order="sorted") for b in served] == [
        msgspec.json.encode(b, order="sorted") for b in content
    ]


def test_strict_shapes_are_served_whatever_the_answer_lacks():
    answer = ChatResponse(choices=(Choice(parts=(Text("x", citations=(Citation(url="https://a.example", title="t"),)),)),))
    parsed = _official(answer)
    assert parsed["usage"] == dict.fromkeys(parsed["usage"], 0)
    assert parsed["metrics"] == {"latencyMs": 0}
    (block,) = parsed["output"]["message"]["content"]
    assert block["citationsContent"]["citations"][0]["location"] == {"web": {"url": "https://a.example"}}


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"7", b"{}", b'{"output":{}}', b'{"output":{"message":{"content":[7]}}}']
)
def test_what_is_no_answer_is_malformed(body: bytes):
    with pytest.raises(ProviderMalformed):
        WIRE.parse_response(body, Traits())


def test_an_error_body_in_a_200_is_an_error():
    with pytest.raises(ProviderServerError):
        WIRE.parse_response(b'{"message":"the model failed"}', Traits())


def test_the_forced_tools_input_is_the_answers_text():
    use = {"toolUse": {"toolUseId": "t9", "name": "gamma_structured_output", "input": {"n": 1}}}
    (choice,) = WIRE.parse_response(_answer([use], "tool_use"), Traits()).choices
    assert (choice.parts, choice.finish) == ((Text('{"n":1}'),), "stop")
    start = {"toolUse": {"toolUseId": "t9", "name": "gamma_structured_output"}}
    events = _events(
        ("contentBlockStart", {"contentBlockIndex": 0, "start": start}),
        _delta(0, toolUse={"input": '{"n"'}),
        _delta(0, toolUse={"input": ":1}"}),
        ("messageStop", {"stopReason": "tool_use"}),
    )
    assert collect(events).choices == (choice,)


# --- streams ---


def test_a_stream_is_read_like_a_whole_answer():
    events = _events(
        ("messageStart", {"role": "assistant", "p": "abc"}),
        _delta(0, text=""),
        _delta(1, reasoningContent={"text": "hm"}),
        _delta(1, reasoningContent={"signature": "s"}),
        _delta(2, text="one "),
        _delta(2, text="two"),
        ("contentBlockStart", {"contentBlockIndex": 3, "start": {"toolUse": {"toolUseId": "t1", "name": "tide"}}}),
        _delta(3, toolUse={"input": '{"at":'}),
        _delta(3, toolUse={"input": '"Brest"}'}),
        ("messageStop", {"stopReason": "tool_use"}),
        ("somethingNew", {"x": 1}),
        ("metadata", {"usage": {"inputTokens": 2, "outputTokens": 3, "cacheReadInputTokens": 5}}),
    )
    answer = collect(events)
    (choice,) = answer.choices
    assert choice.parts == (Reasoning(text="hm", signature="s", dialect="anthropic_messages"), Text("one two"), CALL)
    assert choice.finish == "tool_calls"
    assert answer.usage == Usage(input_tokens=7, output_tokens=3, cache_read_tokens=5)


def test_a_call_without_arguments_gets_an_empty_object():
    start = ("contentBlockStart", {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "t", "name": "clock"}}})
    events = _events(start, _delta(0, toolUse={"input": ""}), ("contentBlockStop", {"contentBlockIndex": 0}), STOP)
    assert [e for e in events if isinstance(e, ToolCallDelta)] == [ToolCallDelta(0, "{}")]


def test_a_source_that_comes_before_its_text_is_held_back():
    citation = {"title": "note", "location": {"documentChar": {"documentIndex": 0, "start": 0, "end": 3}}}
    events = _events(_delta(0, citation=citation), _delta(0, text="x"), _delta(0, citation=citation), STOP)
    assert [type(e) for e in events[:3]] == [TextDelta, CitationDelta, CitationDelta]


def test_a_providers_own_tool_is_opaque():
    events = _events(
        (
            "contentBlockStart",
            {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "s", "name": "n", "type": "server_tool_use"}}},
        ),
        _delta(0, toolUse={"input": '{"q":1}'}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("contentBlockStart", {"contentBlockIndex": 1, "start": {"toolResult": {"toolUseId": "s"}}}),
        _delta(1, toolResult=[{"text": "r"}]),
        ("contentBlockStop", {"contentBlockIndex": 1}),
        STOP,
    )
    values = [e.value for e in events if isinstance(e, OpaqueDelta)]
    assert values[0]["toolUse"]["input"] == {"q": 1}
    assert values[1] == {"toolResult": {"toolUseId": "s", "content": [{"text": "r"}]}}
    assert [list(b) for b in _served(events) if "contentBlockStart" in b] == [["contentBlockStart"]] * 2


def test_exceptions_in_a_stream_fail_it():
    parser = WIRE.event_parser(Traits())
    for word, kind in (("throttlingException", ProviderRateLimited), ("internalServerException", ProviderServerError)):
        (event,) = parser.parse_event(Frame(b'{"message":"no"}', word, "exception"))
        assert isinstance(event, Failed)
        assert isinstance(event.error, kind)
    assert list(parser.parse_end()) == []


def test_a_stream_without_its_end_is_cut():
    (failed,) = [e for e in _events(_delta(0, text="x")) if isinstance(e, Failed)]
    assert isinstance(failed.error, ProviderStreamCut)
    assert not any(isinstance(e, Failed) for e in _events(_delta(0, text="x"), STOP))


@pytest.mark.parametrize(
    "frame",
    [
        Frame(b"{", "contentBlockDelta"),
        Frame(b"[]", "metadata"),
        Frame(b'{"contentBlockIndex":5,"delta":{"toolUse":{"input":"x"}}}', "contentBlockDelta"),
        Frame(b'{"delta":{"text":7}}', "contentBlockDelta"),
        Frame(b'{"delta":{"citation":{"title":7}}}', "contentBlockDelta"),
    ],
)
def test_broken_events_are_malformed(frame: Frame):
    with pytest.raises(ProviderMalformed):
        list(WIRE.event_parser(Traits()).parse_event(frame))


def _served(events: Any) -> list[dict[str, Any]]:
    """A served stream as botocore reads it."""
    renderer = WIRE.event_renderer(STYLE)
    buffer = botocore.eventstream.EventStreamBuffer()
    buffer.add_data(b"".join(renderer.render_event(event) for event in events) + renderer.render_end())
    shape = _operation("ConverseStream").get_event_stream_output()
    return [botocore.parsers.EventStreamJSONParser().parse(event.to_response_dict(), shape) for event in buffer]


def test_a_served_stream_is_what_botocore_expects():
    parts = (Reasoning(text="hm", signature="s", dialect="anthropic_messages"), Text("x"), CALL, CALL)
    usage = Usage(input_tokens=5, output_tokens=2, cache_read_tokens=4)
    response = ChatResponse(choices=(Choice(parts=parts, finish="tool_calls"),), usage=usage)
    events = _served(replay(response))
    assert events[0] == {"messageStart": {"role": "assistant"}}
    assert [next(iter(e.values()))["contentBlockIndex"] for e in events if "contentBlockStop" in e] == [0, 1, 2, 3]
    assert [e["contentBlockStart"]["contentBlockIndex"] for e in events if "contentBlockStart" in e] == [2, 3]
    assert events[-2] == {"messageStop": {"stopReason": "tool_use"}}
    assert events[-1]["metadata"]["usage"]["inputTokens"] == 1


def test_arguments_of_parallel_calls_may_come_interleaved():
    parts = (CALL, CALL)
    started = [e for e in replay(ChatResponse(choices=(Choice(parts=parts),))) if not isinstance(e, ToolCallDelta)]
    late = [*started[:-2], ToolCallDelta(0, "{}"), ToolCallDelta(1, "{}"), *started[-2:]]
    deltas = [e["contentBlockDelta"]["contentBlockIndex"] for e in _served(late) if "contentBlockDelta" in e]
    assert deltas == [0, 1]


def test_errors_are_served_as_exceptions_in_streams_and_with_their_word_in_bodies():
    renderer = WIRE.event_renderer(STYLE)
    for error, word in (
        (ProviderRateLimited("slow"), "throttlingException"),
        (ProviderStreamCut("cut", provider_status=200), "modelStreamErrorException"),
        (ContextLengthExceeded("long"), "validationException"),
    ):
        (frame,) = EventstreamDecoder().feed(renderer.render_error(error))
        assert (frame.event, frame.kind) == (word, "exception")
    assert WIRE.render_error(ProviderRateLimited("slow"), "r") == {"message": "slow", "__type": "ThrottlingException"}
    assert WIRE.render_error(ContextLengthExceeded("x"), "r")["__type"] == "ValidationException"


def test_frames_of_a_served_stream_survive_the_parser():
    answer = ChatResponse(choices=(Choice(parts=(Text("x"), CALL), finish="tool_calls"),), usage=Usage(input_tokens=1))
    renderer, parser = WIRE.event_renderer(STYLE), WIRE.event_parser(Traits())
    data = b"".join(renderer.render_event(event) for event in replay(answer)) + renderer.render_end()
    frames = EventstreamDecoder().feed(data + encode("ping", b"{}"))
    back = collect(event for frame in frames for event in parser.parse_event(frame))
    assert back.choices[0].parts == answer.choices[0].parts
    assert back.usage == answer.usage
