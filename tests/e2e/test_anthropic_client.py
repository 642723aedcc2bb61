"""Anthropic's official Python client speaks to Gamma as it speaks to Anthropic, whoever answers behind it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic.types import (
    Message,
    MessageTokensCount,
    ModelInfo,
    RawMessageStreamEvent,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
)
from pydantic import BaseModel, TypeAdapter

from tests.e2e.samples import CITY, PIXEL_B64, PLACES, read_usage
from tests.integration.gateways import ADMIN_KEY, Running

TARGETS = {
    "anthropic": "anthropic/claude-sonnet-4-5",
    "openai": "openai/gpt-4o-mini",
    "gemini": "gemini/gemini-2.5-flash",
    "bedrock": "bedrock/anthropic.claude-sonnet-4-5",
}
THINKERS = {**TARGETS, "openai": "openai/o4-mini"}
TOOLS: Any = [{"name": CITY["name"], "description": CITY["description"], "input_schema": CITY["parameters"]}]
ASK: Any = [{"role": "user", "content": "Say something about rivers."}]
THINKING: Any = {"type": "enabled", "budget_tokens": 1024}


@pytest.fixture(scope="module", params=TARGETS)
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def model(target: str) -> str:
    return TARGETS[target]


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=running.url, api_key=ADMIN_KEY, max_retries=0, timeout=20) as found:
        yield found


def strict(shape: Any, value: BaseModel) -> None:
    """The client builds its answers without checking them; here they are checked."""
    TypeAdapter(shape).validate_python(value.model_dump(mode="json", exclude_unset=True, warnings="error"))


def events_of(stream: Any) -> list[Any]:
    """Every event of a stream, each checked, in Anthropic's order."""
    found = list(stream)
    for event in found:
        strict(RawMessageStreamEvent, event)
    kinds = [event.type for event in found]
    assert kinds[0] == "message_start"
    assert kinds[-2:] == ["message_delta", "message_stop"]
    starts = [event.index for event in found if event.type == "content_block_start"]
    stops = [event.index for event in found if event.type == "content_block_stop"]
    assert starts == stops == list(range(len(starts)))
    return found


def test_answers(client: anthropic.Anthropic, model: str, running: Running) -> None:
    raw = client.messages.with_raw_response.create(model=model, system="Be brief.", messages=ASK, max_tokens=200)
    Message.model_validate_json(raw.http_response.content)
    answer = raw.parse()
    assert isinstance(answer.content[0], TextBlock)
    assert answer.content[0].text
    assert answer.stop_reason == "end_turn"
    assert answer._request_id
    record = read_usage(running, raw.headers["x-gamma-request-id"])
    assert (record["surface"], record["deployment"]) == ("anthropic_messages", model)
    assert (record["input_tokens"], record["output_tokens"]) == (answer.usage.input_tokens, answer.usage.output_tokens)
    assert answer.usage.output_tokens > 0


def test_an_answer_that_was_bounded_says_so(client: anthropic.Anthropic, model: str) -> None:
    assert client.messages.create(model=model, messages=ASK, max_tokens=2).stop_reason == "max_tokens"


def test_streams_raw_events(client: anthropic.Anthropic, model: str) -> None:
    events = events_of(client.messages.create(model=model, messages=ASK, max_tokens=200, stream=True))
    text = "".join(e.delta.text for e in events if e.type == "content_block_delta")
    assert text
    assert events[-2].delta.stop_reason == "end_turn"
    assert events[-2].usage.output_tokens > 0


def test_streams_through_the_helper(client: anthropic.Anthropic, model: str) -> None:
    with client.messages.stream(model=model, messages=ASK, max_tokens=200) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    strict(Message, final)
    assert isinstance(final.content[0], TextBlock)
    assert text == final.content[0].text
    assert final.stop_reason == "end_turn"


def test_uses_tools(client: anthropic.Anthropic, model: str) -> None:
    first = client.messages.create(model=model, messages=ASK, max_tokens=200, tools=TOOLS)
    strict(Message, first)
    assert first.stop_reason == "tool_use"
    call = first.content[-1]
    assert isinstance(call, ToolUseBlock)
    assert call.name == "get_weather"
    assert call.input.keys() == {"city", "days"}
    result: Any = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "12 degrees"}]}
    messages: Any = [*ASK, {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    second = client.messages.create(model=model, messages=messages, max_tokens=200, tools=TOOLS)
    assert second.stop_reason == "end_turn"


def test_uses_tools_streamed(client: anthropic.Anthropic, model: str) -> None:
    with client.messages.stream(model=model, messages=ASK, max_tokens=200, tools=TOOLS) as stream:
        events = [event for event in stream if event.type == "input_json"]
        final = stream.get_final_message()
    call = final.content[-1]
    assert isinstance(call, ToolUseBlock)
    assert json.loads("".join(event.partial_json for event in events)) == call.input
    result: Any = {"type": "tool_result", "tool_use_id": call.id, "content": "mild", "is_error": False}
    messages: Any = [*ASK, {"role": "assistant", "content": final.content}, {"role": "user", "content": [result]}]
    events_of(client.messages.create(model=model, messages=messages, max_tokens=200, tools=TOOLS, stream=True))


def test_takes_results_of_parallel_tools(client: anthropic.Anthropic, model: str) -> None:
    calls = [
        {"type": "tool_use", "id": f"toolu_{i}", "name": "get_weather", "input": {"city": place, "days": 1}}
        for i, place in enumerate(PLACES)
    ]
    results = [{"type": "tool_result", "tool_use_id": call["id"], "content": "cold", "is_error": True} for call in calls]
    messages: Any = [*ASK, {"role": "assistant", "content": calls}, {"role": "user", "content": results}]
    answer = client.messages.create(model=model, messages=messages, max_tokens=200, tools=TOOLS)
    assert answer.stop_reason == "end_turn"


def test_forces_a_tool(client: anthropic.Anthropic, model: str) -> None:
    tools = [*TOOLS, {"name": "other", "input_schema": {"type": "object", "properties": {}}}]
    choice: Any = {"type": "tool", "name": "other"}
    answer = client.messages.create(model=model, messages=ASK, max_tokens=200, tools=tools, tool_choice=choice)
    call = answer.content[-1]
    assert isinstance(call, ToolUseBlock)
    assert call.name == "other"


def test_thinks_and_takes_its_thoughts_back(client: anthropic.Anthropic, target: str) -> None:
    model = THINKERS[target]
    first = client.messages.create(model=model, messages=ASK, max_tokens=2000, thinking=THINKING, tools=TOOLS)
    strict(Message, first)
    thoughts = [block for block in first.content if isinstance(block, ThinkingBlock)]
    if target in ("anthropic", "bedrock", "gemini"):
        assert thoughts
        assert all(block.signature for block in thoughts if target != "gemini")
    call = first.content[-1]
    assert isinstance(call, ToolUseBlock)
    result: Any = {"type": "tool_result", "tool_use_id": call.id, "content": "12 degrees"}
    messages: Any = [*ASK, {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    second = client.messages.create(model=model, messages=messages, max_tokens=2000, thinking=THINKING, tools=TOOLS)
    assert second.stop_reason == "end_turn"


def test_thinks_streamed(client: anthropic.Anthropic, target: str) -> None:
    stream = client.messages.create(model=THINKERS[target], messages=ASK, max_tokens=2000, thinking=THINKING, stream=True)
    kinds = [e.delta.type for e in events_of(stream) if e.type == "content_block_delta"]
    assert kinds[-1] == "text_delta"
    if target in ("anthropic", "bedrock"):
        assert kinds[0] == "thinking_delta"
        assert "signature_delta" in kinds


def test_sees_images(client: anthropic.Anthropic, model: str) -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL_B64}}
    messages: Any = [{"role": "user", "content": [image, {"type": "text", "text": "What is this?"}]}]
    answer = client.messages.create(model=model, messages=messages, max_tokens=200)
    assert answer.usage.input_tokens > 300  # the simulator counts 300 for an image: it has arrived as one


def test_counts_tokens(client: anthropic.Anthropic, model: str) -> None:
    short = client.messages.count_tokens(model=model, messages=ASK)
    long = client.messages.count_tokens(model=model, messages=ASK * 9, system="Be brief.", tools=TOOLS)
    strict(MessageTokensCount, short)
    assert 0 < short.input_tokens < long.input_tokens


def test_works_asynchronously(running: Running, model: str) -> None:
    async def talk() -> tuple[str, str]:
        async with anthropic.AsyncAnthropic(base_url=running.url, api_key=ADMIN_KEY, max_retries=0) as client:
            answer = await client.messages.create(model=model, messages=ASK, max_tokens=200)
            async with client.messages.stream(model=model, messages=ASK, max_tokens=200) as stream:
                streamed = "".join([text async for text in stream.text_stream])
            first = answer.content[0]
            return first.text if isinstance(first, TextBlock) else "", streamed

    assert all(asyncio.run(talk()))


def test_lists_models(client: anthropic.Anthropic) -> None:
    models = list(client.models.list())
    assert "anthropic/claude-sonnet-4-5" in {model.id for model in models}
    for model in models:
        strict(ModelInfo, model)
    assert client.models.retrieve("openai/gpt-4o-mini").id == "openai/gpt-4o-mini"


def fault_of(error: anthropic.APIStatusError) -> str:
    """The type in Anthropic's error object."""
    assert isinstance(error.body, dict)
    assert error.body["type"] == "error"
    assert error.request_id
    kind, message = error.body["error"]["type"], error.body["error"]["message"]
    assert message
    return str(kind)


def test_a_wrong_key_is_an_authentication_error(running: Running) -> None:
    wrong = anthropic.Anthropic(base_url=running.url, api_key="sk-ant-wrong", max_retries=0)
    with wrong as client, pytest.raises(anthropic.AuthenticationError) as found:
        client.messages.create(model=TARGETS["anthropic"], messages=ASK, max_tokens=9)
    assert fault_of(found.value) == "authentication_error"


def test_a_key_may_come_as_a_bearer_token(running: Running) -> None:
    with anthropic.Anthropic(base_url=running.url, auth_token=ADMIN_KEY, max_retries=0) as client:
        assert client.messages.create(model=TARGETS["anthropic"], messages=ASK, max_tokens=9).content


def test_an_unknown_model_is_not_found(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as found:
        client.messages.create(model="nobody", messages=ASK, max_tokens=9)
    assert fault_of(found.value) == "not_found_error"


@pytest.mark.parametrize(
    "change",
    [{"max_tokens": 0}, {"max_tokens": "x"}, {"messages": []}, {"messages": "hello"}, {"stop_sequences": 7}],
    ids=str,
)
def test_a_bad_type_is_a_bad_request(client: anthropic.Anthropic, model: str, change: Any) -> None:
    with pytest.raises(anthropic.BadRequestError) as found:
        client.messages.create(**{"model": model, "messages": ASK, "max_tokens": 9, **change})
    assert fault_of(found.value) == "invalid_request_error"


@pytest.mark.parametrize("stream", [False, True])
def test_a_rate_limit_is_a_rate_limit_error(client: anthropic.Anthropic, stream: bool) -> None:
    with pytest.raises(anthropic.RateLimitError) as found:
        client.messages.create(model="limited", messages=ASK, max_tokens=9, stream=stream)
    assert fault_of(found.value) == "rate_limit_error"


def test_a_provider_out_of_capacity_is_a_server_error(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.APIStatusError) as found:
        client.messages.create(model="overloaded", messages=ASK, max_tokens=9)
    assert found.value.status_code in (503, 529)
    assert fault_of(found.value) in ("overloaded_error", "api_error")


def test_a_stream_that_is_cut_ends_in_an_error(client: anthropic.Anthropic) -> None:
    seen: list[Any] = []
    with pytest.raises(anthropic.APIStatusError) as found:
        seen.extend(client.messages.create(model="cut", messages=ASK, max_tokens=200, stream=True))
    assert seen
    assert "message_stop" not in {event.type for event in seen}
    assert "error" in str(found.value.body)
