"""Requests of the responses dialect, read and written."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gamma.errors import InvalidType, MissingField, UnsupportedParameter
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
from gamma.wire.openai_responses import OpenaiResponses

WIRE = OpenaiResponses()


def parse(**fields: Any) -> ChatRequest:
    return WIRE.parse_request({"model": "m", "input": "Hi", **fields})


def render(request: ChatRequest, *, traits: Traits | None = None, drop: bool = False) -> dict[str, Any]:
    return WIRE.render_request(request, Target(model="m", traits=traits or Traits(), drop_unsupported=drop))


def round_trip(**fields: Any) -> dict[str, Any]:
    return render(parse(**fields))


def foreign(*messages: Message, **fields: Any) -> ChatRequest:
    return ChatRequest(model="m", messages=messages, dialect="openai_chat", **fields)


class TestInput:
    """A caller's items."""

    def test_a_string_is_a_users_message(self):
        assert parse().messages == (Message("user", (Text("Hi"),)),)

    def test_instructions_are_the_system_message_and_system_items_stay_items(self):
        items = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
        request = parse(instructions="Be kind.", input=items)
        assert [m.role for m in request.messages] == ["system", "developer", "user"]
        body = render(request)
        assert body["instructions"] == "Be kind."
        assert [item["role"] for item in body["input"]] == ["system", "user"]

    def test_one_turn_of_the_assistant_is_one_message_in_the_order_of_its_items(self):
        request = parse(
            input=[
                {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "E1"},
                {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
                {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "E2"},
                {"type": "function_call", "call_id": "c2", "name": "g", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c1", "output": "1"},
                {"type": "function_call_output", "call_id": "c2", "output": "2"},
            ]
        )
        assert [m.role for m in request.messages] == ["assistant", "tool"]
        assert [type(p).__name__ for p in request.messages[0].parts] == ["Reasoning", "ToolCall", "Reasoning", "ToolCall"]
        assert request.messages[1].parts[1] == ToolResult(call_id="c2", parts=(Text("2"),), name="g")
        kinds = [item["type"] for item in render(request)["input"]]
        assert kinds == ["reasoning", "function_call"] * 2 + ["function_call_output"] * 2

    def test_images_and_files_are_read_from_data_urls_addresses_and_ids(self):
        content = [
            {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"},
            {"type": "input_image", "image_url": "https://example.org/a.png"},
            {"type": "input_image", "file_id": "file-1"},
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,BBBB"},
            {"type": "input_file", "file_url": "https://example.org/a.pdf"},
        ]
        request = parse(input=[{"role": "user", "content": content}])
        assert request.messages[0].parts[:2] == (
            Media(kind="image", mime_type="image/png", data="AAAA", detail="low"),
            Media(kind="image", url="https://example.org/a.png"),
        )
        assert render(request)["input"][0]["content"] == content

    def test_bare_base64_of_a_file_takes_its_type_from_the_name(self):
        part = {"type": "input_file", "filename": "A.PDF", "file_data": "BBBB"}
        media = parse(input=[{"role": "user", "content": [part]}]).messages[0].parts[0]
        assert media == Media(kind="file", mime_type="application/pdf", data="BBBB", filename="A.PDF")

    def test_custom_calls_and_their_outputs_keep_their_kind(self):
        items = [
            {"type": "custom_tool_call", "call_id": "c", "name": "sql", "input": "select 1"},
            {"type": "custom_tool_call_output", "call_id": "c", "output": "1"},
        ]
        assert round_trip(input=items)["input"] == items

    def test_outputs_may_be_lists_of_parts(self):
        output = [{"type": "input_text", "text": "see"}, {"type": "input_image", "image_url": "data:image/png;base64,AA"}]
        items = [{"type": "function_call_output", "call_id": "c", "output": output}]
        assert round_trip(input=items)["input"] == items

    def test_hosted_items_and_references_travel_as_they_came(self):
        items = [
            {"type": "web_search_call", "id": "ws", "status": "completed", "action": {"type": "search", "query": "q"}},
            {"type": "item_reference", "id": "msg_1"},
            {"id": "msg_2"},
        ]
        request = parse(input=items)
        assert all(isinstance(part, Opaque) for part in request.messages[0].parts)
        assert render(request)["input"] == items

    def test_a_phase_is_kept_and_parts_messages(self):
        items = [
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "a"}],
                "phase": "commentary",
            },
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "b"}],
                "phase": "final_answer",
            },
        ]
        assert round_trip(input=items)["input"] == items

    def test_a_generated_image_comes_back_as_an_image(self):
        items = [{"type": "image_generation_call", "id": "ig", "status": "completed", "result": "AAAA"}]
        request = parse(input=items)
        part = request.messages[0].parts[0]
        assert isinstance(part, Media)
        assert part.data == "AAAA"
        assert render(request)["input"] == items

    def test_cache_breakpoints_survive_their_own_dialect_only(self):
        part = {"type": "input_text", "text": "long", "prompt_cache_breakpoint": {"mode": "explicit"}}
        request = parse(input=[{"role": "user", "content": [part]}])
        assert render(request)["input"][0]["content"] == [part]
        other = msgspec.structs.replace(request, dialect="anthropic_messages")
        assert render(other)["input"][0]["content"] == [{"type": "input_text", "text": "long"}]

    @pytest.mark.parametrize(
        ("fields", "error", "param"),
        [
            ({"input": None}, MissingField, "input"),
            ({"input": 7}, InvalidType, "input"),
            ({"input": ["x"]}, InvalidType, "input[0]"),
            ({"input": [{"role": "user"}]}, MissingField, "input[0].content"),
            ({"input": [{"role": "robot", "content": "x"}]}, InvalidType, "input[0].role"),
            ({"input": [{"content": "x"}]}, MissingField, "input[0].type"),
            ({"input": [{"type": "function_call", "call_id": "c"}]}, MissingField, "input[0].name"),
            (
                {"input": [{"role": "user", "content": [{"type": "input_image"}]}]},
                MissingField,
                "input[0].content[0].image_url",
            ),
            ({"tools": [{"type": "function"}]}, MissingField, "tools[0].name"),
            ({"tool_choice": "maybe"}, InvalidType, "tool_choice"),
            ({"text": {"format": {"type": "json_schema"}}}, MissingField, "text.format.schema"),
            ({"max_output_tokens": "many"}, InvalidType, "max_output_tokens"),
        ],
    )
    def test_a_fault_names_its_field(self, fields: dict[str, Any], error: type[Exception], param: str):
        with pytest.raises(error) as caught:
            parse(**fields)
        assert caught.value.param == param  # type: ignore[attr-defined]  # all of them are GammaErrors

    def test_the_paths_model_wins(self):
        request = WIRE.parse_request({"model": "body", "input": "Hi"}, model="path", stream=True)
        assert (request.model, request.stream, request.extra) == ("path", True, {})

    def test_input_may_be_absent_where_the_provider_holds_it(self):
        assert parse(input=None, previous_response_id="resp_1").messages == ()


class TestFields:
    """A caller's other fields."""

    def test_what_the_dialect_knows_comes_out_as_it_went_in(self):
        fields = {
            "tools": [
                {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True},
                {"type": "function", "name": "g", "parameters": {"type": "object"}, "defer_loading": True},
                {"type": "custom", "name": "c", "format": {"type": "grammar", "syntax": "lark", "definition": "x"}},
                {"type": "web_search", "search_context_size": "low"},
            ],
            "tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]},
            "parallel_tool_calls": False,
            "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}, "verbosity": "low"},
            "reasoning": {"effort": "low", "summary": "auto", "context": "all_turns"},
            "include": ["reasoning.encrypted_content", "web_search_call.results", "message.output_text.logprobs"],
            "max_output_tokens": 100,
            "temperature": 0.5,
            "top_p": 0.9,
            "top_logprobs": 3,
            "metadata": {"k": "v"},
            "store": False,
            "previous_response_id": "resp_1",
            "service_tier": "flex",
            "safety_identifier": "s",
            "prompt_cache_key": "k",
            "truncation": "auto",
            "background": True,
            "max_tool_calls": 4,
            "stream": True,
            "stream_options": {"include_obfuscation": False},
        }
        body = round_trip(**fields)
        assert body.pop("input") == [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}]
        assert body == {"model": "m", **fields}

    def test_the_canonical_form_holds_their_meaning(self):
        request = parse(
            tool_choice={"type": "function", "name": "f"},
            reasoning={"effort": "high"},
            include=["reasoning.encrypted_content"],
            text={"format": {"type": "json_object"}},
            top_logprobs=2,
            safety_identifier="someone",
        )
        assert request.tool_choice == ToolChoice(mode="named", names=("f",))
        assert request.reasoning == ReasoningOptions(effort="high", encrypted=True)
        assert request.response_format == ResponseFormat(kind="json_object")
        assert (request.logprobs, request.top_logprobs, request.user) == (True, 2, "someone")

    @pytest.mark.parametrize("choice", [{"type": "web_search_preview"}, {"type": "mcp", "server_label": "s", "name": "t"}])
    def test_a_choice_of_a_hosted_tool_reaches_only_this_dialect(self, choice: dict[str, Any]):
        request = parse(tool_choice=choice)
        assert request.tool_choice is None
        assert render(request)["tool_choice"] == choice

    def test_a_custom_tool_is_chosen_as_one(self):
        body = round_trip(tools=[{"type": "custom", "name": "c"}], tool_choice={"type": "custom", "name": "c"})
        assert body["tool_choice"] == {"type": "custom", "name": "c"}


class TestForeignRequests:
    """Requests of other dialects, written for a provider of this one."""

    def test_system_messages_at_the_head_become_instructions(self):
        request = foreign(Message("system", (Text("A"),)), Message("system", (Text("B"),)), Message("user", (Text("Hi"),)))
        body = render(request)
        assert body["instructions"] == "A\n\nB"
        assert len(body["input"]) == 1

    def test_functions_are_said_not_to_be_strict_and_answers_not_to_be_kept(self):
        body = render(foreign(Message("user", (Text("Hi"),)), tools=(Tool(name="f"),)))
        parameters = {"type": "object", "properties": {}}
        assert body["tools"] == [{"type": "function", "name": "f", "parameters": parameters, "strict": False}]
        assert body["store"] is False

    def test_encrypted_reasoning_is_asked_for_when_reasoning_is(self):
        body = render(foreign(Message("user", (Text("Hi"),)), reasoning=ReasoningOptions(budget_tokens=8000)))
        assert body["reasoning"] == {"effort": "medium"}
        assert body["include"] == ["reasoning.encrypted_content"]
        assert "include" not in render(foreign(Message("user", (Text("Hi"),))))

    @pytest.mark.parametrize(("budget", "effort"), [(1024, "low"), (16384, "medium"), (32000, "high")])
    def test_a_budget_becomes_the_nearest_effort(self, budget: int, effort: str):
        body = render(foreign(Message("user", (Text("Hi"),)), reasoning=ReasoningOptions(budget_tokens=budget)))
        assert body["reasoning"]["effort"] == effort

    def test_reasoning_of_this_family_goes_before_what_followed_it_and_others_stay_out(self):
        parts = (
            Reasoning(text="mine", encrypted="E", id="rs_1", dialect="openai_responses"),
            ToolCall(id="c", name="f", arguments='{"a":1}'),
            Reasoning(text="claude", signature="S", dialect="anthropic_messages"),
            Reasoning(text="by id", id="rs_2", dialect="openai_responses"),
            Text("done"),
        )
        items = render(foreign(Message("assistant", parts)))["input"]
        assert [item["type"] for item in items] == ["reasoning", "function_call", "message"]
        assert items[0] == {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "mine"}],
            "encrypted_content": "E",
        }

    def test_a_target_that_takes_reasoning_text_gets_it(self):
        request = foreign(Message("assistant", (Reasoning(text="hm"), Text("x"))))
        items = render(request, traits=Traits(reasoning_field="reasoning_content"))["input"]
        assert items[0]["content"] == [{"type": "reasoning_text", "text": "hm"}]

    def test_tool_results_of_custom_calls_are_told_by_their_call(self):
        call = ToolCall(id="c", name="sql", arguments="select", kind="custom")
        items = render(
            foreign(Message("assistant", (call,)), Message("tool", (ToolResult(call_id="c", parts=(Text("1"),)),)))
        )
        assert [item["type"] for item in items["input"]] == ["custom_tool_call", "custom_tool_call_output"]

    def test_the_chat_dialects_custom_tool_and_web_search_are_translated(self):
        grammar = {"type": "grammar", "grammar": {"syntax": "regex", "definition": "a+"}}
        tool = Tool(
            name="c",
            kind="custom",
            dialect="openai_chat",
            raw={"type": "custom", "custom": {"name": "c", "format": grammar}},
        )
        search = {"search_context_size": "low", "user_location": {"type": "approximate", "approximate": {"city": "Kiel"}}}
        body = render(foreign(Message("user", (Text("Hi"),)), tools=(tool,), web_search=search))
        assert body["tools"] == [
            {"type": "custom", "name": "c", "format": {"type": "grammar", "syntax": "regex", "definition": "a+"}},
            {"type": "web_search", "search_context_size": "low", "user_location": {"type": "approximate", "city": "Kiel"}},
        ]

    def test_another_dialects_hosted_tool_is_refused_or_dropped(self):
        tool = Tool(name="web", kind="hosted", dialect="anthropic_messages", raw={"type": "web_search_20250305"})
        request = foreign(Message("user", (Text("Hi"),)), tools=(tool,))
        with pytest.raises(UnsupportedParameter) as caught:
            render(request)
        assert caught.value.param == "tools"
        assert "tools" not in render(request, drop=True)

    def test_stop_sequences_are_refused(self):
        with pytest.raises(UnsupportedParameter):
            render(foreign(Message("user", (Text("Hi"),)), stop=("x",)))

    def test_other_dialects_words_for_tier_and_user_are_left_out(self):
        body = render(foreign(Message("user", (Text("Hi"),)), service_tier="standard_only", user="u" * 65))
        assert not body.keys() & {"service_tier", "user"}

    def test_flat_targets_get_strings(self):
        parts = (Text("a"), Text("b"))
        body = render(foreign(Message("user", parts), Message("assistant", parts)), traits=Traits(flatten_text=True))
        assert [item["content"] for item in body["input"]] == ["a\nb", "ab"]
