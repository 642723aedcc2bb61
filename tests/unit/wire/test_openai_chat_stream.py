"""Streams in OpenAI's chat dialect: every vendor's chunks read, strict chunks written."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionChunk

from gamma.errors import GammaError, ProviderMalformed, ProviderOverloaded, ProviderRateLimited, ProviderStreamCut
from gamma.transport.sse import SseDecoder
from gamma.types.chat import ChatRequest, ChatResponse, Citation, Media, Message, Reasoning, Text, ToolCall
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
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from gamma.wire.openai_chat import OpenaiChat

WIRE = OpenaiChat()
STYLE = Style(model="public", id="unique", created=9)
DONE = Frame(b"[DONE]")
USAGE = {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6}


def frame(delta: dict[str, Any] | None = None, finish: str | None = None, index: int = 0, **fields: Any) -> Frame:
    """A chunk with one choice."""
    choice = {"index": index, "delta": delta or {}, "finish_reason": finish}
    return Frame(msgspec.json.encode({"id": "x", "model": "m", "created": 5, "choices": [choice], **fields}))


def bare(event: str = "", **fields: Any) -> Frame:
    """A chunk of given members only."""
    return Frame(msgspec.json.encode(fields), event)


def parse(*frames: Frame, **traits: Any) -> list[Event]:
    parser = WIRE.event_parser(Traits(**traits))
    events = [event for f in frames for event in parser.parse_event(f)]
    return [*events, *parser.parse_end()]


def answer(*frames: Frame, **traits: Any) -> ChatResponse:
    return collect(parse(*frames, **traits))


def parts(*frames: Frame, **traits: Any) -> tuple[Any, ...]:
    return answer(*frames, frame({}, "stop"), DONE, **traits).choices[0].parts


def call(index: int | None = 0, **fields: Any) -> dict[str, Any]:
    """A delta with one tool call."""
    name, arguments = fields.pop("name", None), fields.pop("arguments", None)
    function = {k: v for k, v in (("name", name), ("arguments", arguments)) if v is not None}
    return {"tool_calls": [({} if index is None else {"index": index}) | fields | {"function": function}]}


def test_a_plain_stream_is_read_in_order():
    events = parse(
        frame({"role": "assistant", "content": ""}),
        frame({"content": "a"}),
        frame({"content": "b"}),
        frame({}, "stop"),
        bare(id="x", choices=[], usage=USAGE),
        DONE,
    )
    assert events == [
        Started(id="x", model="m", created=5),
        TextDelta("a"),
        TextDelta("b"),
        Finished("stop", raw="stop"),
        UsageReported(Usage(input_tokens=4, output_tokens=2)),
        Ended(),
    ]


def test_a_leading_chunk_without_choices_starts_nothing():
    leading = bare(id="", object="", model="", choices=[], prompt_filter_results=[{"prompt_index": 0}])
    assert parse(leading, frame({"content": "a"}))[0] == Started(id="x", model="m", created=5)


def test_text_beside_a_cumulative_message_is_read_once():
    choices = [{"index": 0, "delta": {"content": "b"}, "message": {"content": "ab"}, "finish_reason": None}]
    assert parts(frame({"content": "a"}), bare(id="x", choices=choices)) == (Text("ab"),)


def test_thinking_chunks_in_the_content_are_reasoning():
    thinking = {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}
    assert parts(frame(thinking), frame({"content": "a"})) == (Reasoning(text="hm"), Text("a"))


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_reasoning_is_read_from_either_field(name: str):
    assert parts(frame({name: "h"}), frame({name: "m"}), frame({"content": "a"})) == (Reasoning(text="hm"), Text("a"))


def test_reasoning_in_three_fields_at_once_is_read_once():
    detail = {"type": "reasoning.text", "text": "hm", "format": "unknown", "index": 0}
    delta = {"reasoning": "hm", "reasoning_content": "hm", "reasoning_details": [detail]}
    assert parts(frame(delta), frame({"content": "a"})) == (Reasoning(text="hm"), Text("a"))


def test_a_signature_joins_the_text_before_it():
    detail = {"type": "reasoning.text", "format": "anthropic-claude-v1", "index": 0}
    assert parts(
        frame({"reasoning": "hm", "reasoning_details": [{**detail, "text": "hm"}]}),
        frame({"reasoning_details": [{**detail, "text": "", "signature": "s"}]}),
    ) == (Reasoning(text="hm", signature="s", dialect="anthropic_messages"),)


def test_a_gemini_signature_before_its_call_finds_it():
    detail = {"type": "reasoning.encrypted", "data": "sig", "format": "google-gemini-v1", "id": "c"}
    found = parts(frame({"reasoning_details": [detail]}), frame(call(id="c", name="f", arguments="{}")))
    assert found == (ToolCall(id="c", name="f", signature="sig"),)


def test_a_gemini_signature_without_a_call_is_kept():
    detail = {"type": "reasoning.encrypted", "data": "sig", "format": "google-gemini-v1", "id": "c"}
    assert parts(frame({"reasoning_details": [detail]})) == (Reasoning(encrypted="sig", id="c", dialect="gemini"),)


@pytest.mark.parametrize(
    "deltas",
    [
        [call(id="c", name="f", arguments=""), call(arguments='{"a"'), call(arguments=":1}")],
        [call(id="c", name="f", arguments='{"a":1}')],  # whole in one chunk: groq, xai, zai, ollama
        [call(None, id="c", name="f", arguments='{"a":1}')],  # no index: mistral
        [call(id="c", name="f", arguments='{"a"'), call(id="c", name="f", arguments=":1}")],  # repeated: cerebras
        [call(id="c", name="f", arguments=""), call(id="", arguments='{"a":1}')],  # empty id: alibaba
        [call(id="c", name="f"), call(None, arguments='{"a":1}')],
        [call(id="c", name="f", arguments={"a": 1})],
    ],
)
def test_tool_fragments_make_one_call(deltas: list[dict[str, Any]]):
    found = parts(*(frame(delta) for delta in deltas))
    assert len(found) == 1
    assert msgspec.json.decode(found[0].arguments) == {"a": 1}
    assert (found[0].id, found[0].name) == ("c", "f")


@pytest.mark.parametrize(
    "deltas",
    [
        [call(0, id="a", name="f", arguments="{}"), call(1, id="b", name="g", arguments="{}")],
        [call(0, id="a", name="f", arguments="{}"), call(0, id="b", name="g", arguments="{}")],
        [call(None, id="a", name="f", arguments="{}"), call(None, id="b", name="g", arguments="{}")],
    ],
)
def test_two_calls_stay_apart(deltas: list[dict[str, Any]]):
    events = parse(*(frame(delta) for delta in deltas), frame({}, "tool_calls"))
    assert [(e.index, e.id) for e in events if isinstance(e, ToolCallStarted)] == [(0, "a"), (1, "b")]


def test_a_call_without_an_id_gets_one_and_null_arguments_are_none():
    (found,) = parts(frame(call(name="f", arguments="null")))
    assert found.id.startswith("call_")
    assert found.arguments == "{}"


def test_an_older_function_call_is_a_tool_call():
    found = parts(
        frame({"function_call": {"name": "f", "arguments": ""}}), frame({"function_call": {"arguments": '{"a":1}'}})
    )
    assert [(c.name, c.arguments) for c in found] == [("f", '{"a":1}')]


def test_a_tool_call_decides_against_the_word_stop():
    events = parse(frame(call(id="c", name="f")), frame({}, "stop"))
    assert Finished("tool_calls", raw="stop") in events


def test_the_forced_answer_tool_is_text():
    deltas = [call(id="c", name="gamma_json_answer", arguments='{"a"'), call(arguments=":1}")]
    found = answer(*(frame(d) for d in deltas), frame({}, "tool_calls"), DONE, json_schema="tool").choices[0]
    assert found.parts == (Text('{"a":1}'),)
    assert found.finish == "stop"


def test_sources_of_each_chunk_are_told_once_before_the_end():
    events = parse(
        frame({"content": "a"}, citations=["u"]),
        frame({"content": "b"}, citations=["u"], search_results=[{"url": "u", "title": "t"}]),
        frame({}, "stop", citations=["u"], search_results=[{"url": "u", "title": "t"}]),
    )
    assert [e for e in events if isinstance(e, CitationDelta)] == [CitationDelta(Citation(url="u", title="t"))]
    assert isinstance(events[-1], Finished)


def test_refusals_images_sounds_and_sources_are_read():
    annotation = {"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 1}}
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
    events = parse(
        frame({"refusal": "no"}),
        frame({"annotations": [annotation, {"type": "file"}]}),
        frame({"images": [image]}),
        frame({"audio": {"id": "a1"}}),
        frame({"audio": {"data": "BB"}}),
        frame({}, "stop"),
    )
    assert RefusalDelta("no") in events
    assert MediaDelta(Media(kind="image", mime_type="image/png", data="AA")) in events
    assert MediaDelta(Media(kind="audio", data="BB")) in events
    assert sum(isinstance(e, CitationDelta) for e in events) == 1


def test_usage_is_told_when_it_changes_wherever_it_stands():
    nulls = {"prompt_tokens": None, "completion_tokens": None}
    events = parse(
        frame({"content": "a"}, usage=nulls),
        frame({"content": "b"}, usage=USAGE),
        frame({"content": "c"}, usage=USAGE),
        frame({}, "stop", x_groq={"id": "r", "usage": {**USAGE, "completion_tokens": 3}}),
    )
    assert [e.usage.output_tokens for e in events if isinstance(e, UsageReported)] == [2, 3]


def test_a_stream_that_closes_after_its_end_is_whole():
    assert parse(frame({"content": "a"}), frame({}, "stop"))[-1] == Finished("stop", raw="stop")


@pytest.mark.parametrize("frames", [(), (frame({"content": "a"}),), (frame({}, "stop"), frame({"content": "a"}, index=1))])
def test_a_stream_that_closes_before_its_end_is_cut(frames: tuple[Frame, ...]):
    last = parse(*frames)[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, ProviderStreamCut)


def test_the_terminator_ends_an_answer_without_a_word_for_it():
    assert parse(frame({"content": "a"}), DONE)[-2:] == [Finished("stop"), Ended()]
    assert isinstance(parse(DONE)[-1], Failed)


@pytest.mark.parametrize(
    ("failing", "error"),
    [
        (bare(error={"message": "slow", "code": "rate_limit_exceeded"}), ProviderRateLimited),
        (bare("error", error={"message": "over capacity", "code": "capacity_exceeded"}), ProviderOverloaded),
        (frame({"content": ""}, "error", error={"code": 429, "message": "wait"}), ProviderRateLimited),
        (bare(x_groq={"error": {"message": "full", "code": "capacity_exceeded"}}), ProviderOverloaded),
        (bare(base_resp={"status_code": 1002, "status_msg": "rate limit"}), ProviderRateLimited),
        (bare(choices=[{"index": 0, "error": {"code": 429, "message": "wait"}}]), ProviderRateLimited),
        (Frame(b"upstream broke", "error"), GammaError),
        (bare(detail="Internal failure"), GammaError),
    ],
)
def test_an_error_inside_the_stream_ends_it(failing: Frame, error: type[GammaError]):
    events = parse(frame({"content": "a"}), failing, frame({"content": "b"}), DONE)
    assert isinstance(events[-1], Failed)
    assert isinstance(events[-1].error, error)
    assert TextDelta("b") not in events


@pytest.mark.parametrize("data", [b"{", b"nonsense", b"[1]", b'{"choices": [{"delta": {"content": "\xff"}}]}'])
def test_broken_frames_are_malformed(data: bytes):
    with pytest.raises(ProviderMalformed):
        parse(Frame(data))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = (
    "content",
    "tool_calls",
    "reasoning",
    "reasoning_details",
    "refusal",
    "annotations",
    "audio",
    "images",
    "function_call",
)


@given(st.dictionaries(st.sampled_from(MEMBERS), JSON), st.dictionaries(st.sampled_from(("usage", "citations", "id")), JSON))
def test_no_delta_whatever_it_holds_breaks_the_parser(delta: dict[str, Any], fields: dict[str, Any]):
    first = frame({"content": "a"})
    assert parse(first, frame(delta, **fields), DONE)[-1] == Ended()
    WIRE.parse_response(first.data, Traits())
    choices = [{"index": 0, "message": delta}]
    WIRE.parse_response(msgspec.json.encode({"choices": choices, **fields}), Traits())


def written(*events: Event, style: Style = STYLE) -> list[dict[str, Any]]:
    """Chunks of a rendered stream, each accepted by the SDK; the terminator is checked and left out."""
    renderer = WIRE.event_renderer(style)
    data = b"".join([*(renderer.render_event(e) for e in events), renderer.render_end()])
    frames = [f.data for f in SseDecoder().feed(data)]
    assert frames.pop() == b"[DONE]"
    for chunk in frames:
        ChatCompletionChunk.model_validate_json(chunk, strict=True)
    return [msgspec.json.decode(chunk) for chunk in frames]


def deltas(*events: Event, style: Style = STYLE) -> list[dict[str, Any]]:
    return [c["choices"][0]["delta"] for c in written(*events, style=style) if c["choices"]]


def test_chunks_name_the_answer_and_the_first_names_the_role():
    chunks = written(
        Started(id="x", created=5, service_tier="on_demand"), TextDelta("a"), TextDelta("b"), Finished("stop"), Ended()
    )
    assert {(c["id"], c["object"], c["created"], c["model"]) for c in chunks} == {
        ("x", "chat.completion.chunk", 5, "public")
    }
    assert [c["choices"][0]["delta"] for c in chunks] == [{"role": "assistant", "content": "a"}, {"content": "b"}, {}]
    assert [c["choices"][0]["finish_reason"] for c in chunks] == [None, None, "stop"]
    assert "service_tier" not in chunks[0]


def test_an_answer_without_a_name_gets_one():
    assert written(TextDelta("a"), Finished("stop"))[0]["id"] == "chatcmpl-unique"


def test_usage_is_told_at_the_end_when_asked_for():
    events = (Started(), TextDelta("a"), UsageReported(Usage(input_tokens=4, output_tokens=2)), Finished("stop"))
    last = written(*events)[-1]
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == 6
    unasked = msgspec.structs.replace(STYLE, include_usage=False)
    assert all(c["choices"] and "usage" not in c for c in written(*events, style=unasked))


def test_an_empty_answer_still_names_its_role():
    assert deltas(Started(), Finished("stop")) == [{"role": "assistant", "content": ""}, {}]


def test_tool_calls_are_named_on_their_first_fragment():
    assert deltas(
        Started(),
        ToolCallStarted(0, "c", "f", signature="sig"),
        ToolCallDelta(0, '{"a"'),
        ToolCallDelta(0, ":1}"),
        Finished("tool_calls"),
    )[:3] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "index": 0,
                    "id": "c",
                    "type": "function",
                    "function": {"name": "f", "arguments": ""},
                    "extra_content": {"google": {"thought_signature": "sig"}},
                }
            ],
        },
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"a"'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]},
    ]


def test_callers_with_functions_get_a_function_call():
    request = ChatRequest(
        model="m", messages=(Message("user", (Text("x"),)),), dialect="openai_chat", extra={"functions": [{"name": "f"}]}
    )
    style = msgspec.structs.replace(STYLE, request=request)
    found = deltas(ToolCallStarted(0, "c", "f"), ToolCallDelta(0, "{}"), Finished("tool_calls"), style=style)
    assert found[0]["function_call"] == {"name": "f", "arguments": ""}
    assert found[1] == {"function_call": {"arguments": "{}"}}


def test_signed_reasoning_survives_a_stream_and_the_way_back():
    events = (
        Started(id="x"),
        ReasoningDelta("h", dialect="anthropic_messages"),
        ReasoningDelta("m", dialect="anthropic_messages"),
        ReasoningDelta(signature="s", dialect="anthropic_messages"),
        ReasoningDelta("again", block=1, signature="t", dialect="anthropic_messages"),
        TextDelta("a", block=2),
        Finished("stop"),
    )
    chunks = [Frame(msgspec.json.encode(c)) for c in written(*events)]
    assert collect(parse(*chunks, DONE)).choices[0].parts == collect(events).choices[0].parts


def test_encrypted_reasoning_is_told_in_details():
    found = deltas(ReasoningDelta("sum"), ReasoningDelta(encrypted="d", id="rs_1", dialect="openai_responses"))
    assert found[0]["reasoning_content"] == "sum"
    detail = {"type": "reasoning.encrypted", "data": "d", "format": "openai_responses", "index": 0, "id": "rs_1"}
    assert found[1] == {"reasoning_details": [detail]}


def test_choices_of_a_stream_stay_apart():
    chunks = written(TextDelta("a"), TextDelta("b", choice=1), Finished("stop"), Finished("length", choice=1))
    assert [c["choices"][0]["index"] for c in chunks] == [0, 1, 0, 1]
    assert chunks[1]["choices"][0]["delta"]["role"] == "assistant"


def test_the_rest_of_an_answer_is_written():
    image, sound = Media(kind="image", url="https://h.example/a.png"), Media(kind="audio", data="AA", text="hi")
    found = deltas(
        RefusalDelta("no"),
        CitationDelta(Citation(url="u", title="t")),
        CitationDelta(Citation(title="no address")),
        MediaDelta(image),
        MediaDelta(sound),
        TextDelta("a", signature="sig"),
    )
    assert found[0]["refusal"] == "no"
    assert found[1]["annotations"][0]["url_citation"]["url"] == "u"
    assert found[2]["images"][0]["image_url"]["url"] == "https://h.example/a.png"
    assert found[3]["audio"] == {"data": "AA", "transcript": "hi"}
    assert found[4]["extra_content"] == {"google": {"thought_signature": "sig"}}


@pytest.mark.parametrize("text", ['"', "\\", "\n", "\u2028", "🌾", "ß", "\x00", "</script>"])
def test_text_of_any_kind_is_written_as_json(text: str):
    assert deltas(TextDelta("x"), TextDelta(text))[1]["content"] == text


def test_an_error_is_a_chunk_without_the_terminator():
    data = WIRE.event_renderer(STYLE).render_error(ProviderOverloaded("busy"))
    (found,) = SseDecoder().feed(data)
    assert msgspec.json.decode(found.data)["error"]["code"] == "provider_overloaded"
