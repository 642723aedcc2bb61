"""Amazon Bedrock's Converse, held against botocore's own model of it."""

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
    InvalidRequest,
    InvalidType,
    MissingField,
    UnsupportedParameter,
)
from gamma.types.chat import (
    ChatRequest,
    Media,
    Message,
    Reasoning,
    ReasoningOptions,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from gamma.wire.base import Style, Target, Traits
from gamma.wire.bedrock_converse import BedrockConverse

WIRE = BedrockConverse()
STYLE = Style(model="m", id="abc", created=1)
CLAUDE = Target(model="us.anthropic.claude-test-v1:0")
NOVA = Target(model="amazon.nova-test-v1:0")
TOOL = Tool(name="tide", description="Height.", parameters={"type": "object", "properties": {"at": {"type": "string"}}})
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}
CALL = ToolCall(id="t1", name="tide", arguments='{"at":"Brest"}')


@cache
def _operation(name: str) -> Any:
    return botocore.session.get_session().get_service_model("bedrock-runtime").operation_model(name)


def _render(target: Target = CLAUDE, **fields: Any) -> dict[str, Any]:
    """A rendered request, after botocore has found nothing wrong with it."""
    fields = {"model": "m", "messages": (Message("user", (Text("Hello"),)),), **fields}
    body = WIRE.render_request(ChatRequest(**fields), target)
    report = botocore.validate.ParamValidator().validate({"modelId": "m", **body}, _operation("Converse").input_shape)
    assert not report.has_errors(), report.generate_report()
    assert msgspec.json.decode(msgspec.json.encode(body)) == body
    return body


# --- requests to a provider ---


def test_neighbours_of_one_role_become_one_message_and_blank_text_goes():
    messages = (
        Message("system", (Text("Be brief."),)),
        Message("developer", (Text(" "),)),
        Message("user", (Text("a"),)),
        Message("user", (Text("b"), Text("\n"))),
        Message("assistant", (Text(""),)),
        Message("user", (Text("c"),)),
    )
    body = _render(messages=messages)
    assert body["system"] == [{"text": "Be brief."}]
    assert body["messages"] == [{"role": "user", "content": [{"text": "a"}, {"text": "b"}, {"text": "c"}]}]


def test_a_conversation_without_content_is_the_callers_mistake():
    with pytest.raises(InvalidRequest):
        _render(messages=(Message("user", (Text(" "),)),))


def test_all_results_of_a_turn_stand_in_one_user_message():
    messages = (
        Message("user", (Text("go"),)),
        Message("assistant", (CALL, ToolCall(id="bad id!", name="clock", arguments="null"))),
        Message("tool", (ToolResult(call_id="t1", parts=(Text("5 m"),)),)),
        Message("tool", (ToolResult(call_id="bad id!", is_error=True),)),
        Message("user", (Text("and?"),)),
    )
    body = _render(messages=messages)
    calls = [block["toolUse"] for block in body["messages"][1]["content"]]
    results = body["messages"][2]["content"]
    assert calls[0]["input"] == {"at": "Brest"}
    assert calls[1]["input"] == {}
    assert [block["toolResult"]["toolUseId"] for block in results[:2]] == [call["toolUseId"] for call in calls]
    assert results[0]["toolResult"]["content"] == [{"text": "5 m"}]
    assert results[1]["toolResult"]["status"] == "error"
    assert results[2] == {"text": "and?"}


def test_tool_config_is_rebuilt_from_the_history():
    messages = (Message("user", (Text("go"),)), Message("assistant", (CALL,)), Message("tool", (ToolResult(call_id="t1"),)))
    body = _render(messages=messages)
    assert [tool["toolSpec"]["name"] for tool in body["toolConfig"]["tools"]] == ["tide"]
    body = _render(messages=messages, tools=(TOOL,), tool_choice=ToolChoice(mode="none"))
    assert body["toolConfig"] == {"tools": [{"toolSpec": {**_spec(TOOL)}}]}
    assert "toolConfig" not in _render(tools=(TOOL,), tool_choice=ToolChoice(mode="none"))


def _spec(tool: Tool) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "inputSchema": {"json": tool.parameters}}


@pytest.mark.parametrize(
    ("choice", "names", "rendered"),
    [
        (None, ["tide", "clock"], None),
        (ToolChoice(mode="auto"), ["tide", "clock"], {"auto": {}}),
        (ToolChoice(mode="required"), ["tide", "clock"], {"any": {}}),
        (ToolChoice(mode="named", names=("clock",)), ["tide", "clock"], {"tool": {"name": "clock"}}),
        (ToolChoice(mode="allowed", names=("clock",)), ["clock"], None),
        (ToolChoice(mode="allowed", names=("clock",), required=True), ["clock"], {"any": {}}),
    ],
)
def test_tool_choices_have_their_own_words(choice: ToolChoice | None, names: list[str], rendered: Any):
    config = _render(tools=(TOOL, Tool(name="clock")), tool_choice=choice)["toolConfig"]
    assert [tool["toolSpec"]["name"] for tool in config["tools"]] == names
    assert config.get("toolChoice") == rendered


def test_tools_of_other_kinds_are_refused_or_dropped():
    hosted = Tool(name="web_search", kind="hosted", dialect="anthropic_messages", raw={})
    with pytest.raises(UnsupportedParameter):
        _render(tools=(hosted,))
    dropping = Target(model=CLAUDE.model, drop_unsupported=True)
    assert "toolConfig" not in _render(dropping, tools=(hosted,))


def test_a_schema_is_sent_as_text():
    body = _render(response_format=ResponseFormat(kind="json_schema", name="thing", schema=SCHEMA))
    described = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert described["name"] == "thing"
    assert msgspec.json.decode(described["schema"]) == SCHEMA


def test_a_schema_becomes_a_forced_tool_where_the_model_has_none():
    target = Target(model=CLAUDE.model, traits=Traits(json_schema="tool"))
    wanted = ResponseFormat(kind="json_schema", name="thing", schema=SCHEMA)
    config = _render(target, response_format=wanted)["toolConfig"]
    assert config["toolChoice"] == {"tool": {"name": "gamma_structured_output"}}
    assert config["tools"][0]["toolSpec"]["inputSchema"] == {"json": SCHEMA}
    assert _render(target, response_format=wanted, tools=(TOOL,))["toolConfig"]["toolChoice"] == {"any": {}}
    thinking = _render(target, response_format=wanted, reasoning=ReasoningOptions(budget_tokens=2048))
    assert thinking["toolConfig"]["toolChoice"] == {"auto": {}}


def test_json_mode_and_other_models_get_the_schema_in_words():
    assert "JSON" in _render(response_format=ResponseFormat(kind="json_object"))["system"][0]["text"]
    target = Target(model=CLAUDE.model, traits=Traits(json_schema="json_mode"))
    body = _render(target, response_format=ResponseFormat(kind="json_schema", schema=SCHEMA))
    assert '"integer"' in body["system"][0]["text"]


def test_images_need_data_or_an_s3_address():
    png = Media(kind="image", data="iVBORw0KGgo=")
    s3 = Media(kind="image", mime_type="image/jpeg", url="s3://bucket/a.jpg", options={"bucketOwner": "123456789012"})
    content = _render(messages=(Message("user", (png, s3)),))["messages"][0]["content"]
    assert content[0] == {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}}
    location = {"uri": "s3://bucket/a.jpg", "bucketOwner": "123456789012"}
    assert content[1] == {"image": {"format": "jpeg", "source": {"s3Location": location}}}
    for wrong in (
        Media(kind="image", mime_type="image/png", url="https://example.com/a.png"),
        Media(kind="image", mime_type="image/png", file_id="f1"),
        Media(kind="image", mime_type="image/tiff", data="AAAA"),
    ):
        with pytest.raises(UnsupportedParameter) as caught:
            _render(messages=(Message("user", (wrong,)),))
        assert caught.value.param == "messages[0].content"


def test_documents_get_a_clean_name_of_their_own_and_a_text_beside_them():
    pdf = Media(kind="file", mime_type="application/pdf", data="JVBERi0=", filename="Q3_report  (final).pdf")
    note = Media(kind="file", mime_type="text/plain", text="words", options={"citations": {"enabled": True}})
    content = _render(messages=(Message("user", (pdf, pdf, note)),))["messages"][0]["content"]
    assert [block["document"]["name"] for block in content[:3]] == ["Q3 report (final)", "Q3 report (final) (2)", "document"]
    assert content[2]["document"] | {"name": ""} == {
        "format": "txt",
        "name": "",
        "source": {"text": "words"},
        "citations": {"enabled": True},
    }
    assert content[3]["text"]


@pytest.mark.parametrize(
    ("model", "options", "fields", "effort"),
    [
        (
            "eu.anthropic.claude-x",
            ReasoningOptions(budget_tokens=3000),
            {"thinking": {"type": "enabled", "budget_tokens": 3000}},
            None,
        ),
        (
            "anthropic.claude-x",
            ReasoningOptions(effort="low"),
            {"thinking": {"type": "enabled", "budget_tokens": 2048}},
            None,
        ),
        ("anthropic.claude-x", ReasoningOptions(effort="none"), {"thinking": {"type": "disabled"}}, None),
        ("anthropic.claude-x", ReasoningOptions(adaptive=True, effort="max"), {"thinking": {"type": "adaptive"}}, "max"),
        (
            "us.amazon.nova-2-lite-v1:0",
            ReasoningOptions(effort="high"),
            {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}},
            None,
        ),
        ("openai.gpt-oss-120b-1:0", ReasoningOptions(effort="minimal"), {"reasoning_effort": "low"}, None),
        (
            "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc",
            ReasoningOptions(effort="low"),
            None,
            "low",
        ),
        ("meta.llama3", ReasoningOptions(effort="low"), None, "low"),
    ],
)
def test_reasoning_is_asked_for_in_the_familys_words(model: str, options: ReasoningOptions, fields: Any, effort: str | None):
    body = _render(Target(model=model), reasoning=options)
    assert body.get("additionalModelRequestFields") == fields
    assert (body.get("outputConfig") or {}).get("effort") == effort


def test_a_budget_from_an_effort_leaves_room_for_the_answer():
    body = _render(reasoning=ReasoningOptions(effort="high"), max_tokens=4000)
    assert body["additionalModelRequestFields"]["thinking"]["budget_tokens"] == 2000
    assert "additionalModelRequestFields" not in _render(reasoning=ReasoningOptions(effort="high"), max_tokens=500)


def test_top_k_travels_in_the_familys_words():
    assert _render(top_k=9)["additionalModelRequestFields"] == {"top_k": 9}
    assert _render(NOVA, top_k=9)["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 9}}


def test_cache_marks_become_cache_points():
    parts = (Text("a", cache={"type": "ephemeral", "ttl": "1h"}), Text("b", cache={"type": "ephemeral"}))
    tool = Tool(name="tide", cache={"type": "ephemeral"})
    body = _render(messages=(Message("system", parts[:1]), Message("user", parts[1:])), tools=(tool,))
    assert body["system"][1] == {"cachePoint": {"type": "default", "ttl": "1h"}}
    assert body["messages"][0]["content"][1] == {"cachePoint": {"type": "default"}}
    assert body["toolConfig"]["tools"][1] == {"cachePoint": {"type": "default"}}


def test_labels_and_tier_are_sent_where_they_fit():
    labels = {"team": "birds", "n": 3, "odd": "{}", "": "x"}
    body = _render(metadata=labels, service_tier="flex")
    assert body["requestMetadata"] == {"team": "birds", "n": "3"}
    assert body["serviceTier"] == {"type": "flex"}
    assert "serviceTier" not in _render(service_tier="auto")


def test_only_signatures_of_this_family_are_sent_back():
    parts = (
        Reasoning(text="mine", signature="s", dialect="anthropic_messages"),
        Reasoning(encrypted="aGk=", dialect="anthropic_messages"),
        Reasoning(text="foreign", signature="g", dialect="gemini"),
        Reasoning(text="open", dialect="bedrock_converse"),
        Text("answer"),
    )
    messages = (Message("user", (Text("q"),)), Message("assistant", parts))
    signed = {"reasoningContent": {"reasoningText": {"text": "mine", "signature": "s"}}}
    redacted = {"reasoningContent": {"redactedContent": "aGk="}}
    assert _render(messages=messages)["messages"][1]["content"] == [signed, redacted, {"text": "answer"}]
    unsigned = [{"reasoningContent": {"reasoningText": {"text": text}}} for text in ("foreign", "open")]
    content = _render(NOVA, messages=messages)["messages"][1]["content"]
    assert content == [signed, redacted, *unsigned, {"text": "answer"}]


def test_broken_arguments_in_the_history_are_the_callers_mistake():
    for arguments in ("{", "[1]"):
        with pytest.raises(InvalidRequest):
            _render(messages=(Message("assistant", (ToolCall(id="t", name="tide", arguments=arguments),)),))


# --- requests from a caller ---


def _parse(**body: Any) -> ChatRequest:
    return WIRE.parse_request({"messages": [{"role": "user", "content": [{"text": "Hi"}]}], **body}, model="m", stream=False)


def test_a_served_request_survives_the_way_through():
    body = {
        "messages": [
            {
                "role": "user",
                "content": [{"text": "q"}, {"cachePoint": {"type": "default"}}, {"guardContent": {"text": {"text": "g"}}}],
            },
            {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t1", "name": "tide", "input": {"at": "Brest"}}}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "t1", "content": [{"text": "5"}]}}, {"text": "more"}]},
        ],
        "system": [{"text": "s"}],
        "inferenceConfig": {"maxTokens": 5, "temperature": 0.5, "topP": 0.5, "stopSequences": ["x"]},
        "toolConfig": {
            "tools": [{"toolSpec": _spec(TOOL)}, {"systemTool": {"name": "nova_grounding"}}],
            "toolChoice": {"any": {}},
        },
        "additionalModelRequestFields": {
            "thinking": {"type": "enabled", "budget_tokens": 1024},
            "anthropic_beta": ["b"],
            "top_k": 4,
        },
        "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
        "requestMetadata": {"a": "b"},
    }
    request = WIRE.parse_request(body, model="m", stream=True)
    assert request.stream
    assert [message.role for message in request.messages] == ["system", "user", "assistant", "tool", "user"]
    assert request.reasoning == ReasoningOptions(budget_tokens=1024)
    assert WIRE.render_request(request, CLAUDE) == body


@pytest.mark.parametrize(
    ("body", "error", "param"),
    [
        ({"messages": 7}, InvalidType, "messages"),
        ({"messages": [{"content": []}]}, MissingField, "messages[0].role"),
        ({"messages": [{"role": "tool", "content": []}]}, InvalidType, "messages[0].role"),
        ({"messages": [{"role": "user", "content": [{"text": 1}]}]}, InvalidType, "messages[0].content[0].text"),
        (
            {"messages": [{"role": "user", "content": [{"toolUse": {}}]}]},
            MissingField,
            "messages[0].content[0].toolUse.name",
        ),
        ({"inferenceConfig": {"maxTokens": 0}}, InvalidType, "inferenceConfig.maxTokens"),
        ({"toolConfig": {"tools": [{"toolSpec": {"name": "x"}}]}}, MissingField, "toolConfig.tools[0].toolSpec.inputSchema"),
        ({"toolConfig": {"tools": [], "toolChoice": {"none": {}}}}, InvalidRequest, "toolConfig.toolChoice"),
    ],
)
def test_callers_mistakes_name_the_field(body: dict[str, Any], error: type[Exception], param: str):
    with pytest.raises(error) as caught:
        _parse(**body)
    assert caught.value.param == param  # type: ignore[attr-defined]  # all three carry it


def test_a_request_without_a_model_is_refused():
    with pytest.raises(MissingField):
        WIRE.parse_request({"messages": []})
