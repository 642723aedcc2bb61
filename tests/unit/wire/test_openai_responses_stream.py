"""Streams of the responses dialect, read and written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import httpx2
import msgspec
import openai
import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from gamma.errors import ProviderOverloaded, ProviderRateLimited, ProviderStreamCut
from gamma.transport.sse import SseDecoder
from gamma.types.chat import Citation, Media, Opaque, Reasoning, Refusal, Text, TokenLogprob, ToolCall
from gamma.types.frame import Frame
from gamma.types.usage import Usage
from gamma.wire.assemble import collect
from gamma.wire.base import Style, Traits
from gamma.wire.events import (
    CitationDelta,
    Ended,
    Event,
    Failed,
    Finished,
    MediaDelta,
    OpaqueDelta,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from gamma.wire.openai_responses import OpenaiResponses

WIRE = OpenaiResponses()
STYLE = Style(model="public", id="token", created=1_700_000_000)
STRICT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
CREATED = {"type": "response.created", "response": {"id": "resp_1", "model": "m", "created_at": 5.5}}


def completed(*output: dict[str, Any], **fields: Any) -> dict[str, Any]:
    response = {"id": "resp_1", "status": "completed", "output": list(output), **fields}
    return {"type": "response.completed", "response": response}


def parse(*events: dict[str, Any]) -> list[Event]:
    parser = WIRE.event_parser(Traits())
    found = [e for event in events for e in parser.parse_event(Frame(msgspec.json.encode(event)))]
    return [*found, *parser.parse_end()]


def parts_of(*events: dict[str, Any]) -> tuple[Any, ...]:
    return collect(parse(*events)).choices[0].parts


def write(events: Iterable[Event]) -> bytes:
    renderer = WIRE.event_renderer(STYLE)
    return b"".join([*(renderer.render_event(e) for e in events), renderer.render_end()])


def written(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Events as dicts, each approved by the SDK's strict type, named by its frame and numbered without a gap."""
    decoder = SseDecoder()
    frames = [*decoder.feed(write(events)), *decoder.end()]
    values = [json.loads(frame.data) for frame in frames]
    for i, (frame, value) in enumerate(zip(frames, values, strict=True)):
        STRICT.validate_json(frame.data)
        assert frame.event == value["type"]
        assert value["sequence_number"] == i
    return values


def kinds(values: Sequence[dict[str, Any]]) -> list[str]:
    return [value["type"].removeprefix("response.") for value in values]


class TestReading:
    """What providers send."""

    def test_text_is_read_with_begin_and_end(self):
        delta = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "logprobs": []}
        events = parse(CREATED, {**delta, "delta": "a"}, {**delta, "delta": "b"}, completed())
        assert events == [
            Started(id="resp_1", model="m", created=5),
            TextDelta("a"),
            TextDelta("b"),
            Finished("stop", raw="completed"),
            Ended(),
        ]

    def test_parts_that_had_no_deltas_are_taken_from_the_finished_items(self):
        call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a":1}'}
        message = {"type": "message", "content": [{"type": "output_text", "text": "hi"}]}
        assert parts_of(
            CREATED,
            {"type": "response.output_item.added", "output_index": 0, "item": {**call, "arguments": ""}},
            {"type": "response.function_call_arguments.done", "output_index": 0, "arguments": '{"a":1}'},
            {"type": "response.output_item.done", "output_index": 0, "item": call},
            {"type": "response.output_item.done", "output_index": 1, "item": message},
            completed(call, message),
        ) == (ToolCall(id="c", name="f", arguments='{"a":1}'), Text("hi"))

    def test_an_answer_that_is_only_in_the_last_event_is_read(self):
        message = {"type": "message", "content": [{"type": "output_text", "text": "hi"}]}
        assert parts_of(completed(message)) == (Text("hi"),)

    def test_tool_indexes_count_calls_and_not_items(self):
        def added(index: int, call_id: str) -> dict[str, Any]:
            item = {"type": "function_call", "call_id": call_id, "name": "f", "arguments": ""}
            return {"type": "response.output_item.added", "output_index": index, "item": item}

        def delta(index: int, text: str) -> dict[str, Any]:
            return {"type": "response.function_call_arguments.delta", "output_index": index, "delta": text}

        events = parse(CREATED, added(2, "a"), added(5, "b"), delta(5, "{1"), delta(2, "{2"), delta(5, "}"), completed())
        assert [e for e in events if isinstance(e, ToolCallStarted)] == [
            ToolCallStarted(0, "a", "f"),
            ToolCallStarted(1, "b", "f"),
        ]
        assert [(e.index, e.arguments) for e in events if isinstance(e, ToolCallDelta)] == [(1, "{1"), (0, "{2"), (1, "}")]
        assert any(isinstance(e, Finished) and e.reason == "tool_calls" for e in events)

    def test_summary_parts_are_paragraphs_and_the_proof_comes_from_the_finished_item(self):
        summary = {"type": "response.reasoning_summary_text.delta", "output_index": 0, "item_id": "rs"}
        item = {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "E"}
        assert parts_of(
            CREATED,
            {"type": "response.output_item.added", "output_index": 0, "item": {**item, "encrypted_content": "early"}},
            {**summary, "summary_index": 0, "delta": "A"},
            {**summary, "summary_index": 1, "delta": "B"},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            completed({**item, "encrypted_content": "late"}),
        ) == (Reasoning(text="A\n\nB", encrypted="E", id="rs", dialect="openai_responses"),)

    def test_hosted_items_are_opaque_and_generated_images_media(self):
        search = {"type": "web_search_call", "id": "ws", "status": "completed"}
        image = {"type": "image_generation_call", "id": "ig", "status": "completed", "result": "AAAA"}
        parts = parts_of(
            CREATED,
            {"type": "response.web_search_call.in_progress", "output_index": 0, "item_id": "ws"},
            {"type": "response.output_item.done", "output_index": 0, "item": search},
            {"type": "response.output_item.done", "output_index": 1, "item": image},
            completed(search, image),
        )
        assert parts[0] == Opaque("openai_responses", search)
        assert isinstance(parts[1], Media)
        assert parts[1].data == "AAAA"

    def test_annotations_are_counted_once(self):
        annotation = {"type": "url_citation", "url": "https://e.org", "title": "t", "start_index": 0, "end_index": 1}
        place = {"output_index": 0, "content_index": 0}
        item = {"type": "message", "content": [{"type": "output_text", "text": "a", "annotations": [annotation] * 2}]}
        (part,) = parts_of(
            CREATED,
            {"type": "response.output_text.delta", **place, "delta": "a"},
            {"type": "response.output_text.annotation.added", **place, "annotation": annotation},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            completed(item),
        )
        assert [c.url for c in part.citations] == ["https://e.org"] * 2

    def test_the_end_says_why_and_how_much(self):
        response = {
            "status": "incomplete",
            "incomplete_details": {"reason": "content_filter"},
            "usage": {"input_tokens": 3, "output_tokens": 4},
        }
        events = parse(CREATED, {"type": "response.incomplete", "response": response})
        assert events[1:] == [
            UsageReported(Usage(input_tokens=3, output_tokens=4)),
            Finished("content_filter", raw="content_filter"),
            Ended(),
        ]

    @pytest.mark.parametrize(
        "event",
        [
            {"type": "error", "code": "rate_limit_exceeded", "message": "slow down", "param": None},
            {"type": "error", "error": {"type": "tokens", "code": "rate_limit_exceeded", "message": "slow down"}},
            {
                "type": "response.failed",
                "response": {"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "slow down"}},
            },
        ],
    )
    def test_a_failure_ends_the_stream(self, event: dict[str, Any]):
        events = parse(CREATED, event, completed())
        assert isinstance(events[-1], Failed)
        assert isinstance(events[-1].error, ProviderRateLimited)
        assert events[-1].error.message == "slow down"
        assert len(events) == 2

    def test_a_stream_without_its_last_event_is_cut(self):
        events = parse(CREATED, {"type": "response.output_text.delta", "output_index": 0, "delta": "a"})
        assert isinstance(events[-1], Failed)
        assert isinstance(events[-1].error, ProviderStreamCut)

    def test_unknown_events_and_terminators_are_passed_over(self):
        parser = WIRE.event_parser(Traits())
        assert list(parser.parse_event(Frame(b'{"type":"response.rumination","delta":{"x":1}}'))) == []
        assert list(parser.parse_event(Frame(b"[DONE]"))) == []


class TestWriting:
    """What callers get."""

    def test_a_text_has_the_whole_sequence_of_events(self):
        values = written([Started(id="resp_9"), TextDelta("Hel"), TextDelta("lo"), Finished("stop"), Ended()])
        assert kinds(values) == [
            "created",
            "in_progress",
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.delta",
            "output_text.done",
            "content_part.done",
            "output_item.done",
            "completed",
        ]
        assert values[6]["text"] == "Hello"
        assert values[-1]["response"]["output"] == [values[-2]["item"]]
        assert {v["response"]["id"] for v in values if "response" in v} == {"resp_9"}

    def test_everything_that_can_be_said_is_read_back_the_same(self):
        logprob = TokenLogprob(
            token="x", logprob=-0.5, utf8=(120,), top=(TokenLogprob(token="y", logprob=-1.0, utf8=(121,)),)
        )
        citation = Citation(url="https://e.org", title="t", start=0, end=1)
        action = {"type": "search", "query": "q"}
        search = {"type": "web_search_call", "id": "w", "status": "completed", "action": action}
        events: list[Event] = [
            Started(id="resp_9"),
            ReasoningDelta("think ", 0, 1, id="rs_a", dialect="openai_responses"),
            ReasoningDelta("hard", 0, 1, encrypted="E", dialect="openai_responses"),
            ReasoningDelta("raw", 0, 2, dialect="openai_responses", id="rs_b", raw=True),
            TextDelta("x", 0, 3, None, (logprob,), "commentary"),
            CitationDelta(citation),
            TextDelta("second", 0, 4, None, (), "commentary"),
            RefusalDelta("no "),
            RefusalDelta("way"),
            MediaDelta(Media(kind="image", data="AAAA", mime_type="image/png")),
            OpaqueDelta("openai_responses", search),
            OpaqueDelta("gemini", {"x": 1}),
            ToolCallStarted(0, "c0", "f"),
            ToolCallStarted(1, "c1", "sql", kind="custom"),
            ToolCallDelta(1, "sel"),
            ToolCallDelta(0, "{}"),
            ToolCallDelta(1, "ect"),
            UsageReported(Usage(input_tokens=4, output_tokens=6, reasoning_tokens=2)),
            Finished("tool_calls"),
            Ended(),
        ]
        decoder = SseDecoder()
        parser = WIRE.event_parser(Traits())
        frames = [*decoder.feed(write(events)), *decoder.end()]
        for frame in frames:
            STRICT.validate_json(frame.data)
        back = collect([e for frame in frames for e in parser.parse_event(frame)])
        first, second, text, more, refusal, image, hosted, call, custom = back.choices[0].parts
        assert first == Reasoning(text="think hard", encrypted="E", id="rs_a", dialect="openai_responses")
        assert second == Reasoning(text="raw", id="rs_b", dialect="openai_responses", raw=True)
        assert (text.text, text.phase, text.citations[0].url) == ("x", "commentary", "https://e.org")  # type: ignore[union-attr]  # a Text
        assert more == Text("second", phase="commentary")
        assert refusal == Refusal("no way")
        assert image.data == "AAAA"  # type: ignore[union-attr]  # a Media
        assert hosted == Opaque("openai_responses", search)
        assert call == ToolCall(id="c0", name="f")
        assert custom == ToolCall(id="c1", name="sql", arguments="select", kind="custom")
        assert back.choices[0].logprobs == (logprob,)
        assert back.usage == Usage(input_tokens=4, output_tokens=6, reasoning_tokens=2)

    def test_interleaved_calls_keep_their_own_items(self):
        values = written(
            [
                ToolCallStarted(0, "a", "f"),
                ToolCallStarted(1, "b", "g"),
                ToolCallDelta(0, "{"),
                ToolCallDelta(1, "{"),
                ToolCallDelta(0, "}"),
                ToolCallDelta(1, "}"),
                Finished("tool_calls"),
            ]
        )
        deltas = [(v["output_index"], v["delta"]) for v in values if v["type"].endswith("arguments.delta")]
        assert deltas == [(0, "{"), (1, "{"), (0, "}"), (1, "}")]
        assert [item["arguments"] for item in values[-1]["response"]["output"]] == ["{}", "{}"]

    def test_a_tool_without_arguments_gets_an_empty_object(self):
        values = written([ToolCallStarted(0, "a", "f"), Finished("tool_calls")])
        assert values[-1]["response"]["output"][0]["arguments"] == "{}"
        assert "function_call_arguments.delta" in kinds(values)

    @pytest.mark.parametrize(
        ("reason", "last"), [("length", "incomplete"), ("content_filter", "incomplete"), ("error", "failed")]
    )
    def test_the_last_event_tells_how_it_ended(self, reason: Any, last: str):
        values = written([TextDelta("x"), Finished(reason)])
        assert kinds(values)[-1] == last
        assert values[-1]["response"]["output"][0]["status"] == "incomplete"

    def test_an_error_is_followed_by_nothing_that_looks_complete(self):
        error = ProviderOverloaded("busy")
        values = written([Started(), TextDelta("x"), Failed(error), TextDelta("y"), Finished("stop"), Ended()])
        assert kinds(values)[-2:] == ["error", "failed"]
        assert values[-2]["message"] == "busy"
        assert values[-1]["response"]["error"] == {"code": "server_error", "message": "busy"}

    def test_a_citation_after_its_text_is_told_in_the_whole_answer(self):
        cite = CitationDelta(Citation(url="https://e.org"))
        values = written([TextDelta("x"), ToolCallStarted(0, "a", "f"), cite, Finished("tool_calls")])
        (annotation,) = values[-1]["response"]["output"][0]["content"][0]["annotations"]
        assert annotation["url"] == "https://e.org"

    def test_other_choices_and_empty_texts_are_left_out(self):
        values = written([TextDelta(""), TextDelta("b", 1), Finished("stop"), Finished("stop", 1)])
        assert kinds(values) == ["created", "in_progress", "completed"]

    def test_a_signature_of_another_family_is_sealed_when_its_item_ends(self):
        values = written(
            [ReasoningDelta("t", signature="S", dialect="anthropic_messages"), TextDelta("x", 0, 1), Finished("stop")]
        )
        item = values[-1]["response"]["output"][0]
        assert item["encrypted_content"] == "gamma.anthropic_messages.1.S"
        assert item["id"].startswith("rs_gamma_")

    def test_the_official_client_accumulates_the_stream(self):
        body = write(
            [
                Started(id="resp_9"),
                ReasoningDelta("hm", id="rs_1", dialect="openai_responses"),
                TextDelta("Hel", 0, 1),
                TextDelta("lo", 0, 1),
                ToolCallStarted(0, "a", "f"),
                ToolCallStarted(1, "b", "g"),
                ToolCallDelta(1, '{"x":'),
                ToolCallDelta(0, "{}"),
                ToolCallDelta(1, "1}"),
                UsageReported(Usage(input_tokens=1, output_tokens=2)),
                Finished("tool_calls"),
                Ended(),
            ]
        )
        with client(body).responses.stream(model="m", input="Hi") as stream:
            seen = [event.type for event in stream]
            final = stream.get_final_response()
        assert seen[-1] == "response.completed"
        assert final.output_text == "Hello"
        calls = [(c.name, c.arguments) for c in final.output if c.type == "function_call"]
        assert calls == [("f", "{}"), ("g", '{"x":1}')]

    def test_the_official_client_raises_on_an_error(self):
        body = write([Started(), TextDelta("x"), Failed(ProviderOverloaded("busy"))])
        with pytest.raises(openai.APIError, match="busy"), client(body).responses.stream(model="m", input="Hi") as stream:
            stream.until_done()


def client(body: bytes) -> openai.OpenAI:
    """The official client, answered with these bytes."""
    headers = {"content-type": "text/event-stream"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=body))
    return openai.OpenAI(
        api_key="x", base_url="http://gamma.test/v1", max_retries=0, http_client=httpx2.Client(transport=transport)
    )
