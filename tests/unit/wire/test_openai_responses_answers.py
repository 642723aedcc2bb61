"""Whole answers of the responses dialect, read and written."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from openai.types.responses import Response

from gamma.errors import MissingField, ProviderMalformed, ProviderRateLimited
from gamma.types.chat import (
    ChatRequest,
    ChatResponse,
    Choice,
    Citation,
    Media,
    Opaque,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from gamma.types.usage import Usage
from gamma.wire.base import Style, Target, Traits
from gamma.wire.openai_responses import OpenaiResponses

WIRE = OpenaiResponses()
STYLE = Style(model="public", id="token", created=1_700_000_000)


def parse(**fields: Any) -> ChatRequest:
    return WIRE.parse_request({"model": "m", "input": "Hi", **fields})


def render(request: ChatRequest, *, traits: Traits | None = None, drop: bool = False) -> dict[str, Any]:
    return WIRE.render_request(request, Target(model="m", traits=traits or Traits(), drop_unsupported=drop))


def answered(*parts: Any, **fields: Any) -> dict[str, Any]:
    whole = WIRE.render_response(ChatResponse(choices=(Choice(parts=parts, **fields),)), STYLE)
    Response.model_validate_json(msgspec.json.encode(whole))
    return whole


def read(**fields: Any) -> ChatResponse:
    return WIRE.parse_response(msgspec.json.encode({"id": "r", "status": "completed", "output": [], **fields}), Traits())


class TestAnswersRead:
    """A provider's whole answers."""

    def test_items_become_parts_in_order(self):
        answer = read(
            output=[
                {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": t} for t in ("A", "B")]},
                {"type": "web_search_call", "id": "ws"},
                {"type": "message", "content": [{"type": "output_text", "text": "x"}, {"type": "refusal", "refusal": "no"}]},
                {"type": "custom_tool_call", "call_id": "c", "name": "sql", "input": "q"},
            ]
        )
        assert answer.choices[0].parts == (
            Reasoning(text="A\n\nB", id="rs", dialect="openai_responses"),
            Opaque("openai_responses", {"type": "web_search_call", "id": "ws"}),
            Text("x"),
            Refusal("no"),
            ToolCall(id="c", name="sql", arguments="q", kind="custom"),
        )
        assert answer.choices[0].finish == "tool_calls"

    def test_missing_call_ids_are_made_and_always_the_same(self):
        item = {"type": "function_call", "name": "f", "arguments": "null"}
        first, again = (read(output=[item]).choices[0].parts[0] for _ in range(2))
        assert first == again
        assert isinstance(first, ToolCall)
        assert first.id.startswith("call_")
        assert first.arguments == "{}"

    def test_plain_reasoning_text_beside_the_output_is_kept(self):
        answer = read(reasoning="hm", output=[{"type": "message", "content": [{"type": "output_text", "text": "x"}]}])
        assert answer.choices[0].parts == (Reasoning(text="hm", dialect="openai_responses", raw=True), Text("x"))

    @pytest.mark.parametrize(
        ("details", "finish"),
        [({"reason": "max_output_tokens"}, "length"), ({"reason": "content_filter"}, "content_filter"), (None, "length")],
    )
    def test_an_incomplete_answer_says_why(self, details: object, finish: str):
        assert read(status="incomplete", incomplete_details=details).choices[0].finish == finish

    def test_usage_is_read_with_its_parts_and_the_cost_in_ticks(self):
        usage = {
            "input_tokens": 10,
            "output_tokens": 5,
            "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": None},
            "output_tokens_details": {"reasoning_tokens": 9},
            "cost_in_usd_ticks": 20_000_000,
        }
        expected = Usage(input_tokens=10, output_tokens=5, cache_read_tokens=4, reasoning_tokens=5, cost_usd=0.002)
        assert read(usage=usage).usage == expected
        assert WIRE.parse_usage(msgspec.json.encode({"output": [], "usage": usage}), Traits()) == expected

    def test_counts_may_be_absent(self):
        assert WIRE.parse_usage(b'{"output": []}', Traits()) is None
        assert read(usage={"input_tokens": None}).usage is None

    def test_a_failed_answer_is_an_error(self):
        with pytest.raises(ProviderRateLimited):
            read(status="failed", error={"code": "rate_limit_exceeded", "message": "slow down"})

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"choices": []}'])
    def test_what_is_no_answer_is_malformed(self, body: bytes):
        with pytest.raises(ProviderMalformed):
            WIRE.parse_response(body, Traits())
        with pytest.raises(ProviderMalformed):
            WIRE.parse_usage(body, Traits())


class TestAnswersWritten:
    """Whole answers for callers."""

    def test_every_kind_of_part_has_its_item(self):
        whole = answered(
            Reasoning(text="t", encrypted="E", id="rs_1", dialect="openai_responses"),
            Text("a", citations=(Citation(url="https://example.org", cited_text="a"),)),
            Refusal("no"),
            ToolCall(id="c", name="f", arguments="{}", signature="sig"),
            ToolCall(id="d", name="sql", arguments="q", kind="custom"),
            Media(kind="image", data="AAAA", mime_type="image/png"),
            Media(kind="audio", data="AAAA", text="spoken"),
            Opaque("openai_responses", {"type": "web_search_call", "status": "completed", "action": {"type": "search"}}),
            Opaque("gemini", {"executableCode": {}}),
            finish="tool_calls",
        )
        kinds = [item["type"] for item in whole["output"]]
        calls = ["function_call", "custom_tool_call", "image_generation_call"]
        assert kinds == ["reasoning", "message", *calls, "message", "web_search_call"]
        assert whole["output"][1]["content"][0]["annotations"] == [
            {"type": "url_citation", "url": "https://example.org", "title": "", "start_index": 0, "end_index": 1}
        ]
        assert whole["output"][2]["thought_signature"] == "sig"
        assert whole["status"] == "completed"

    @pytest.mark.parametrize(
        ("finish", "status", "reason"),
        [("length", "incomplete", "max_output_tokens"), ("content_filter", "incomplete", "content_filter")],
    )
    def test_a_cut_answer_is_incomplete(self, finish: str, status: str, reason: str):
        whole = answered(Text("x"), finish=finish)
        assert (whole["status"], whole["incomplete_details"]) == (status, {"reason": reason})
        assert whole["output"][0]["status"] == "incomplete"

    def test_an_answer_that_went_wrong_is_failed(self):
        whole = answered(Text("x"), finish="error")
        assert whole["status"] == "failed"
        assert whole["error"]["code"] == "server_error"

    def test_proofs_of_other_families_survive_a_client_of_this_dialect(self):
        claude = Reasoning(text="think", signature="Sig.na+ture==", dialect="anthropic_messages")
        redacted = Reasoning(encrypted="blob", dialect="anthropic_messages")
        both = Reasoning(text="g", signature="s", encrypted="e", dialect="gemini")
        items = answered(claude, redacted, both, Text("x"))["output"]
        returned = parse(input=[*items, {"role": "user", "content": "go on"}])
        assert returned.messages[0].parts[:3] == (claude, redacted, both)
        assert not any(item["type"] == "reasoning" for item in render(returned)["input"])

    def test_ids_that_were_made_up_are_never_looked_up(self):
        items = answered(Reasoning(text="hm"), Text("x"))["output"]
        returned = parse(input=[*items, {"role": "user", "content": "go on"}])
        assert returned.messages[0].parts[0] == Reasoning(text="hm")
        assert [item["type"] for item in render(returned)["input"]] == ["message", "message"]

    def test_the_request_is_echoed(self):
        request = parse(
            instructions="Be kind.",
            tools=[{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": True}],
            tool_choice="required",
            text={"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
            metadata={"a": "b"},
            truncation="auto",
            store=False,
            parallel_tool_calls=False,
        )
        style = msgspec.structs.replace(STYLE, request=request)
        answer = ChatResponse(choices=(Choice(parts=(Text("x"),)),), usage=Usage(input_tokens=3, output_tokens=2))
        whole = WIRE.render_response(answer, style)
        echoed = Response.model_validate_json(msgspec.json.encode(whole))
        assert (echoed.id, echoed.model, echoed.created_at) == ("resp_token", "public", 1_700_000_000)
        assert (echoed.instructions, echoed.tool_choice, echoed.truncation) == ("Be kind.", "required", "auto")
        assert (echoed.metadata, echoed.parallel_tool_calls, whole["store"]) == ({"a": "b"}, False, False)
        assert echoed.usage is not None
        assert echoed.usage.total_tokens == 5

    def test_errors_carry_code_and_request(self):
        body = WIRE.render_error(MissingField("`input` is required", param="input"), "req_1")
        assert body["error"]["type"] == "invalid_request_error"
        assert (body["error"]["param"], body["error"]["code"]) == ("input", "caller_missing_field")
