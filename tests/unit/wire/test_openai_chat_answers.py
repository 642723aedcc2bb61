"""Whole answers in OpenAI's chat dialect: providers read leniently, callers served strictly."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from openai.types.chat import ChatCompletion

from gamma.errors import (
    ContextLengthExceeded,
    GammaError,
    ProviderMalformed,
    ProviderQuotaExceeded,
    ProviderRateLimited,
    ProviderServerError,
    RateLimited,
)
from gamma.types.chat import (
    ChatRequest,
    ChatResponse,
    Choice,
    Citation,
    Media,
    Message,
    Part,
    Reasoning,
    Refusal,
    Text,
    TokenLogprob,
    ToolCall,
)
from gamma.types.usage import Usage
from gamma.wire.base import Style, Traits
from gamma.wire.openai_chat import OpenaiChat

WIRE = OpenaiChat()
STYLE = Style(model="public", id="unique", created=9)
NO_TRAITS = Traits()


def body(message: dict[str, Any] | None = None, *, finish: str | None = "stop", **fields: Any) -> bytes:
    """An answer with one choice."""
    choice = {"index": 0, "message": {"role": "assistant", **(message or {"content": "hi"})}, "finish_reason": finish}
    return msgspec.json.encode({"id": "x", "model": "m", "created": 5, "choices": [choice], **fields})


def parse(
    message: dict[str, Any] | None = None, *, finish: str | None = "stop", traits: Traits = NO_TRAITS, **fields: Any
) -> Choice:
    return WIRE.parse_response(body(message, finish=finish, **fields), traits).choices[0]


def counts(usage: dict[str, Any], *, excluded: bool = False, **fields: Any) -> Usage | None:
    """The same from the peek and from the whole answer."""
    data, traits = body(usage=usage, **fields), Traits(reasoning_excluded=excluded)
    peeked = WIRE.parse_usage(data, traits)
    assert peeked == WIRE.parse_response(data, traits).usage
    return peeked


def render(*parts: Part, request: ChatRequest | None = None, **choice: Any) -> dict[str, Any]:
    """The first choice of a served answer that the SDK has accepted."""
    response = ChatResponse(choices=(Choice(parts=parts, **choice),), usage=Usage(input_tokens=1, output_tokens=2))
    value = WIRE.render_response(response, msgspec.structs.replace(STYLE, request=request))
    ChatCompletion.model_validate_json(msgspec.json.encode(value), strict=True)
    found: dict[str, Any] = value["choices"][0]
    return found


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ({"content": ""}, ()),
        ({"content": [{"type": "text", "text": "a"}, "b"]}, (Text("a"), Text("b"))),
        ({"content": {"a": 1}}, (Text('{"a":1}'),)),
        (
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"}]},
            (Reasoning(text="hm"), Text("a")),
        ),
        ({"content": "a", "reasoning_content": "r"}, (Reasoning(text="r"), Text("a"))),
        ({"content": "a", "reasoning": "r"}, (Reasoning(text="r"), Text("a"))),
        ({"content": None, "refusal": "no"}, (Refusal("no"),)),
        (
            {"content": "a", "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]},
            (Text("a"), Media(kind="image", mime_type="image/png", data="AA")),
        ),
        (
            {"content": None, "audio": {"id": "a1", "data": "AA", "transcript": "hi", "expires_at": 7}},
            (Media(kind="audio", file_id="a1", data="AA", text="hi", options={"expires_at": 7}),),
        ),
        ({"content": "a", "audio": {"id": "", "data": "", "transcript": "", "expires_at": 0}}, (Text("a"),)),
        ({"content": "a", "function_call": {"name": "", "arguments": ""}}, (Text("a"),)),
        ({"content": "a", "tool_calls": None, "annotations": None, "reasoning_details": None}, (Text("a"),)),
    ],
)
def test_every_form_of_a_message_is_read(message: dict[str, Any], parts: tuple[Part, ...]):
    assert parse(message).parts == parts


def test_fields_of_wrong_types_are_dropped_and_the_rest_is_kept():
    message = {"content": "a", "tool_calls": "none", "reasoning_details": [7, {"type": "reasoning.text", "text": "r"}]}
    response = WIRE.parse_response(body(message, created="soon", id=7, usage={"prompt_tokens": "3"}), Traits())
    assert response.choices[0].parts == (Reasoning(text="r"), Text("a"))
    assert response.created == 0
    assert response.usage == Usage(input_tokens=3)


def test_reasoning_details_of_one_index_are_one_part():
    details = [
        {"type": "reasoning.summary", "summary": "s", "format": "openai-responses-v1", "index": 0},
        {"type": "reasoning.encrypted", "data": "d", "id": "rs_1", "format": "openai-responses-v1", "index": 0},
        {"type": "reasoning.encrypted", "data": "e", "format": "anthropic-claude-v1", "index": 1},
    ]
    assert parse({"content": "a", "reasoning": "s", "reasoning_details": details}).parts[:2] == (
        Reasoning(text="s", encrypted="d", id="rs_1", dialect="openai_responses"),
        Reasoning(encrypted="e", dialect="anthropic_messages"),
    )


def test_tool_calls_get_ids_and_arguments_where_they_lack_them():
    calls = [{"id": "", "function": {"name": "f", "arguments": {"a": 1}}}, {"function": {"name": "g", "arguments": "null"}}]
    one, two = parse({"content": None, "tool_calls": calls}).parts
    assert isinstance(one, ToolCall)
    assert isinstance(two, ToolCall)
    assert (one.arguments, two.arguments) == ('{"a":1}', "{}")
    assert one.id.startswith("call_")
    assert one.id != two.id
    assert parse({"content": None, "tool_calls": calls}).parts[0] == one


def test_custom_tool_calls_keep_their_text():
    call = {"id": "c", "type": "custom", "custom": {"name": "sql", "input": "select 1"}}
    assert parse({"content": None, "tool_calls": [call]}).parts == (
        ToolCall(id="c", name="sql", arguments="select 1", kind="custom"),
    )


def test_a_message_signature_belongs_to_its_first_call():
    google = {"google": {"thought_signature": "s", "thought": True}}
    call = {"id": "c", "function": {"name": "f", "arguments": "{}"}}
    assert parse({"tool_calls": [call], "extra_content": google}).parts == (ToolCall(id="c", name="f", signature="s"),)
    assert parse({"content": "a", "extra_content": google}).parts == (Text("a", signature="s"),)


@pytest.mark.parametrize(
    ("word", "finish"),
    [
        ("stop", "stop"),
        ("", "stop"),
        (None, "stop"),
        ("eos", "stop"),
        ("eos_token", "stop"),
        ("from_the_future", "stop"),
        ("length", "length"),
        ("model_length", "length"),
        ("sensitive", "content_filter"),
        ("error", "error"),
        ("tool_calls", "stop"),
    ],
)
def test_words_for_the_end_are_understood(word: str | None, finish: str):
    choice = parse(finish=word)
    assert choice.finish == finish
    assert choice.finish_raw == (word or None)


def test_a_tool_call_decides_against_the_word_stop():
    call = {"id": "c", "function": {"name": "f", "arguments": "{}"}}
    assert parse({"tool_calls": [call]}).finish == "tool_calls"
    assert parse({"tool_calls": [call]}, finish="length").finish == "length"


def test_sources_are_read_wherever_they_stand():
    annotation = {"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 1, "end_index": 2}}
    (text,) = parse({"content": "a", "annotations": [annotation, {"type": "file", "file": {}}]}).parts
    assert text == Text(
        "a", citations=(Citation(url="u", title="t", start=1, end=2, dialect="openai_chat", raw=annotation),)
    )
    found = parse(citations=["u"], search_results=[{"url": "u", "title": "t", "snippet": "s"}]).parts
    assert found == (Text("hi", citations=(Citation(url="u", title="t", cited_text="s"),)),)
    assert parse(citations=["u"]).parts == (Text("hi", citations=(Citation(url="u"),)),)


def test_a_forced_answer_tool_is_the_text():
    call = {"id": "c", "function": {"name": "gamma_json_answer", "arguments": '{"a":1}'}}
    choice = parse({"tool_calls": [call]}, finish="tool_calls", traits=Traits(json_schema="tool"))
    assert choice.parts == (Text('{"a":1}'),)
    assert choice.finish == "stop"


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b"7", b"{}", b'{"choices":[]}', b'{"choices":null}', b"<html>", b"\xff"]
)
def test_what_is_no_answer_is_malformed(data: bytes):
    for read in (WIRE.parse_response, WIRE.parse_usage):
        with pytest.raises(ProviderMalformed):
            read(data, Traits())


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}, ProviderRateLimited),
        ({"error": "boom"}, ProviderServerError),
        ({"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}, ProviderQuotaExceeded),
        ({"object": "error", "message": "maximum context length is 10 tokens", "code": 400}, ContextLengthExceeded),
    ],
)
def test_an_error_in_a_200s_clothes_is_raised(fields: dict[str, Any], error: type[GammaError]):
    data = msgspec.json.encode({"id": "x", "choices": None, **fields})
    for read in (WIRE.parse_response, WIRE.parse_usage):
        with pytest.raises(error):
            read(data, Traits())


def test_a_base_resp_of_zero_is_success():
    assert parse(base_resp={"status_code": 0, "status_msg": ""}).parts == (Text("hi"),)
    assert counts({"prompt_tokens": 1}, base_resp={"status_code": 0}) == Usage(input_tokens=1)


def test_an_error_inside_a_choice_is_raised():
    data = msgspec.json.encode({"choices": [{"error": {"code": 429, "message": "wait"}, "finish_reason": "error"}]})
    with pytest.raises(ProviderRateLimited):
        WIRE.parse_response(data, Traits())


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}, Usage(input_tokens=5, output_tokens=3)),
        ({"prompt_tokens": None, "completion_tokens": None}, None),
        ({"prompt_tokens": 5, "completion_tokens": None, "total_tokens": None}, Usage(input_tokens=5)),
        (
            {
                "prompt_tokens": 165,
                "completion_tokens": 2,
                "total_tokens": 292,
                "completion_tokens_details": {"reasoning_tokens": 125},
            },
            Usage(input_tokens=165, output_tokens=127, reasoning_tokens=125),
        ),
        (
            {"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 109},
            Usage(input_tokens=35, output_tokens=74, reasoning_tokens=62),
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 113, "prompt_audio_seconds": 8},
            Usage(input_tokens=109, output_tokens=4),
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 43, "cache_read_input_tokens": 30},
            Usage(input_tokens=39, output_tokens=4, cache_read_tokens=30),
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": 4, "completion_tokens_details": {"reasoning_tokens": 50}},
            Usage(input_tokens=9, output_tokens=4, reasoning_tokens=4),
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "prompt_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 3},
            },
            Usage(input_tokens=9, output_tokens=4, cache_read_tokens=5, cache_write_tokens=3),
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "cache_creation_input_tokens": 6,
                "cache_creation": {"ephemeral_1h_input_tokens": 2},
            },
            Usage(input_tokens=9, output_tokens=4, cache_write_tokens=6, cache_write_1h_tokens=2),
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "prompt_tokens_details": {"audio_tokens": 2},
                "completion_tokens_details": {"audio_tokens": 1, "reasoning_tokens": None},
            },
            Usage(input_tokens=9, output_tokens=4, audio_input_tokens=2, audio_output_tokens=1),
        ),
    ],
)
def test_counts_add_up_whoever_counted(usage: dict[str, Any], expected: Usage | None):
    assert counts(usage) == expected


@pytest.mark.parametrize(
    "name", ["cached_tokens", "num_cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens"]
)
def test_cached_tokens_are_found_under_every_name(name: str):
    assert counts({"prompt_tokens": 9, "completion_tokens": 0, name: 7}) == Usage(input_tokens=9, cache_read_tokens=7)


@pytest.mark.parametrize(
    ("usage", "fields", "cost"),
    [
        ({"cost": 0.5}, {}, 0.5),
        ({"cost": {"total_cost": 0.25}}, {}, 0.25),
        ({"cost_in_usd_ticks": 5_411_000}, {}, 0.0005411),
        ({"estimated_cost": 0.125}, {}, 0.125),
        ({}, {"cost": {"usd": 0.75, "diem": 0}}, 0.75),
    ],
)
def test_the_providers_own_cost_is_read(usage: dict[str, Any], fields: dict[str, Any], cost: float):
    found = counts({"prompt_tokens": 1, "completion_tokens": 1, **usage}, **fields)
    assert found is not None
    assert found.cost_usd == pytest.approx(cost)


def test_reasoning_left_out_of_the_output_is_added():
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "completion_tokens_details": {"reasoning_tokens": 50}}
    assert counts(usage, excluded=True) == Usage(input_tokens=9, output_tokens=54, reasoning_tokens=50)


def test_a_served_answer_has_an_id_a_date_and_the_public_name():
    value = WIRE.render_response(ChatResponse(choices=(), model="secret"), STYLE)
    assert (value["id"], value["created"], value["model"]) == ("chatcmpl-unique", 9, "public")


def test_reasoning_is_served_beside_the_text_and_its_signature_in_details():
    message = render(Reasoning(text="hm", signature="s", dialect="anthropic_messages"), Text("a"))["message"]
    assert message["content"] == "a"
    assert message["reasoning_content"] == "hm"
    assert message["reasoning_details"] == [
        {"type": "reasoning.text", "text": "hm", "signature": "s", "format": "anthropic_messages", "index": 0}
    ]
    assert "reasoning_details" not in render(Reasoning(text="hm"), Text("a"))["message"]


def test_tool_calls_are_served_without_content():
    choice = render(ToolCall(id="c", name="f", arguments="{}", signature="sig"), finish="tool_calls")
    assert choice["message"]["content"] is None
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert call["extra_content"] == {"google": {"thought_signature": "sig"}}


def test_callers_with_functions_get_a_function_call():
    asked = ChatRequest(
        model="m", messages=(Message("user", (Text("x"),)),), dialect="openai_chat", extra={"functions": [{"name": "f"}]}
    )
    choice = render(ToolCall(id="c", name="f", arguments="{}"), finish="tool_calls", request=asked)
    assert choice["message"]["function_call"] == {"name": "f", "arguments": "{}"}
    assert "tool_calls" not in choice["message"]
    assert choice["finish_reason"] == "function_call"


def test_sources_are_served_with_offsets_in_the_whole_content():
    choice = render(Text("abc"), Text("def", citations=(Citation(url="u", title="t", start=0, end=3), Citation(title="x"))))
    assert choice["message"]["annotations"] == [
        {"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 3, "end_index": 6}}
    ]


def test_media_and_log_probabilities_are_served():
    logprobs = (TokenLogprob(token="a", logprob=-1.0, utf8=(97,), top=(TokenLogprob(token="b", logprob=-2.0),)),)
    image, sound = Media(kind="image", data="AA", mime_type="image/png"), Media(kind="audio", data="BB")
    choice = render(Text("a"), image, sound, logprobs=logprobs)
    assert choice["message"]["images"][0]["image_url"]["url"] == "data:image/png;base64,AA"
    assert choice["message"]["audio"]["data"] == "BB"
    assert choice["logprobs"]["content"][0]["top_logprobs"] == [{"token": "b", "logprob": -2.0, "bytes": None}]


def test_a_failed_answer_does_not_look_whole():
    assert render(Text("a"), finish="error")["finish_reason"] == "length"


def test_service_tiers_that_the_sdk_refuses_are_left_out():
    answer = ChatResponse(choices=(), service_tier="on_demand")
    assert "service_tier" not in WIRE.render_response(answer, STYLE)
    flex = msgspec.structs.replace(answer, service_tier="flex")
    assert WIRE.render_response(flex, STYLE)["service_tier"] == "flex"


def test_an_error_has_openais_four_members():
    assert WIRE.render_error(RateLimited("slow down", param="model"), "req-1") == {
        "error": {"message": "slow down", "type": "rate_limit_error", "param": "model", "code": "policy_rate_limited"}
    }
