"""Requests of the messages dialect: what callers send is kept, what others say is told in its words."""

from __future__ import annotations

from typing import Any

import pytest
from anthropic.types import MessageCreateParams
from pydantic import TypeAdapter

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
from gamma.wire.anthropic_messages import AnthropicMessages
from gamma.wire.anthropic_messages.count_tokens import (
    parse_count_request,
    parse_count_tokens,
    render_count_request,
    render_count_tokens,
)
from gamma.wire.base import Target, Traits

WIRE = AnthropicMessages()
TARGET = Target(model="claude-test")
PARAMS: TypeAdapter[Any] = TypeAdapter(MessageCreateParams)
BASE: dict[str, Any] = {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}, "required": ["a"]}


def asked(*messages: Message, **fields: Any) -> ChatRequest:
    """A request of another dialect."""
    return ChatRequest(model="m", dialect="openai_chat", messages=messages or (user("hi"),), **fields)


def user(text: str) -> Message:
    return Message("user", (Text(text),))


def sent(request: ChatRequest, target: Target = TARGET) -> dict[str, Any]:
    """What is sent, after the official client's types have seen it."""
    body = WIRE.render_request(request, target)
    PARAMS.validate_python(body)
    return body


def again(body: dict[str, Any]) -> dict[str, Any]:
    return sent(WIRE.parse_request(body), Target(model=body["model"]))


def parts(content: list[dict[str, Any]], role: str = "user") -> tuple[Any, ...]:
    request = WIRE.parse_request({**BASE, "messages": [{"role": role, "content": content}]})
    return request.messages[-1].parts


@pytest.mark.parametrize("missing", ["model", "max_tokens", "messages"])
def test_a_required_field_that_lacks_is_named(missing: str):
    with pytest.raises(MissingField) as raised:
        WIRE.parse_request({name: value for name, value in BASE.items() if name != missing})
    assert raised.value.param == missing


@pytest.mark.parametrize(
    ("field", "value", "param"),
    [
        ("temperature", 1.5, "temperature"),
        ("max_tokens", 0, "max_tokens"),
        ("messages", [{"role": "robot", "content": "x"}], "messages[0].role"),
        ("messages", [{"role": "user", "content": [{"type": "text"}]}], "messages[0].content[0].text"),
        ("messages", [{"role": "user", "content": 7}], "messages[0].content"),
        ("tools", [{"name": "f"}], "tools[0].input_schema"),
        ("tool_choice", {"type": "maybe"}, "tool_choice.type"),
        ("thinking", {"type": "enabled", "budget_tokens": 10}, "thinking.budget_tokens"),
        ("stop_sequences", 7, "stop_sequences"),
    ],
)
def test_a_wrong_value_is_named_where_it_stands(field: str, value: Any, param: str):
    with pytest.raises((InvalidType, MissingField)) as raised:
        WIRE.parse_request({**BASE, field: value})
    assert raised.value.param == param


def test_no_message_at_all_is_refused():
    with pytest.raises(InvalidRequest):
        WIRE.parse_request({**BASE, "messages": []})


def test_sampling_and_labels_are_read():
    request = WIRE.parse_request(
        BASE | {"top_k": 4, "top_p": 0.5, "temperature": 1, "stop_sequences": ["x"], "metadata": {"user_id": "u"}}
        | {"service_tier": "standard_only", "stream": True}
    )  # fmt: skip  # one field a line says no more
    assert (request.top_k, request.top_p, request.temperature, request.stop, request.user) == (4, 0.5, 1, ("x",), "u")
    assert (request.service_tier, request.stream, request.include_usage) == ("default", True, True)


def test_the_path_wins_over_the_body():
    request = WIRE.parse_request({**BASE, "anthropic_version": "vertex-2023-10-16"}, model="in-path", stream=True)
    assert (request.model, request.stream, request.extra) == ("in-path", True, {})


def test_tool_results_come_apart_from_what_the_user_says_and_go_back_first():
    content = [{"type": "text", "text": "and?"}, {"type": "tool_result", "tool_use_id": "t1", "content": "4"}]
    call = {"type": "tool_use", "id": "t1", "name": "f", "input": {"x": 1}}
    body = {
        **BASE,
        "messages": [*BASE["messages"], {"role": "assistant", "content": [call]}, {"role": "user", "content": content}],
    }
    request = WIRE.parse_request(body)
    assert [m.role for m in request.messages] == ["user", "assistant", "tool", "user"]
    assert again(body)["messages"][-1]["content"] == [content[1], content[0]]


def test_tool_results_hold_blocks_pictures_and_errors():
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBOR"}}
    result = {"type": "tool_result", "tool_use_id": "t", "is_error": True, "content": [{"type": "text", "text": "a"}, image]}
    (part,) = parts([result])
    assert part == ToolResult(
        call_id="t", is_error=True, parts=(Text("a"), Media(kind="image", mime_type="image/png", data="iVBOR"))
    )
    assert again({**BASE, "messages": [{"role": "user", "content": [result]}]})["messages"][0]["content"] == [result]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "image", "source": {"type": "url", "url": "https://x.example/a.png"}},
        {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0"}},
        {"type": "document", "source": {"type": "url", "url": "https://x.example/a.pdf"}, "title": "t"},
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}, "context": "c"},
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "words"},
            "title": "t",
            "citations": {"enabled": True},
            "cache_control": {"type": "ephemeral"},
        },
        {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "w"}]}, "title": "t"},
        {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "w"}]},
    ],
)
def test_a_users_block_is_sent_as_it_came(block: dict[str, Any]):
    assert again({**BASE, "messages": [{"role": "user", "content": [block]}]})["messages"][0]["content"] == [block]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln+/=="},
        {"type": "thinking", "thinking": "", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "ZGF0YQ=="},
        {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "q"}},
        {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": []},
        {
            "type": "tool_use",
            "id": "t",
            "name": "f",
            "input": {},
            "caller": {"type": "code_execution_20250825", "tool_id": "x"},
        },
    ],
)
def test_an_assistants_block_is_sent_as_it_came(block: dict[str, Any]):
    turns = [*BASE["messages"], {"role": "assistant", "content": [block]}]
    assert WIRE.render_request(WIRE.parse_request({**BASE, "messages": turns}), TARGET)["messages"][1]["content"] == [block]


def test_quoted_blocks_are_documents_with_text_for_others():
    (part,) = parts([{"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "w"}]}])
    assert (part.kind, part.text, part.filename) == ("file", "w", "t")


def test_unknown_blocks_are_opaque():
    block = {"type": "container_upload", "file_id": "f"}
    assert parts([block]) == (Opaque("anthropic_messages", block),)


def test_hosted_tools_and_new_fields_of_tools_are_sent_as_they_came():
    tools = [
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 1},
        {"name": "f", "input_schema": {"type": "object"}, "strict": False, "eager_input_streaming": True},
    ]
    assert again({**BASE, "tools": tools})["tools"] == tools


@pytest.mark.parametrize(
    "choice",
    [{"type": "any", "disable_parallel_tool_use": True}, {"type": "tool", "name": "f"}, {"type": "none"}, {"type": "auto"}],
)
def test_the_tool_choice_is_sent_as_it_came(choice: dict[str, Any]):
    tools = [{"name": "f", "input_schema": {"type": "object"}}]
    assert again({**BASE, "tools": tools, "tool_choice": choice})["tool_choice"] == choice


@pytest.mark.parametrize(
    "thinking",
    [
        {"type": "enabled", "budget_tokens": 2000},
        {"type": "adaptive", "display": "omitted"},
        {"type": "adaptive", "display": "summarized"},
        {"type": "disabled"},
        {"type": "between_tools"},
    ],
)
def test_thinking_is_sent_as_it_came(thinking: dict[str, Any]):
    body = {
        **BASE,
        "max_tokens": 9000,
        "thinking": thinking,
        "output_config": {"effort": "low", "task_budget": {"total": 9}},
    }
    rendered = WIRE.render_request(WIRE.parse_request(body), TARGET)
    assert (rendered["thinking"], rendered["output_config"]) == (thinking, body["output_config"])


def test_fields_that_nobody_knows_reach_the_own_dialect_alone():
    request = WIRE.parse_request({**BASE, "context_management": {"edits": []}, "mcp_servers": [{"name": "x"}]})
    body = WIRE.render_request(request, TARGET)
    assert (body["context_management"], body["mcp_servers"]) == ({"edits": []}, [{"name": "x"}])


def test_a_system_message_between_turns_stays_there_for_its_own_dialect():
    turns = [*BASE["messages"], {"role": "assistant", "content": "yes"}, {"role": "system", "content": "Be kind."}]
    body = sent(WIRE.parse_request({**BASE, "system": "S", "messages": [*turns, {"role": "user", "content": "go"}]}))
    assert [m["role"] for m in body["messages"]] == ["user", "assistant", "system", "user"]
    assert body["system"] == "S"


def test_other_dialects_instructions_are_all_system():
    late = Message("developer", (Text("late"),))
    body = sent(asked(Message("system", (Text("early"),)), user("a"), Message("assistant", (Text("b"),)), late, user("c")))
    assert [block["text"] for block in body["system"]] == ["early", "late"]
    assert [m["role"] for m in body["messages"]] == ["user", "assistant", "user"]


def test_instructions_alone_are_the_question():
    body = sent(asked(Message("system", (Text("Say hi."),))))
    assert "system" not in body
    assert body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "Say hi."}]}]


def test_a_conversation_begins_with_the_user_and_a_prefill_ends_without_blanks():
    body = sent(asked(Message("assistant", (Text("Hello"),)), user("x"), Message("assistant", (Text("So: "),))))
    assert body["messages"][0]["role"] == "user"
    assert body["messages"][-1]["content"] == [{"type": "text", "text": "So:"}]


def test_neighbours_are_merged_and_empty_texts_left_out():
    calls = Message(
        "assistant", (Text(""), ToolCall(id="1", name="f", arguments=""), ToolCall(id="2", name="g", arguments="null"))
    )
    results = [Message("tool", (ToolResult(call_id=i, parts=(Text(i),)),)) for i in "12"]
    body = sent(asked(user("a"), user("  "), calls, *results, user("b")))
    assert [m["role"] for m in body["messages"]] == ["user", "assistant", "user"]
    assert [b["input"] for b in body["messages"][1]["content"]] == [{}, {}]
    assert [b["type"] for b in body["messages"][2]["content"]] == ["tool_result", "tool_result", "text"]


def test_ids_that_the_api_refuses_are_rewritten_on_both_sides():
    call = Message("assistant", (ToolCall(id="functions.f:0", name="f"),))
    body = sent(asked(user("a"), call, Message("tool", (ToolResult(call_id="functions.f:0"),))))
    first, second = body["messages"][1]["content"][0]["id"], body["messages"][2]["content"][0]["tool_use_id"]
    assert first == second
    assert first.startswith("functions_f_0_")


def test_arguments_that_are_no_object_are_the_callers_mistake():
    with pytest.raises(InvalidRequest):
        sent(asked(user("a"), Message("assistant", (ToolCall(id="1", name="f", arguments='{"x":'),))))


def test_only_claudes_own_proofs_are_sent():
    thoughts = (
        Reasoning(text="a", signature="s", dialect="bedrock_converse"),
        Reasoning(text="b", signature="s", dialect="gemini"),
        Reasoning(text="c"),
        Reasoning(encrypted="e", dialect="openai_responses"),
        Text("said"),
    )
    body = sent(asked(user("a"), Message("assistant", thoughts), user("b")))
    assert body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "a", "signature": "s"},
        {"type": "text", "text": "said"},
    ]


def test_the_answers_length_is_always_bounded():
    assert sent(asked())["max_tokens"] == 4096
    assert sent(asked(), Target(model="m", max_output_tokens=8000))["max_tokens"] == 8000
    assert sent(asked(max_tokens=90_000), Target(model="m", max_output_tokens=8000))["max_tokens"] == 8000


def test_temperature_is_clamped_and_an_idle_top_p_left_out():
    body = sent(asked(temperature=1.7, top_p=1.0))
    assert body["temperature"] == 1
    assert "top_p" not in body


def test_effort_becomes_a_budget_below_the_bound_and_without_sampling():
    body = sent(asked(reasoning=ReasoningOptions(effort="medium"), max_tokens=1000, temperature=0.3, top_k=5, top_p=0.5))
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 8192}
    assert body["max_tokens"] == 9192
    assert not body.keys() & {"temperature", "top_k", "top_p"}


def test_a_budget_keeps_within_the_models_limit():
    target = Target(model="m", max_output_tokens=4096)
    body = sent(asked(reasoning=ReasoningOptions(budget_tokens=30_000), max_tokens=500), target)
    assert body["max_tokens"] == 4096
    assert 1024 <= body["thinking"]["budget_tokens"] < 4096


def test_a_model_too_small_to_think_does_not():
    assert "thinking" not in sent(
        asked(reasoning=ReasoningOptions(effort="high")), Target(model="m", max_output_tokens=1500)
    )


def test_adaptive_models_are_given_an_effort():
    target = Target(model="m", traits=Traits(thinking="adaptive"))
    body = sent(asked(reasoning=ReasoningOptions(effort="minimal", summary="auto")), target)
    assert body["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert body["output_config"] == {"effort": "low"}
    assert sent(asked(reasoning=ReasoningOptions(effort="none")), target)["thinking"] == {"type": "disabled"}


@pytest.mark.parametrize("wish", [ReasoningOptions(effort="none"), ReasoningOptions(budget_tokens=0)])
def test_no_thinking_is_no_field_where_models_do_not_think_unasked(wish: ReasoningOptions):
    assert "thinking" not in sent(asked(reasoning=wish))


def test_a_forced_tool_or_an_unsigned_tool_loop_goes_without_thinking():
    tool, wish = Tool(name="f"), ReasoningOptions(effort="low")
    assert "thinking" not in sent(asked(tools=(tool,), tool_choice=ToolChoice(mode="required"), reasoning=wish))
    loop = (user("a"), Message("assistant", (ToolCall(id="1", name="f"),)), Message("tool", (ToolResult(call_id="1"),)))
    assert "thinking" not in sent(asked(*loop, tools=(tool,), reasoning=wish))


def test_tools_of_others_get_an_object_schema_and_only_a_true_strict():
    body = sent(asked(tools=(Tool(name="f", strict=False), Tool(name="g", strict=True, parameters={"properties": {}}))))
    assert body["tools"] == [
        {"name": "f", "input_schema": {"type": "object", "properties": {}}},
        {"name": "g", "input_schema": {"type": "object", "properties": {}}, "strict": True},
    ]


def test_allowed_tools_are_the_only_ones_sent():
    choice = ToolChoice(mode="allowed", names=("g",), required=True)
    body = sent(asked(tools=(Tool(name="f"), Tool(name="g")), tool_choice=choice, parallel_tool_calls=False))
    assert [tool["name"] for tool in body["tools"]] == ["g"]
    assert body["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}


def test_one_call_at_a_time_needs_a_choice_and_tools():
    assert sent(asked(tools=(Tool(name="f"),), parallel_tool_calls=False))["tool_choice"] == {
        "type": "auto",
        "disable_parallel_tool_use": True,
    }
    assert "tool_choice" not in sent(asked(parallel_tool_calls=False))


@pytest.mark.parametrize(
    "tool",
    [Tool(name="w", kind="hosted", dialect="openai_responses", raw={"type": "web_search"}), Tool(name="c", kind="custom")],
)
def test_tools_that_the_dialect_lacks_are_refused_or_dropped(tool: Tool):
    with pytest.raises(UnsupportedParameter):
        sent(asked(tools=(tool,)))
    assert "tools" not in sent(asked(tools=(tool,)), Target(model="m", drop_unsupported=True))


@pytest.mark.parametrize(
    "fields", [{"n": 2}, {"seed": 1}, {"logprobs": True}, {"presence_penalty": 0.5}, {"logit_bias": {"1": 2.0}}]
)
def test_what_the_dialect_cannot_say_is_refused(fields: dict[str, Any]):
    with pytest.raises(UnsupportedParameter) as raised:
        sent(asked(**fields))
    assert raised.value.param == next(iter(fields))


def test_what_asks_for_nothing_is_no_reason_to_refuse():
    sent(asked(n=1, presence_penalty=0.0, frequency_penalty=0, logit_bias={}, logprobs=False, modalities=("text",)))


def test_a_stop_sequence_of_blanks_is_refused():
    with pytest.raises(UnsupportedParameter):
        sent(asked(stop=("\n\n", "x")))
    assert sent(asked(stop=("\n", "x")), Target(model="m", drop_unsupported=True))["stop_sequences"] == ["x"]


@pytest.mark.parametrize(
    ("media", "source"),
    [
        (Media(kind="image", data="/9j/4"), {"type": "base64", "media_type": "image/jpeg", "data": "/9j/4"}),
        (
            Media(kind="image", url="data:image/jpg;base64,QQ=="),
            {"type": "base64", "media_type": "image/jpeg", "data": "QQ=="},
        ),
        (Media(kind="image", url="https://x.example/a"), {"type": "url", "url": "https://x.example/a"}),
        (Media(kind="file", data="JVBERi0x"), {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0x"}),
        (Media(kind="file", mime_type="text/csv", data="YSxi"), {"type": "text", "media_type": "text/plain", "data": "a,b"}),
    ],
)
def test_pictures_and_files_of_others_are_told_in_its_shape(media: Media, source: dict[str, Any]):
    assert sent(asked(Message("user", (media,))))["messages"][0]["content"][0]["source"] == source


@pytest.mark.parametrize(
    "media",
    [
        Media(kind="audio", mime_type="audio/wav", data="QQ=="),
        Media(kind="image", mime_type="image/tiff", data="QQ=="),
        Media(kind="image", url="gs://bucket/a.png"),
        Media(kind="file", file_id="file-of-another-vendor"),
        Media(kind="file", mime_type="application/zip", data="QQ=="),
        Media(kind="file", mime_type="text/plain", data="/w=="),
    ],
)
def test_media_that_the_api_cannot_take_is_refused(media: Media):
    with pytest.raises(UnsupportedParameter):
        sent(asked(Message("user", (media,))))


def test_a_json_schema_goes_into_output_config_closed():
    wanted = ResponseFormat(kind="json_schema", name="n", schema=SCHEMA)
    schema = sent(asked(response_format=wanted))["output_config"]["format"]["schema"]
    assert schema == {
        "type": "object",
        "properties": {"a": {"type": "integer", "description": "(minimum: 1)"}},
        "required": ["a"],
        "additionalProperties": False,
    }


def test_a_json_schema_can_be_a_forced_tool():
    target = Target(model="m", traits=Traits(json_schema="tool"))
    body = sent(asked(response_format=ResponseFormat(kind="json_schema", schema=SCHEMA)), target)
    assert body["tools"][0]["input_schema"] == SCHEMA
    assert body["tool_choice"] == {
        "type": "tool",
        "name": "gamma_structured_output",
        "disable_parallel_tool_use": True,
    }
    body = sent(asked(tools=(Tool(name="f"),), response_format=ResponseFormat(kind="json_schema", schema=SCHEMA)), target)
    assert body["tool_choice"]["type"] == "any"


def test_json_mode_is_a_sentence():
    assert "JSON" in sent(asked(response_format=ResponseFormat(kind="json_object")))["system"]
    target = Target(model="m", traits=Traits(json_schema="json_object"))
    assert '"minimum":1' in sent(asked(response_format=ResponseFormat(kind="json_schema", schema=SCHEMA)), target)["system"]


def test_tokens_are_counted_without_what_bounds_the_answer():
    asked_body = {"model": "m", "system": "s", "temperature": 0.1, "messages": BASE["messages"]}
    body = render_count_request(parse_count_request(asked_body), TARGET)
    assert body.keys() == {"model", "messages", "system"}
    assert render_count_tokens(7) == {"input_tokens": 7}
    assert parse_count_tokens(b'{"input_tokens": 7, "other": 1}') == 7
