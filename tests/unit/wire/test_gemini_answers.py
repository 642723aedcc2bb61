"""Google's answers and streams read, and answers and streams written in Google's dialect."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from google.genai import types

from gamma.errors import (
    CallerError,
    GammaError,
    InvalidRequest,
    ProviderMalformed,
    ProviderOverloaded,
    ProviderStreamCut,
    RateLimited,
)
from gamma.transport.sse import SseDecoder
from gamma.types.chat import ChatResponse, Choice, Citation, Media, Opaque, Reasoning, Refusal, Text, TokenLogprob, ToolCall
from gamma.types.frame import Frame
from gamma.types.usage import Usage
from gamma.wire.assemble import collect, replay
from gamma.wire.base import Style, Traits
from gamma.wire.events import (
    Event,
    Failed,
    Finished,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from gamma.wire.gemini import Gemini

WIRE, TRAITS = Gemini(), Traits()
STYLE = Style(model="public", id="unique", created=1)


def answer(*parts: dict[str, Any], finish: str | None = "STOP", **more: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, **more}
    return {"candidates": [candidate | ({"finishReason": finish} if finish else {})], "responseId": "r", "modelVersion": "v"}


def parse(value: Any) -> ChatResponse:
    return WIRE.parse_response(msgspec.json.encode(value), TRAITS)


def events(*values: Any) -> list[Event]:
    parser = WIRE.event_parser(TRAITS)
    found: list[Event] = []
    for value in values:
        found += parser.parse_event(Frame(msgspec.json.encode(value)))
    return [*found, *parser.parse_end()]


def write(given: list[Event], style: Style = STYLE) -> list[dict[str, Any]]:
    renderer = WIRE.event_renderer(style)
    stream = b"".join([*(renderer.render_event(event) for event in given), renderer.render_end()])
    decoder = SseDecoder()
    chunks = [msgspec.json.decode(frame.data) for frame in (*decoder.feed(stream), *decoder.end())]
    for chunk in chunks:
        types.GenerateContentResponse.model_validate(chunk)
    return chunks


def test_parts_of_an_answer_stay_apart_and_keep_their_signatures():
    found = parse(
        answer(
            {"text": "hm", "thought": True},
            {"text": "one", "thoughtSignature": "c2ln"},
            {"text": "two"},
            {"functionCall": {"name": "f", "args": {"a": [1, 2.0]}}, "thoughtSignature": "Y2FsbA=="},
            {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
            {"executableCode": {"language": "PYTHON", "code": "1"}},
        )
    )
    thought, one, two, call, image, code = found.choices[0].parts
    assert thought == Reasoning(text="hm")
    assert (one, two) == (Text("one", signature="c2ln"), Text("two"))
    assert isinstance(call, ToolCall)
    assert (call.arguments, call.signature, call.id[:5]) == ('{"a":[1,2.0]}', "Y2FsbA==", "call_")
    assert image == Media(kind="image", mime_type="image/png", data="AAAA")
    assert code == Opaque("gemini", {"executableCode": {"language": "PYTHON", "code": "1"}})
    assert (found.choices[0].finish, found.choices[0].finish_raw) == ("tool_calls", "STOP")


def test_generated_ids_are_the_same_streamed_or_whole_and_differ_between_calls():
    value = answer(
        {"functionCall": {"name": "f"}}, {"functionCall": {"name": "f"}}, {"functionCall": {"name": "f", "id": "own"}}
    )
    whole = [p.id for p in parse(value).choices[0].parts if isinstance(p, ToolCall)]
    streamed = [e.id for e in events(value) if isinstance(e, ToolCallStarted)]
    assert whole == streamed
    assert len(set(whole)) == 3
    assert whole[2] == "own"


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("IMAGE_SAFETY", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "error"),
        ("NEVER_HEARD_OF", "stop"),
    ],
)
def test_words_for_the_end_are_understood_and_kept(word: str, reason: str):
    choice = parse(answer({"text": "x"}, finish=word)).choices[0]
    assert (choice.finish, choice.finish_raw) == (reason, word)


def test_a_refused_prompt_is_an_empty_filtered_choice():
    value = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4, "totalTokenCount": 4}}
    choice = Choice(finish="content_filter", finish_raw="SAFETY")
    assert parse(value).choices == (choice,)
    assert collect(events(value)).choices == (choice,)
    assert parse(value).usage == Usage(input_tokens=4)


def test_a_blocked_candidate_may_lack_its_content():
    assert parse({"candidates": [{"finishReason": "SAFETY"}]}).choices[0] == Choice(
        finish="content_filter", finish_raw="SAFETY"
    )


def test_counts_are_brought_to_one_arithmetic():
    counts = {
        "promptTokenCount": 100,
        "toolUsePromptTokenCount": 20,
        "candidatesTokenCount": 7,
        "thoughtsTokenCount": 30,
        "cachedContentTokenCount": 64,
        "totalTokenCount": 157,
        "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 9}, {"modality": "TEXT", "tokenCount": 91}],
    }
    value = {**answer({"text": "x"}), "usageMetadata": counts}
    usage = Usage(input_tokens=120, output_tokens=37, cache_read_tokens=64, reasoning_tokens=30, audio_input_tokens=9)
    assert parse(value).usage == usage
    assert WIRE.parse_usage(msgspec.json.encode(value), TRAITS) == usage
    assert usage.total_tokens == counts["totalTokenCount"]


def test_counts_may_travel_as_strings():
    assert parse({**answer({"text": "x"}), "usageMetadata": {"promptTokenCount": "5"}}).usage == Usage(input_tokens=5)


def test_grounding_becomes_citations_counted_in_characters_and_back_in_bytes():
    metadata = {
        "webSearchQueries": ["q"],
        "groundingChunks": [{"web": {"uri": "https://a", "title": "A"}}, {"web": {"uri": "https://b"}}],
        "groundingSupports": [{"segment": {"startIndex": 3, "endIndex": 8, "text": "wörd"}, "groundingChunkIndices": [0]}],
    }
    value = answer({"text": "é wörd"}, groundingMetadata=metadata)
    text, kept = parse(value).choices[0].parts
    assert isinstance(text, Text)
    first, second = text.citations
    assert (first.url, first.title, first.cited_text, first.start, first.end) == ("https://a", "A", "wörd", 2, 6)
    assert (second.url, second.end) == ("https://b", None)
    assert kept == Opaque("gemini", {"groundingMetadata": {"webSearchQueries": ["q"]}})
    again = WIRE.render_response(parse(value), STYLE)["candidates"][0]["groundingMetadata"]
    assert again == metadata
    assert write(list(replay(parse(value))))[-1]["candidates"][0]["groundingMetadata"] == metadata


def test_citations_of_other_vendors_become_grounding():
    choice = Choice(parts=(Text("abc", citations=(Citation(url="https://a", title="A", start=0, end=3),)),))
    found = WIRE.render_response(ChatResponse(choices=(choice,)), STYLE)["candidates"][0]["groundingMetadata"]
    assert found["groundingChunks"] == [{"web": {"uri": "https://a", "title": "A"}}]
    assert found["groundingSupports"] == [
        {"segment": {"startIndex": 0, "endIndex": 3, "text": "abc"}, "groundingChunkIndices": [0]}
    ]


def test_recited_sources_are_citations():
    value = answer({"text": "abc"}, citationMetadata={"citationSources": [{"endIndex": 3, "uri": "https://a"}]})
    text = parse(value).choices[0].parts[0]
    assert isinstance(text, Text)
    assert (text.citations[0].url, text.citations[0].start, text.citations[0].end) == ("https://a", 0, 3)


def test_probabilities_survive_both_ways():
    result = {
        "chosenCandidates": [{"token": "a", "tokenId": 7, "logProbability": -0.5}],
        "topCandidates": [{"candidates": [{"token": "a", "logProbability": -0.5}, {"token": "b", "logProbability": -2.0}]}],
    }
    choice = parse(answer({"text": "a"}, logprobsResult=result)).choices[0]
    rivals = (TokenLogprob(token="a", logprob=-0.5), TokenLogprob(token="b", logprob=-2.0))
    assert choice.logprobs == (TokenLogprob(token="a", logprob=-0.5, top=rivals),)
    assert parse(WIRE.render_response(ChatResponse(choices=(choice,)), STYLE)).choices[0] == choice
    assert collect(events(*write(list(replay(ChatResponse(choices=(choice,))))))).choices[0] == choice


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b'{"candidates":[]}', b'{"candidates":7}', b"<html>", b'"x"', b"\xff"]
)
def test_what_is_no_answer_is_malformed(body: bytes):
    with pytest.raises(ProviderMalformed):
        WIRE.parse_response(body, TRAITS)


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b"<html>", b'{"error":{}}'])
def test_counts_are_not_read_from_what_is_no_answer(body: bytes):
    with pytest.raises(ProviderMalformed):
        WIRE.parse_usage(body, TRAITS)


@pytest.mark.parametrize("listed", [False, True])
def test_an_error_in_a_200s_clothes_is_raised(listed: bool):
    error = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}
    with pytest.raises(ProviderOverloaded):
        parse([error] if listed else error)


def test_a_list_of_answers_is_one_answer():
    found = parse([answer({"text": "a"}, finish=None), answer({"text": "b"})])
    assert found.choices[0].parts == (Text("ab"),)


def test_text_of_a_stream_is_one_part_and_a_late_signature_belongs_to_it():
    found = collect(
        events(
            answer({"text": "th", "thought": True}, finish=None),
            answer({"text": "ink", "thought": True}, finish=None),
            answer({"text": "a"}, finish=None),
            answer({"text": "b"}, finish=None),
            answer({"text": "", "thoughtSignature": "c2ln"}),
        )
    )
    assert found.choices[0].parts == (Reasoning(text="think"), Text("ab", signature="c2ln"))


def test_every_event_reports_its_counts():
    def counted(count: int) -> dict[str, Any]:
        counts = {"promptTokenCount": 1, "candidatesTokenCount": count}
        return {**answer({"text": "a"}, finish=None), "usageMetadata": counts}

    found = events(counted(1), counted(2), {"usageMetadata": {"trafficType": "ON_DEMAND"}})
    assert [e.usage.output_tokens for e in found if isinstance(e, UsageReported)] == [1, 2]


def test_candidates_of_a_stream_are_told_apart():
    def both(text: str, finish: str | None) -> dict[str, Any]:
        ends = {"finishReason": finish} if finish else {}
        parts = [{"text": text}]
        return {"candidates": [{"index": i, "content": {"parts": parts}, **ends} for i in (0, 1)]}

    found = collect(events(both("a", None), both("b", "STOP")))
    assert [c.parts for c in found.choices] == [(Text("ab"),), (Text("ab"),)]


@pytest.mark.parametrize("given", [[], [answer({"text": "a"}, finish=None)]])
def test_a_stream_without_an_end_was_cut(given: list[Any]):
    last = events(*given)[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, ProviderStreamCut)


@pytest.mark.parametrize("listed", [False, True])
def test_an_error_inside_a_stream_fails_it_and_nothing_follows(listed: bool):
    error = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}
    found = events(answer({"text": "a"}, finish=None), [error] if listed else error, answer({"text": "late"}))
    assert isinstance(found[-1], Failed)
    assert isinstance(found[-1].error, ProviderOverloaded)
    assert not any(isinstance(e, TextDelta) and e.text == "late" for e in found)


def test_a_frame_that_is_no_answer_is_malformed():
    with pytest.raises(ProviderMalformed):
        list(WIRE.event_parser(TRAITS).parse_event(Frame(b"{oops")))


def test_arguments_that_are_streamed_by_path_are_put_together():
    def piece(**call: Any) -> dict[str, Any]:
        return answer({"functionCall": call}, finish=None)

    found = collect(
        events(
            piece(name="f", willContinue=True),
            piece(partialArgs=[{"jsonPath": "$.place.city", "stringValue": "Bre", "willContinue": True}], willContinue=True),
            piece(partialArgs=[{"jsonPath": "$.place.city", "stringValue": "st"}], willContinue=True),
            piece(partialArgs=[{"jsonPath": "$.days[1]", "numberValue": 2}], willContinue=True),
            piece(partialArgs=[{"jsonPath": "$['b.c']", "boolValue": True}], willContinue=True),
            piece(),
            answer(),
        )
    )  # fmt: skip  # one event a row
    call = found.choices[0].parts[0]
    assert isinstance(call, ToolCall)
    assert msgspec.json.decode(call.arguments) == {"place": {"city": "Brest"}, "days": [None, 2], "b.c": True}
    assert found.choices[0].finish == "tool_calls"


@pytest.mark.parametrize("path", ["", "$", "$[0]", "$.a[999999]", "$.a.b.c[x]"])
def test_a_senseless_path_does_no_harm(path: str):
    found = events(answer({"functionCall": {"name": "f", "partialArgs": [{"jsonPath": path, "stringValue": "x"}]}}))
    assert any(isinstance(e, ToolCallDelta) and len(e.arguments) < 100 for e in found)


def test_an_answer_is_written_as_the_official_types_want_it():
    parts = (
        Reasoning(text="hm", signature="c2ln", dialect="gemini"),
        Text("hi", signature="dGV4"),
        Refusal(" no"),
        ToolCall(id="1", name="f", arguments='{"a":1}', signature="Y2FsbA=="),
        Media(kind="image", mime_type="image/png", data="AAAA"),
        Opaque("gemini", {"executableCode": {"language": "PYTHON", "code": "1"}}),
        Opaque("openai_responses", {"type": "x"}),
    )
    usage = Usage(input_tokens=9, output_tokens=8, reasoning_tokens=3, cache_read_tokens=2, audio_output_tokens=1)
    body = WIRE.render_response(
        ChatResponse(choices=(Choice(parts=parts, finish="tool_calls"),), id="r1", usage=usage), STYLE
    )
    types.GenerateContentResponse.model_validate(body)
    assert body["candidates"][0]["content"]["parts"] == [
        {"text": "hm", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "hi", "thoughtSignature": "dGV4"},
        {"text": " no"},
        {"functionCall": {"name": "f", "args": {"a": 1}, "id": "1"}, "thoughtSignature": "Y2FsbA=="},
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
        {"executableCode": {"language": "PYTHON", "code": "1"}},
    ]
    assert body["candidates"][0]["finishReason"] == "STOP"
    assert (body["responseId"], body["modelVersion"]) == ("r1", "public")
    assert body["usageMetadata"] == {
        "promptTokenCount": 9,
        "candidatesTokenCount": 5,
        "totalTokenCount": 17,
        "thoughtsTokenCount": 3,
        "cachedContentTokenCount": 2,
        "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 4}, {"modality": "AUDIO", "tokenCount": 1}],
    }


def test_an_empty_answer_still_has_a_part():
    body = WIRE.render_response(ChatResponse(choices=(Choice(finish="content_filter"),)), STYLE)
    assert body["candidates"][0]["content"]["parts"] == [{"text": ""}]
    assert body["candidates"][0]["finishReason"] == "SAFETY"
    assert body["responseId"] == "unique"


def test_a_call_cut_within_its_arguments_is_left_out_only_where_the_answer_was_cut():
    call = ToolCall(id="1", name="f", arguments='{"a":')
    cut = WIRE.render_response(ChatResponse(choices=(Choice(parts=(call,), finish="length"),)), STYLE)
    assert cut["candidates"][0]["content"]["parts"] == [{"text": ""}]
    with pytest.raises(ProviderMalformed):
        WIRE.render_response(ChatResponse(choices=(Choice(parts=(call,), finish="tool_calls"),)), STYLE)


def test_calls_side_by_side_are_written_whole_in_the_last_event_with_the_end_and_the_counts():
    chunks = write(
        [
            Started(id="r9"),
            TextDelta("let me "),
            TextDelta("look"),
            ToolCallStarted(0, "a", "f", signature="c2ln"),
            ToolCallDelta(0, '{"x"'),
            ToolCallDelta(0, ":1}"),
            ToolCallStarted(1, "b", "g"),
            Finished("tool_calls"),
            UsageReported(Usage(input_tokens=3, output_tokens=4)),
        ]
    )
    assert [c["candidates"][0]["content"]["parts"] for c in chunks] == [
        [{"text": "let me "}],
        [{"text": "look"}],
        [
            {"functionCall": {"name": "f", "args": {"x": 1}, "id": "a"}, "thoughtSignature": "c2ln"},
            {"functionCall": {"name": "g", "args": {}, "id": "b"}},
        ],
    ]
    assert [c["candidates"][0].get("finishReason") for c in chunks] == [None, None, "STOP"]
    assert [("usageMetadata" in c, c["responseId"]) for c in chunks] == [(False, "r9"), (False, "r9"), (True, "r9")]


def test_a_call_is_written_when_text_follows_it():
    chunks = write([ToolCallStarted(0, "a", "f"), TextDelta("then"), Finished("tool_calls")])
    assert chunks[0]["candidates"][0]["content"]["parts"] == [
        {"functionCall": {"name": "f", "args": {}, "id": "a"}},
        {"text": "then"},
    ]


def test_fragments_of_a_foreign_signature_are_written_once_and_read_back():
    given: list[Event] = [
        ReasoningDelta("hm", dialect="anthropic_messages"),
        ReasoningDelta(signature="abc", dialect="anthropic_messages"),
        ReasoningDelta(signature="def", dialect="anthropic_messages"),
        ToolCallStarted(0, "a", "f"),
        Finished("tool_calls"),
    ]
    chunks = write(given)
    assert [c["candidates"][0]["content"]["parts"][0].get("thought") for c in chunks] == [True, True, None]
    assert collect(events(*chunks)).choices[0].parts[0] == Reasoning(
        text="hm", signature="abcdef", dialect="anthropic_messages"
    )


def test_an_array_stream_is_one_json_document_whole_or_failed():
    style = Style(model="public", id="unique", created=1, array=True)
    renderer = WIRE.event_renderer(style)
    pieces = [renderer.render_event(TextDelta("a")), renderer.render_event(TextDelta("b")), renderer.render_end()]
    assert pieces[0].startswith(b"[{")
    assert pieces[1].startswith(b",\r\n{")
    assert len(msgspec.json.decode(b"".join(pieces))) == 3
    failing = WIRE.event_renderer(style)
    broken = failing.render_event(TextDelta("a")) + failing.render_error(ProviderOverloaded("full"))
    assert msgspec.json.decode(broken)[1]["error"]["message"] == "full"
    assert parse(msgspec.json.decode(b"".join(pieces))).choices[0].parts == (Text("ab"),)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidRequest("no", param="contents"), "INVALID_ARGUMENT"),
        (RateLimited("slow", retry_after_s=2.5), "RESOURCE_EXHAUSTED"),
        (ProviderOverloaded("full"), "UNAVAILABLE"),
        (CallerError("x"), "INVALID_ARGUMENT"),
        (GammaError("x"), "INTERNAL"),
    ],
)
def test_errors_have_googles_shape(error: GammaError, status: str):
    body = WIRE.render_error(error, "req_1")["error"]
    assert (body["code"], body["status"], body["message"]) == (error.status, status, error.message)
    details = {d["@type"].rpartition(".")[2]: d for d in body["details"]}
    assert details["ErrorInfo"]["reason"] == error.code
    assert details["RequestInfo"]["requestId"] == "req_1"
    assert ("BadRequest" in details) == (error.param is not None)
    assert details.get("RetryInfo", {}).get("retryDelay") == ("2.5s" if error.retry_after_s else None)


@pytest.mark.parametrize("odd", [7, "x", {"a": 1}, [7], None])
def test_senseless_sources_are_left_out(odd: Any):
    metadata = {"groundingChunks": odd, "groundingSupports": [{"segment": odd, "groundingChunkIndices": odd}]}
    assert parse(answer({"text": "abc"}, groundingMetadata=metadata)).choices[0].parts[0] == Text("abc")
