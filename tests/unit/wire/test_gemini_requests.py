"""Requests that callers send in Google's dialect, and what Google is sent."""

from __future__ import annotations

from typing import Any

import pytest

from gamma.errors import InvalidRequest, InvalidType, MissingField, UnsupportedParameter
from gamma.types.chat import (
    ChatRequest,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    ReasoningOptions,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from gamma.wire.base import Target
from gamma.wire.gemini import Gemini
from gamma.wire.gemini.signatures import holds_foreign, render_signature

WIRE = Gemini()
HELLO = Message("user", (Text("hello"),))


def parse(body: dict[str, Any]) -> ChatRequest:
    return WIRE.parse_request(body, model="gemini-test", stream=False)


def render(*messages: Message, model: str = "gemini-2.5-flash", drop: bool = False, **settings: Any) -> dict[str, Any]:
    request = ChatRequest(model="m", messages=messages or (HELLO,), **settings)
    return WIRE.render_request(request, Target(model=model, drop_unsupported=drop))


def contents(*parts: dict[str, Any], role: str = "user") -> dict[str, Any]:
    return {"contents": [{"role": role, "parts": list(parts)}]}


def test_both_spellings_of_every_field_mean_the_same():
    camel = {
        "contents": [{"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]}],
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object"}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {"maxOutputTokens": 5, "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 9}},
    }
    snake = {
        "contents": [{"role": "user", "parts": [{"inline_data": {"mime_type": "image/png", "data": "AAAA"}}]}],
        "system_instruction": {"parts": [{"text": "be brief"}]},
        "tools": [{"function_declarations": [{"name": "f", "parameters_json_schema": {"type": "object"}}]}],
        "tool_config": {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["f"]}},
        "generation_config": {"max_output_tokens": 5, "thinking_config": {"include_thoughts": True, "thinking_budget": 9}},
    }
    assert parse(snake) == parse(camel)


@pytest.mark.parametrize("value", ["be brief", {"parts": {"text": "be brief"}}, {"parts": [{"text": "be brief"}]}])
def test_a_system_instruction_may_be_text_or_content(value: Any):
    assert parse({**contents({"text": "hi"}), "systemInstruction": value}).messages[0] == Message(
        "system", (Text("be brief"),)
    )


def test_one_content_may_stand_without_a_list():
    assert parse({"contents": {"parts": {"text": "hi"}}}).messages == (Message("user", (Text("hi"),)),)


def test_answers_without_ids_find_their_calls_by_name_and_order():
    body = {
        "contents": [
            {"role": "user", "parts": [{"text": "go"}]},
            {
                "role": "model",
                "parts": [
                    {"functionCall": {"name": "a", "args": {"n": 1}}, "thoughtSignature": "c2ln"},
                    {"functionCall": {"name": "b", "args": {}}},
                    {"functionCall": {"name": "a", "args": {"n": 2}}},
                ],
            },
            {
                "role": "user",
                "parts": [
                    {"functionResponse": {"name": "b", "response": {"result": "B"}}},
                    {"functionResponse": {"name": "a", "response": {"n": 1}}},
                    {"functionResponse": {"name": "a", "response": {"error": "no"}}},
                    {"text": "go on"},
                ],
            },
        ]
    }
    _, asked, answered, user = parse(body).messages
    calls = [part for part in asked.parts if isinstance(part, ToolCall)]
    results = [part for part in answered.parts if isinstance(part, ToolResult)]
    assert len({call.id for call in calls}) == 3
    assert calls[0].signature == "c2ln"
    assert [r.call_id for r in results] == [calls[1].id, calls[0].id, calls[2].id]
    assert [r.parts for r in results] == [(Text("B"),), (Text('{"n":1}'),), (Text("no"),)]
    assert [r.is_error for r in results] == [False, False, True]
    assert user == Message("user", (Text("go on"),))


def test_chunks_that_a_client_kept_as_contents_become_one_message():
    body = {
        "contents": [
            {"role": "user", "parts": [{"text": "go"}]},
            {"role": "model", "parts": [{"text": "think", "thought": True}]},
            {"role": "model", "parts": [{"text": "ing", "thought": True, "thoughtSignature": "c2ln"}]},
            {"role": "model", "parts": [{"text": "Hel"}]},
            {"role": "model", "parts": [{"text": "lo"}]},
            {"role": "model", "parts": [{"text": ""}]},
        ]
    }
    thought = Reasoning(text="thinking", signature="c2ln", dialect="gemini")
    assert parse(body).messages[1:] == (Message("assistant", (thought, Text("Hello"))),)


def test_the_providers_own_blocks_stay_opaque():
    code = {"executableCode": {"language": "PYTHON", "code": "1"}}
    assert parse(contents(code, role="model")).messages[0].parts == (Opaque("gemini", code),)


def test_hosted_tools_and_functions_are_told_apart():
    body = {**contents({"text": "hi"}), "tools": [{"google_search": {}, "functionDeclarations": [{"name": "f"}]}]}
    assert parse(body).tools == (
        Tool(name="f"),
        Tool(name="googleSearch", kind="hosted", dialect="gemini", raw={"googleSearch": {}}),
    )


def test_openapi_schemas_become_json_schema():
    schema = {
        "type": "OBJECT",
        "properties": {
            "b": {"type": "STRING", "nullable": True, "format": "enum", "enum": ["x"]},
            "a": {"type": "ARRAY", "items": {"type": "INTEGER"}, "min_items": "1"},
            "type": {"any_of": [{"type": "NUMBER"}], "nullable": True},
        },
        "property_ordering": ["a", "b"],
        "required": ["a"],
    }
    tool = {"functionDeclarations": [{"name": "f", "parameters": schema}]}
    found = parse({**contents({"text": "hi"}), "tools": [tool]}).tools[0].parameters
    assert found == {
        "type": "object",
        "properties": {
            "a": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
            "b": {"type": ["string", "null"], "enum": ["x", None]},
            "type": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        },
        "required": ["a"],
    }
    assert list(found["properties"]) == ["a", "b", "type"]


@pytest.mark.parametrize(
    ("config", "choice"),
    [
        ({"mode": "AUTO"}, ToolChoice(mode="auto")),
        ({"mode": "NONE"}, ToolChoice(mode="none")),
        ({"mode": "ANY"}, ToolChoice(mode="required")),
        ({"mode": "ANY", "allowedFunctionNames": ["f"]}, ToolChoice(mode="named", names=("f",))),
        ({"mode": "ANY", "allowedFunctionNames": ["f", "g"]}, ToolChoice(mode="allowed", names=("f", "g"), required=True)),
        ({"mode": "VALIDATED", "allowedFunctionNames": ["f"]}, ToolChoice(mode="allowed", names=("f",))),
    ],
)
def test_tool_choices_survive_both_ways(config: dict[str, Any], choice: ToolChoice):
    assert parse({**contents({"text": "hi"}), "toolConfig": {"functionCallingConfig": config}}).tool_choice == choice
    body = render(tools=(Tool(name="f"), Tool(name="g")), tool_choice=choice)
    assert body["toolConfig"] == {"functionCallingConfig": config}


def test_settings_that_only_google_knows_come_back_where_they_were():
    body = {
        **contents({"text": "hi"}),
        "safetySettings": [{"category": "C", "threshold": "T"}],
        "cachedContent": "cachedContents/x",
        "labels": {"team": "a"},
        "toolConfig": {"retrievalConfig": {"languageCode": "br"}},
        "generationConfig": {"speechConfig": {"languageCode": "br"}, "temperature": 1, "responseMimeType": "text/x.enum"},
    }
    request = parse(body)
    assert request.temperature == 1
    out = WIRE.render_request(request, Target(model="gemini-2.5-flash"))
    assert {key: out[key] for key in body} == body


def test_an_enum_answer_cannot_be_asked_of_others():
    request = parse({**contents({"text": "hi"}), "generationConfig": {"responseMimeType": "text/x.enum"}})
    assert "generationConfig.responseMimeType" in request.extra


def test_structured_output_is_read_from_either_schema_and_written_as_json_schema():
    config = {"responseMimeType": "application/json", "responseSchema": {"type": "OBJECT", "title": "Tide"}}
    request = parse({**contents({"text": "hi"}), "generationConfig": config})
    assert request.response_format == ResponseFormat(
        kind="json_schema", name="Tide", schema={"type": "object", "title": "Tide"}
    )
    out = WIRE.render_request(request, Target(model="gemini-2.5-flash"))["generationConfig"]
    assert out == {"responseMimeType": "application/json", "responseJsonSchema": {"type": "object", "title": "Tide"}}


@pytest.mark.parametrize(
    ("body", "error", "param"),
    [
        ({}, MissingField, "contents"),
        ({"contents": []}, MissingField, "contents"),
        ({"contents": "hi"}, InvalidType, "contents[0]"),
        ({"contents": [{"role": "robot", "parts": []}]}, InvalidType, "contents[0].role"),
        ({"contents": [{"parts": [{}]}]}, InvalidRequest, "contents[0].parts[0].text"),
        ({"contents": [{"parts": [{"text": 1}]}]}, InvalidType, "contents[0].parts[0].text"),
        ({"contents": [{"parts": [{"functionCall": {}}]}]}, MissingField, "contents[0].parts[0].functionCall.name"),
        ({**contents({"text": "x"}), "generationConfig": {"topK": "x"}}, InvalidType, "generationConfig.topK"),
        ({**contents({"text": "x"}), "tools": [7]}, InvalidType, "tools[0]"),
    ],
)  # fmt: skip  # one mistake a row
def test_a_mistake_is_named_where_it_stands(body: dict[str, Any], error: type[Exception], param: str):
    with pytest.raises(error) as caught:
        parse(body)
    assert getattr(caught.value, "param", None) == param


def test_a_body_without_a_model_in_path_or_body_is_refused():
    with pytest.raises(MissingField):
        WIRE.parse_request(contents({"text": "hi"}))


def test_instructions_are_folded_wherever_they_stand():
    body = render(Message("system", (Text("a"),)), HELLO, Message("developer", (Text("b"),)), HELLO)
    assert body["systemInstruction"] == {"parts": [{"text": "a"}, {"text": "b"}]}
    assert body["contents"] == [{"role": "user", "parts": [{"text": "hello"}, {"text": "hello"}]}]


def test_a_conversation_of_instructions_alone_still_has_a_content():
    assert render(Message("system", (Text("a"),)))["contents"] == [{"role": "user", "parts": [{"text": ""}]}]


def test_all_answers_of_a_turn_stand_in_one_content_in_the_order_of_the_calls():
    calls = (ToolCall(id="toolu_1", name="a", arguments='{"x":1}'), ToolCall(id="call_0123456789abcdef01", name="b"))
    body = render(
        HELLO,
        Message("assistant", calls),
        Message("tool", (ToolResult(call_id="call_0123456789abcdef01", parts=(Text("plain"),)),)),
        Message("tool", (ToolResult(call_id="toolu_1", parts=(Text('{"ok":true}'),)),)),
    )
    assert body["contents"][1:] == [
        {
            "role": "model",
            "parts": [
                {"functionCall": {"name": "a", "args": {"x": 1}, "id": "toolu_1"}},
                {"functionCall": {"name": "b", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "a", "response": {"ok": True}, "id": "toolu_1"}},
                {"functionResponse": {"name": "b", "response": {"result": "plain"}}},
            ],
        },
    ]


def test_a_failed_tool_says_so():
    result = ToolResult(call_id="1", parts=(Text("no"),), is_error=True)
    turn = (Message("assistant", (ToolCall(id="1", name="a"),)), Message("tool", (result,)))
    assert render(HELLO, *turn)["contents"][2]["parts"][0]["functionResponse"]["response"] == {"error": "no"}


def test_images_of_a_tool_follow_its_answer_until_models_take_them_inside():
    image = Media(kind="image", mime_type="image/png", data="AAAA")
    turn = (Message("assistant", (ToolCall(id="1", name="a"),)), Message("tool", (ToolResult(call_id="1", parts=(image,)),)))
    before = render(HELLO, *turn)["contents"][2]["parts"]
    since = render(HELLO, *turn, model="gemini-3-flash-preview")["contents"][2]["parts"]
    inline = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    assert before[1] == inline
    assert since[0]["functionResponse"]["parts"] == [inline]


def test_arguments_that_are_no_object_are_the_callers_mistake():
    with pytest.raises(InvalidRequest, match="no JSON object"):
        render(HELLO, Message("assistant", (ToolCall(id="1", name="a", arguments="[1"),)))


def test_signatures_return_on_their_own_part_and_no_other_vendors_do():
    parts: tuple[Part, ...] = (
        Reasoning(text="mine", signature="c2ln", dialect="gemini"),
        Reasoning(text="theirs", signature="xyz", dialect="anthropic_messages"),
        Text("said", signature="dGV4dA=="),
        ToolCall(id="1", name="a", signature="Y2FsbA=="),
        Opaque("openai_responses", {"type": "web_search_call"}),
    )
    assert render(HELLO, Message("assistant", parts), model="gemini-3-pro-preview")["contents"][1]["parts"] == [
        {"text": "mine", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "said", "thoughtSignature": "dGV4dA=="},
        {"functionCall": {"name": "a", "args": {}, "id": "1"}, "thoughtSignature": "Y2FsbA=="},
    ]


def test_calls_of_other_models_get_googles_substitute_where_a_signature_is_demanded():
    turn = Message("assistant", (ToolCall(id="1", name="a"), ToolCall(id="2", name="a")))
    old = render(HELLO, turn)["contents"][1]["parts"]
    new = render(HELLO, turn, model="models/gemini-3-pro-preview")["contents"][1]["parts"]
    assert [p.get("thoughtSignature") for p in old] == [None, None]
    assert [p.get("thoughtSignature") for p in new] == ["skip_thought_signature_validator", None]


def test_a_signature_that_a_reseller_parted_from_its_call_returns_to_it():
    parts = (Reasoning(encrypted="c2ln", dialect="gemini"), ToolCall(id="1", name="a"))
    found = render(HELLO, Message("assistant", parts), model="gemini-3-pro-preview")["contents"][1]["parts"]
    assert found == [{"functionCall": {"name": "a", "args": {}, "id": "1"}, "thoughtSignature": "c2ln"}]


def test_foreign_proofs_survive_a_client_that_recodes_base64():
    proof = Reasoning(text="t", signature="s+/=", encrypted="e", id="rs_1", dialect="anthropic_messages")
    wrapped = render_signature(proof)
    assert wrapped is not None
    assert holds_foreign(wrapped.encode())
    recoded = wrapped.replace("+", "-").replace("/", "_").rstrip("=")
    assert parse(contents({"text": "t", "thought": True, "thoughtSignature": recoded}, role="model")).messages[0].parts == (
        proof,
    )


@pytest.mark.parametrize(
    ("model", "options", "config"),
    [
        ("gemini-2.5-flash", ReasoningOptions(effort="low"), {"thinkingBudget": 1024}),
        ("gemini-2.5-flash", ReasoningOptions(effort="none", summary="auto"), {"thinkingBudget": 0}),
        ("gemini-2.5-pro", ReasoningOptions(effort="none"), {"thinkingBudget": 128}),
        ("gemini-2.5-pro", ReasoningOptions(effort="max"), {"thinkingBudget": 32768}),
        ("gemini-2.5-pro", ReasoningOptions(budget_tokens=10), {"thinkingBudget": 128}),
        ("gemini-2.5-pro", ReasoningOptions(adaptive=True, summary="auto"), {"thinkingBudget": -1, "includeThoughts": True}),
        ("gemini-2.5-flash", ReasoningOptions(budget_tokens=64000), {"thinkingBudget": 24576}),
        ("gemini-2.5-flash", ReasoningOptions(adaptive=True), {"thinkingBudget": -1}),
        ("google/gemini-3-pro-preview", ReasoningOptions(effort="medium"), {"thinkingLevel": "HIGH"}),
        ("gemini-3-pro-preview", ReasoningOptions(effort="none"), {"thinkingLevel": "LOW"}),
        ("gemini-3-flash-preview", ReasoningOptions(effort="minimal"), {"thinkingLevel": "MINIMAL"}),
        ("gemini-3.1-pro-preview", ReasoningOptions(effort="xhigh"), {"thinkingLevel": "HIGH"}),
        ("gemini-3-flash-preview", ReasoningOptions(budget_tokens=500), {"thinkingBudget": 500}),
        ("gemini-3-flash-preview", ReasoningOptions(budget_tokens=0), {"thinkingLevel": "MINIMAL"}),
        ("tuned-123", ReasoningOptions(effort="high"), {"thinkingLevel": "HIGH"}),
    ],
)  # fmt: skip  # one fact a row
def test_thinking_is_asked_in_the_words_of_the_models_generation(
    model: str, options: ReasoningOptions, config: dict[str, Any]
):
    assert render(model=model, reasoning=options)["generationConfig"]["thinkingConfig"] == config


def test_thinking_is_refused_for_models_without_it():
    with pytest.raises(UnsupportedParameter):
        render(model="gemini-2.0-flash", reasoning=ReasoningOptions(effort="high"))
    assert "generationConfig" not in render(model="gemini-2.0-flash", reasoning=ReasoningOptions(effort="none"))
    assert "generationConfig" not in render(model="gemini-2.0-flash", drop=True, reasoning=ReasoningOptions(effort="low"))


@pytest.mark.parametrize(
    ("media", "part"),
    [
        (Media(kind="image", url="http://x/a.JPG?b"), {"fileData": {"mimeType": "image/jpeg", "fileUri": "http://x/a.JPG?b"}}),
        (Media(kind="file", mime_type="text/csv", data="AAAA"), {"inlineData": {"mimeType": "text/csv", "data": "AAAA"}}),
        (Media(kind="audio", mime_type="audio/wav", data="AAAA"), {"inlineData": {"mimeType": "audio/wav", "data": "AAAA"}}),
        (Media(kind="image", data="/9j/4AAQ"), {"inlineData": {"mimeType": "image/jpeg", "data": "/9j/4AAQ"}}),
        (Media(kind="file", text="plain words"), {"text": "plain words"}),
        (Media(kind="video", url="gs://b/a.mp4"), {"fileData": {"mimeType": "video/mp4", "fileUri": "gs://b/a.mp4"}}),
    ],
)  # fmt: skip  # one medium a row
def test_media_are_inlined_or_pointed_at(media: Media, part: dict[str, Any]):
    assert render(Message("user", (media,)))["contents"][0]["parts"] == [part]


def test_files_kept_with_another_vendor_are_refused():
    with pytest.raises(UnsupportedParameter):
        render(Message("user", (Media(kind="file", file_id="file-abc"),)))


def test_files_kept_with_google_go_by_their_address():
    uri = "https://generativelanguage.googleapis.com/v1beta/files/abc"
    request = parse(contents({"fileData": {"fileUri": uri, "mimeType": "image/png"}}))
    assert request.messages[0].parts == (Media(kind="image", mime_type="image/png", file_id=uri),)
    out = WIRE.render_request(request, Target(model="gemini-2.5-flash"))
    assert out["contents"][0]["parts"] == [{"fileData": {"mimeType": "image/png", "fileUri": uri}}]


def test_more_stop_sequences_than_google_takes_are_refused():
    with pytest.raises(InvalidRequest) as caught:
        render(stop=tuple("abcdef"))
    assert caught.value.param == "stop"


def test_tools_of_other_vendors_are_refused_or_dropped():
    hosted = Tool(name="web_search", kind="hosted", dialect="anthropic_messages", raw={"type": "web_search_20250305"})
    with pytest.raises(UnsupportedParameter) as caught:
        render(tools=(hosted,))
    assert caught.value.param == "tools"
    assert "tools" not in render(tools=(hosted,), drop=True)


def test_settings_get_googles_names():
    body = render(
        max_tokens=9, temperature=0.1, top_p=0.2, top_k=3, n=2, stop=("a",), seed=4, presence_penalty=0.5,
        frequency_penalty=0.6, logprobs=True, top_logprobs=3, modalities=("text", "image"), service_tier="flex",
        web_search={},
    )  # fmt: skip  # two settings a row read better than one
    assert body["generationConfig"] == {
        "maxOutputTokens": 9,
        "temperature": 0.1,
        "topP": 0.2,
        "topK": 3,
        "candidateCount": 2,
        "seed": 4,
        "presencePenalty": 0.5,
        "frequencyPenalty": 0.6,
        "responseLogprobs": True,
        "logprobs": 3,
        "stopSequences": ["a"],
        "responseModalities": ["TEXT", "IMAGE"],
    }
    assert body["serviceTier"] == "flex"
    assert body["tools"] == [{"googleSearch": {}}]


def test_what_google_lacks_is_refused_unless_it_is_a_hint():
    with pytest.raises(UnsupportedParameter) as caught:
        render(logit_bias={"1": 2.0})
    assert caught.value.param == "logit_bias"
    assert render(user="u", verbosity="low", parallel_tool_calls=False) == render()
