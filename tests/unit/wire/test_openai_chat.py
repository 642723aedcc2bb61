"""Callers who speak OpenAI's chat dialect: what they may send, and what a provider is sent for it."""

from __future__ import annotations

from typing import Any

import pytest

from gamma.errors import InvalidRequest, InvalidType, MissingField, UnsupportedParameter
from gamma.types.chat import (
    ChatRequest,
    Media,
    Message,
    Opaque,
    Reasoning,
    ReasoningOptions,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from gamma.wire.base import Target, Traits
from gamma.wire.openai_chat import OpenaiChat
from gamma.wire.openai_chat.turns import fixed_id

WIRE = OpenaiChat()
USER = {"role": "user", "content": "hello"}
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def parse(*messages: dict[str, Any], **fields: Any) -> ChatRequest:
    return WIRE.parse_request({"model": "m", "messages": list(messages) or [USER], **fields})


def render(request: ChatRequest, *, drop: bool = False, **traits: Any) -> dict[str, Any]:
    return WIRE.render_request(request, Target(model="upstream", traits=Traits(**traits), drop_unsupported=drop))


def foreign(*messages: Message, **fields: Any) -> ChatRequest:
    """A request that came in another dialect."""
    return ChatRequest(model="m", messages=messages, dialect="anthropic_messages", **fields)


def test_the_model_in_the_path_wins():
    assert WIRE.parse_request({"model": "a", "messages": [USER]}, model="b").model == "b"


@pytest.mark.parametrize(
    ("body", "error", "param"),
    [
        ({"messages": [USER]}, MissingField, "model"),
        ({"model": "m"}, MissingField, "messages"),
        ({"model": "m", "messages": []}, InvalidRequest, "messages"),
        ({"model": "m", "messages": "hi"}, InvalidType, "messages"),
        ({"model": "m", "messages": [{"content": "x"}]}, MissingField, "messages[0].role"),
        ({"model": "m", "messages": [{"role": "bard", "content": "x"}]}, InvalidType, "messages[0].role"),
        ({"model": "m", "messages": [{"role": "user"}]}, MissingField, "messages[0].content"),
        ({"model": "m", "messages": [{"role": "user", "content": 7}]}, InvalidType, "messages[0].content"),
        ({"model": "m", "messages": [{"role": "tool", "content": "x"}]}, MissingField, "messages[0].tool_call_id"),
        ({"model": "m", "messages": [USER], "temperature": "hot"}, InvalidType, "temperature"),
        ({"model": "m", "messages": [USER], "n": 0}, InvalidType, "n"),
        ({"model": "m", "messages": [USER], "logit_bias": {"1": "x"}}, InvalidType, "logit_bias"),
        ({"model": "m", "messages": [USER], "tool_choice": "perhaps"}, InvalidType, "tool_choice"),
        ({"model": "m", "messages": [USER], "tools": [{"type": "function"}]}, MissingField, "tools[0].function"),
        (
            {"model": "m", "messages": [USER], "response_format": {"type": "json_schema", "json_schema": {"name": "a"}}},
            MissingField,
            "response_format.json_schema.schema",
        ),
    ],
)
def test_a_callers_mistake_names_its_field(body: dict[str, Any], error: type[Exception], param: str):
    with pytest.raises(error) as caught:
        WIRE.parse_request(body)
    assert caught.value.param == param  # type: ignore[attr-defined]  # every CallerError has it


def test_null_fields_count_as_absent():
    request = parse({**USER, "name": None}, temperature=None, tools=None, stop=None, stream_options=None)
    assert request == parse()


def test_the_newer_length_field_wins():
    assert parse(max_tokens=5, max_completion_tokens=9).max_tokens == 9


def test_content_parts_of_every_kind_are_read():
    parts: list[dict[str, Any]] = [
        {"type": "text", "text": "look", "cache_control": {"type": "ephemeral"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
        {"type": "image_url", "image_url": "https://h.example/a.png"},
        {"type": "input_audio", "input_audio": {"data": "BBBB", "format": "mp3"}},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,CCCC", "filename": "a.pdf"}},
        {"type": "video_url", "video_url": {"url": "https://h.example/a.mp4"}},
        {"type": "document_url", "document_url": "https://h.example/a.pdf", "document_name": "a"},
        {"type": "from_the_future", "x": 1},
    ]
    (message,) = parse({"role": "user", "content": parts}).messages
    assert message.parts == (
        Text("look", cache={"type": "ephemeral"}),
        Media(kind="image", mime_type="image/png", data="AAAA", detail="low"),
        Media(kind="image", url="https://h.example/a.png"),
        Media(kind="audio", mime_type="audio/mpeg", data="BBBB"),
        Media(kind="file", file_id="file-1"),
        Media(kind="file", mime_type="application/pdf", data="CCCC", filename="a.pdf"),
        Media(kind="video", url="https://h.example/a.mp4"),
        Media(kind="file", url="https://h.example/a.pdf", filename="a", options=parts[7]),
        Opaque("openai_chat", parts[8]),
    )


def test_own_content_parts_are_sent_as_they_came():
    parts = [
        {"type": "text", "text": "look", "cache_control": {"type": "ephemeral"}},
        {"type": "document_url", "document_url": "https://h.example/a.pdf"},
        {"type": "from_the_future", "x": 1},
    ]
    assert render(parse({"role": "user", "content": parts}))["messages"][0]["content"] == parts


def test_fields_of_a_message_that_only_this_dialect_knows_are_sent_back():
    message = {"role": "assistant", "content": "Once", "prefix": True, "cache_control": {"type": "ephemeral"}}
    assert render(parse(USER, message))["messages"][1] == message


def test_older_functions_become_tools():
    request = parse(
        USER,
        {"role": "assistant", "content": None, "function_call": {"name": "weather", "arguments": "{}"}},
        {"role": "function", "name": "weather", "content": "fine"},
        functions=[{"name": "weather", "parameters": {"type": "object"}}],
        function_call={"name": "weather"},
    )
    call, result = request.messages[1].parts[0], request.messages[2].parts[0]
    assert isinstance(call, ToolCall)
    assert isinstance(result, ToolResult)
    assert result.call_id == call.id
    assert request.tools == (Tool(name="weather", parameters={"type": "object"}),)
    body = render(request)
    assert body["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    assert "functions" not in body
    assert "function_call" not in body


def test_a_result_without_an_id_answers_the_call_without_an_id():
    request = parse(
        USER,
        {"role": "assistant", "tool_calls": [{"id": "", "type": "function", "function": {"name": "clock"}}]},
        {"role": "tool", "tool_call_id": "", "content": "12:00"},
    )
    call, result = request.messages[1].parts[0], request.messages[2].parts[0]
    assert isinstance(call, ToolCall)
    assert isinstance(result, ToolResult)
    assert call.arguments == "{}"
    assert call.id.startswith("call_")
    assert result.call_id == call.id


@pytest.mark.parametrize(
    ("given", "choice"),
    [
        ("auto", ToolChoice(mode="auto")),
        ("any", ToolChoice(mode="required")),
        ({"type": "function", "function": {"name": "weather"}}, ToolChoice(mode="named", names=("weather",))),
        ({"type": "custom", "custom": {"name": "weather"}}, ToolChoice(mode="named", names=("weather",))),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [WEATHER]}},
            ToolChoice(mode="allowed", names=("weather",), required=True),
        ),
    ],
)
def test_tool_choices_are_read(given: object, choice: ToolChoice):
    assert parse(tools=[WEATHER], tool_choice=given).tool_choice == choice


def test_custom_and_hosted_tools_survive_their_own_dialect():
    grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: /a+/"}}
    custom = {"type": "custom", "custom": {"name": "sql", "description": "runs", "format": grammar}}
    hosted = {"type": "web_search", "web_search": {"enable": True}}
    assert render(parse(tools=[custom, hosted]))["tools"] == [custom, hosted]


def test_another_dialects_hosted_tool_is_refused_or_dropped():
    tool = Tool(name="web_search", kind="hosted", dialect="anthropic_messages", raw={"type": "web_search_20250305"})
    request = foreign(Message("user", (Text("x"),)), tools=(tool,))
    with pytest.raises(UnsupportedParameter) as caught:
        render(request)
    assert caught.value.param == "tools"
    assert "tools" not in render(request, drop=True)


def test_choices_among_no_tools_are_not_sent():
    body = render(parse(parallel_tool_calls=True, tool_choice="auto"))
    assert "parallel_tool_calls" not in body
    assert "tool_choice" not in body


def test_a_target_without_allowed_tools_is_shown_only_those():
    other = {"type": "function", "function": {"name": "clock", "parameters": {"type": "object"}}}
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [WEATHER]}}
    body = render(parse(tools=[WEATHER, other], tool_choice=choice), unsupported=frozenset({"allowed_tools"}))
    assert body["tools"] == [WEATHER]
    assert body["tool_choice"] == "auto"


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({"reasoning_effort": "high"}, ReasoningOptions(effort="high")),
        ({"reasoning": {"effort": "low"}}, ReasoningOptions(effort="low", summary="auto")),
        ({"reasoning": {"max_tokens": 900, "exclude": True}}, ReasoningOptions(budget_tokens=900)),
        ({"reasoning": {"enabled": True}}, ReasoningOptions(effort="medium", summary="auto")),
        ({"reasoning": {"enabled": False}}, ReasoningOptions(budget_tokens=0)),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, ReasoningOptions(budget_tokens=2000, summary="auto")),
        ({"thinking": {"type": "enabled"}}, ReasoningOptions(budget_tokens=-1, summary="auto")),
        ({"thinking": {"type": "disabled"}}, ReasoningOptions(budget_tokens=0)),
        ({"thinking": {"type": "adaptive"}}, ReasoningOptions(adaptive=True)),
        ({"enable_thinking": True, "thinking_budget": 50}, ReasoningOptions(budget_tokens=50)),
        ({"thinking": {"clear_thinking": False}}, None),
    ],
)
def test_every_way_to_ask_for_thinking_is_read(fields: dict[str, Any], options: ReasoningOptions | None):
    assert parse(**fields).reasoning == options


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("given", {"reasoning": {"max_tokens": 5000}}),
        ("reasoning_effort", {"reasoning_effort": "medium"}),
        ("reasoning", {"reasoning": {"max_tokens": 5000}}),
        ("thinking", {"thinking": {"type": "enabled"}}),
        ("enable_thinking", {"enable_thinking": True, "thinking_budget": 5000}),
    ],
)
def test_thinking_is_asked_for_in_the_targets_form(form: str, expected: dict[str, Any]):
    body = render(parse(reasoning={"max_tokens": 5000}), reasoning_request=form)
    assert {k: v for k, v in body.items() if k not in {"model", "messages"}} == expected


def test_extra_fields_reach_their_own_dialect_only():
    request = parse(provider={"order": ["a"]}, prompt_cache_retention="24h", stream_options={"include_obfuscation": False})
    body = render(request)
    assert body["provider"] == {"order": ["a"]}
    assert request.extra["stream_options"] == {"include_obfuscation": False}


def test_a_safety_identifier_stands_in_for_the_user():
    request = parse(safety_identifier="s-1")
    assert request.user == "s-1"
    body = render(request)
    assert body["safety_identifier"] == "s-1"
    assert "user" not in body
    assert parse(safety_identifier="s-1", user="u").user == "u"


def test_usage_of_a_stream_is_asked_for_unless_it_comes_by_itself():
    request = parse(stream=True)
    assert render(request)["stream_options"] == {"include_usage": True}
    assert "stream_options" not in render(request, stream_usage="given")
    assert "stream_options" not in render(parse())


def test_traits_rename_fields_and_roles():
    request = parse({"role": "developer", "content": "x"}, USER, max_tokens=5, seed=3)
    body = render(request, system_role="developer", token_field="max_completion_tokens", seed_field="random_seed")
    assert body["messages"][0]["role"] == "developer"
    assert body["max_completion_tokens"] == 5
    assert body["random_seed"] == 3
    assert render(request)["messages"][0]["role"] == "system"


def test_flattened_text_is_one_string():
    message = {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
    assert render(parse(message), flatten_text=True)["messages"][0]["content"] == "a\nb"
    assert len(render(parse(message))["messages"][0]["content"]) == 2


def test_fixed_tool_ids_match_between_call_and_result():
    request = parse(
        USER,
        {"role": "assistant", "tool_calls": [{"id": "toolu_01ABC", "function": {"name": "clock", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "toolu_01ABC", "content": "12"},
    )
    _, said, answered = render(request, tool_id_length=9)["messages"]
    call_id = said["tool_calls"][0]["id"]
    assert call_id == answered["tool_call_id"]
    assert len(call_id) == 9
    assert call_id.isalnum()
    assert fixed_id("abcDEF123", 9) == "abcDEF123"


def test_the_schema_is_asked_for_in_the_targets_way():
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    wanted = ResponseFormat(kind="json_schema", name="n", schema=schema, strict=True)
    request = foreign(Message("system", (Text("Be brief."),)), Message("user", (Text("x"),)), response_format=wanted)
    native = {"name": "n", "schema": schema, "strict": True}
    assert render(request)["response_format"] == {"type": "json_schema", "json_schema": native}
    by_mode = render(request, json_schema="json_object")
    assert by_mode["response_format"] == {"type": "json_object"}
    assert '"properties":{"a"' in by_mode["messages"][0]["content"]
    by_tool = render(request, json_schema="tool")
    assert by_tool["tools"][0]["function"]["parameters"] == schema
    assert by_tool["tool_choice"]["function"]["name"] == by_tool["tools"][0]["function"]["name"]
    by_words = render(request, json_schema="prompt")
    assert "response_format" not in by_words
    assert "JSON Schema" in by_words["messages"][0]["content"]


def test_images_of_a_tool_result_follow_when_every_call_is_answered():
    image = Media(kind="image", mime_type="image/png", data="AAAA")
    request = foreign(
        Message("user", (Text("look"),)),
        Message("assistant", (ToolCall(id="a", name="f"), ToolCall(id="b", name="f"))),
        Message("tool", (ToolResult(call_id="a", parts=(Text("seen"), image)), ToolResult(call_id="b", parts=(Text("y"),)))),
        Message("assistant", (Text("ok"),)),
    )
    messages = render(request)["messages"]
    assert [m["role"] for m in messages] == ["user", "assistant", "tool", "tool", "user", "assistant"]
    assert messages[2]["content"] == "seen"
    assert messages[4]["content"][0]["image_url"]["url"] == "data:image/png;base64,AAAA"


def test_reasoning_goes_back_in_the_targets_field():
    signed = Reasoning(text="hm", signature="s", dialect="anthropic_messages")
    request = foreign(Message("user", (Text("x"),)), Message("assistant", (signed, Text("y"))))
    assert "reasoning_content" not in render(request)["messages"][1]
    assert render(request, reasoning_field="reasoning_content")["messages"][1]["reasoning_content"] == "hm"
    details = render(request, reasoning_field="reasoning_details")["messages"][1]["reasoning_details"]
    assert details == [
        {"type": "reasoning.text", "text": "hm", "signature": "s", "format": "anthropic-claude-v1", "index": 0}
    ]
    content = render(request, reasoning_field="content")["messages"][1]["content"]
    assert content[0] == {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}


@pytest.mark.parametrize("form", ["anthropic-claude-v1", "anthropic_messages"])
def test_signed_reasoning_of_an_assistant_message_is_read(form: str):
    details = [{"type": "reasoning.text", "text": "", "signature": "s", "format": form, "index": 0}]
    message = {"role": "assistant", "content": "y", "reasoning_content": "hm", "reasoning_details": details}
    part = parse(USER, message).messages[1].parts[0]
    assert part == Reasoning(text="hm", signature="s", dialect="anthropic_messages")


def test_gemini_signatures_find_their_call_in_either_spelling():
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    google = {**call, "extra_content": {"google": {"thought_signature": "sig"}}}
    detail = {"type": "reasoning.encrypted", "data": "sig", "format": "google-gemini-v1", "id": "c1", "index": 0}
    for message in (
        {"role": "assistant", "tool_calls": [google]},
        {"role": "assistant", "tool_calls": [call], "reasoning_details": [detail]},
    ):
        request = parse(USER, message)
        assert request.messages[1].parts == (ToolCall(id="c1", name="f", signature="sig"),)
        assert render(request)["messages"][1]["tool_calls"] == [google]
        assert render(request, reasoning_field="reasoning_details")["messages"][1]["reasoning_details"] == [detail]
        plain = render(request, unsupported=frozenset({"tool_signature"}))
        assert plain["messages"][1]["tool_calls"] == [call]


def test_cache_marks_of_another_dialect_reach_targets_that_know_them():
    request = foreign(Message("user", (Text("x", cache={"type": "ephemeral"}),)))
    assert render(request)["messages"][0]["content"] == "x"
    marked = render(request, cache_control=True)["messages"][0]["content"]
    assert marked == [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]


def test_media_that_the_dialect_cannot_express_is_refused_with_its_place():
    request = foreign(Message("user", (Media(kind="image", file_id="f-1"),)))
    with pytest.raises(UnsupportedParameter) as caught:
        render(request)
    assert caught.value.param == "messages[0].content"


def test_a_vendors_own_response_format_is_forwarded():
    grammar = {"type": "grammar", "grammar": "root ::= [a-z]+"}
    request = parse(response_format=grammar)
    assert request.response_format is None
    assert render(request)["response_format"] == grammar
