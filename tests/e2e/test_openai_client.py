"""OpenAI's official Python client speaks to Gamma as it speaks to OpenAI, whoever answers behind it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types import CompletionUsage, Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessageFunctionToolCall
from pydantic import BaseModel

from tests.e2e.samples import CITY, PIXEL_URL, PLACES, read_usage
from tests.integration.gateways import ADMIN_KEY, Running

TARGETS = {
    "openai": "openai/gpt-4o-mini",
    "anthropic": "anthropic/claude-sonnet-4-5",
    "gemini": "gemini/gemini-2.5-flash",
    "bedrock": "bedrock/anthropic.claude-sonnet-4-5",
    "mistral": "mistral/mistral-small-latest",
    "cohere": "cohere/command-a-03-2025",
    "ollama": "ollama/llama3.2",
}
TOOLS: Any = [{"type": "function", "function": CITY}]
ASK: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say something about rivers."}]


class Gauge(BaseModel):
    """What a structured answer holds."""

    harbour: str
    metres: float
    kind: str


@pytest.fixture(scope="module", params=TARGETS)
def model(request: pytest.FixtureRequest) -> str:
    return TARGETS[request.param]


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{running.url}/v1", api_key=ADMIN_KEY, max_retries=0, timeout=20) as found:
        yield found


def strict(shape: type[BaseModel], value: BaseModel) -> None:
    """The client builds its answers without checking them; here they are checked."""
    shape.model_validate(value.model_dump(mode="json", exclude_unset=True, warnings="error"))


def chunks_of(stream: Any) -> list[ChatCompletionChunk]:
    """Every chunk of a stream, each checked."""
    found = list(stream)
    assert found
    for chunk in found:
        strict(ChatCompletionChunk, chunk)
    assert len({chunk.id for chunk in found}) == 1
    return found


def functions(calls: Any) -> list[ChatCompletionMessageFunctionToolCall]:
    """The calls of functions among tool calls; there are no others here."""
    return [call for call in calls or [] if isinstance(call, ChatCompletionMessageFunctionToolCall)]


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def test_chats(client: openai.OpenAI, model: str) -> None:
    raw = client.chat.completions.with_raw_response.create(model=model, messages=ASK, max_tokens=200)
    ChatCompletion.model_validate_json(raw.content)
    answer = raw.parse()
    assert raw.headers["x-gamma-deployment"] == model
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    assert answer._request_id == raw.headers["x-request-id"]


def test_an_answer_that_was_bounded_says_so(client: openai.OpenAI, model: str) -> None:
    answer = client.chat.completions.create(model=model, messages=ASK, max_tokens=2)
    assert answer.choices[0].finish_reason == "length"


def test_streams(client: openai.OpenAI, model: str) -> None:
    chunks = chunks_of(client.chat.completions.create(model=model, messages=ASK, stream=True))
    assert text_of(chunks)
    assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] == ["stop"]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert all(c.choices for c in chunks)
    assert all(c.usage is None for c in chunks)


def test_streams_with_usage(client: openai.OpenAI, model: str) -> None:
    options: Any = {"include_usage": True}
    chunks = chunks_of(client.chat.completions.create(model=model, messages=ASK, stream=True, stream_options=options))
    assert text_of(chunks)
    usage = chunks[-1].usage
    assert chunks[-1].choices == []
    assert usage is not None
    strict(CompletionUsage, usage)
    assert usage.prompt_tokens > 0
    assert usage.completion_tokens > 0
    assert all(c.usage is None for c in chunks[:-1])


def test_streams_through_the_helper(client: openai.OpenAI, model: str) -> None:
    with client.chat.completions.stream(model=model, messages=ASK) as stream:
        seen = "".join(event.delta for event in stream if event.type == "content.delta")
        final = stream.get_final_completion()
    assert seen == final.choices[0].message.content


def test_uses_tools(client: openai.OpenAI, model: str) -> None:
    first = client.chat.completions.create(model=model, messages=ASK, tools=TOOLS)
    strict(ChatCompletion, first)
    calls = functions(first.choices[0].message.tool_calls)
    assert first.choices[0].finish_reason == "tool_calls"
    assert calls
    assert json.loads(calls[0].function.arguments).keys() == {"city", "days"}
    result = {"role": "tool", "tool_call_id": calls[0].id, "content": '{"celsius": 12}'}
    messages = [*ASK, first.choices[0].message, result]
    second = client.chat.completions.create(model=model, messages=messages, tools=TOOLS)
    assert second.choices[0].finish_reason == "stop"
    assert second.choices[0].message.content


def test_uses_tools_streamed(client: openai.OpenAI, model: str) -> None:
    with client.chat.completions.stream(model=model, messages=ASK, tools=TOOLS) as stream:
        done = [event for event in stream if event.type == "tool_calls.function.arguments.done"]
        message = stream.get_final_completion().choices[0].message
    assert message.tool_calls
    call = message.tool_calls[0]
    assert [event.name for event in done] == [call.function.name] == ["get_weather"]
    assert json.loads(call.function.arguments)["city"]
    result: Any = {"role": "tool", "tool_call_id": call.id, "content": "mild"}
    said: Any = message.model_dump(exclude={"parsed"}, exclude_none=True)
    chunks = chunks_of(client.chat.completions.create(model=model, messages=[*ASK, said, result], tools=TOOLS, stream=True))
    assert text_of(chunks)


def test_takes_results_of_parallel_tools(client: openai.OpenAI, model: str) -> None:
    calls = [
        {
            "id": f"call00{i:03}",
            "type": "function",
            "function": {"name": "get_weather", "arguments": f'{{"city":"{place}"}}'},
        }
        for i, place in enumerate(PLACES)
    ]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": f"{i} degrees"} for i, call in enumerate(calls)]
    messages: Any = [*ASK, {"role": "assistant", "content": None, "tool_calls": calls}, *results]
    answer = client.chat.completions.create(model=model, messages=messages, tools=TOOLS)
    assert answer.choices[0].message.content


def test_forces_a_tool(client: openai.OpenAI) -> None:
    other: Any = {"type": "function", "function": {"name": "other", "parameters": {"type": "object", "properties": {}}}}
    named: Any = {"type": "function", "function": {"name": "other"}}
    for target in ("openai", "anthropic", "gemini", "bedrock"):
        tools = [*TOOLS, other]
        answer = client.chat.completions.create(model=TARGETS[target], messages=ASK, tools=tools, tool_choice=named)
        calls = functions(answer.choices[0].message.tool_calls)
        assert calls
        assert calls[0].function.name == "other", target


def test_answers_in_a_pydantic_shape(client: openai.OpenAI, model: str) -> None:
    answer = client.chat.completions.parse(model=model, messages=ASK, response_format=Gauge)
    assert isinstance(answer.choices[0].message.parsed, Gauge)


def test_answers_in_a_pydantic_shape_streamed(client: openai.OpenAI, model: str) -> None:
    with client.chat.completions.stream(model=model, messages=ASK, response_format=Gauge) as stream:
        final = stream.get_final_completion()
    assert isinstance(final.choices[0].message.parsed, Gauge)


def test_answers_in_json_mode(client: openai.OpenAI, model: str) -> None:
    mode: Any = {"type": "json_object"}
    answer = client.chat.completions.create(model=model, messages=ASK, response_format=mode)
    assert isinstance(json.loads(answer.choices[0].message.content or ""), dict)


def test_sees_images(client: openai.OpenAI, model: str) -> None:
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": PIXEL_URL}}]
    messages: Any = [{"role": "user", "content": parts}]
    answer = client.chat.completions.create(model=model, messages=messages)
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 300  # the simulator counts 300 for an image: it has arrived as one


@pytest.mark.parametrize("target", ["openai/text-embedding-3-small", "gemini/gemini-embedding-001", "cohere/embed-v4.0"])
def test_embeds(client: openai.OpenAI, target: str) -> None:
    coded = client.embeddings.create(model=target, input=["one", "two"])
    plain = client.embeddings.create(model=target, input=["one", "two"], encoding_format="float")
    for answer in (coded, plain):
        strict(openai.types.CreateEmbeddingResponse, answer)
    assert [item.index for item in coded.data] == [0, 1]
    for left, right in zip(coded.data, plain.data, strict=True):
        assert left.embedding == pytest.approx(right.embedding, abs=1e-6)
    assert coded.data[0].embedding != coded.data[1].embedding


def test_completes_text(client: openai.OpenAI, model: str) -> None:
    answer = client.completions.create(model=model, prompt="Rivers", max_tokens=30)
    strict(openai.types.Completion, answer)
    assert answer.choices[0].text
    chunks = list(client.completions.create(model=model, prompt="Rivers", max_tokens=30, stream=True))
    assert [c.choices[0].finish_reason for c in chunks if c.choices][:-1] == [None] * (len(chunks) - 1)
    for chunk in chunks:
        choice: Any
        for choice in chunk.choices:
            if not choice.finish_reason:  # OpenAI sends null until the end, against its own type
                choice.finish_reason = "stop"
        strict(openai.types.Completion, chunk)
    assert "".join(c.choices[0].text for c in chunks if c.choices)


def test_works_asynchronously(running: Running, model: str) -> None:
    async def talk() -> tuple[str, str]:
        async with openai.AsyncOpenAI(base_url=f"{running.url}/v1", api_key=ADMIN_KEY, max_retries=0) as client:
            whole = client.chat.completions.create(model=model, messages=ASK)
            stream = client.chat.completions.create(model=model, messages=ASK, stream=True)
            answer, chunks = await asyncio.gather(whole, stream)
            streamed = "".join([c.choices[0].delta.content or "" async for c in chunks if c.choices])
            return answer.choices[0].message.content or "", streamed

    assert all(asyncio.run(talk()))


def test_lists_models(client: openai.OpenAI) -> None:
    models = list(client.models.list())
    names = {model.id for model in models}
    assert {"limited", "openai/gpt-4o-mini"} <= names
    for model in models:
        strict(Model, model)
    one = client.models.retrieve("openai/gpt-4o-mini")
    strict(Model, one)
    assert one.id == "openai/gpt-4o-mini"


def test_leaves_records_of_what_was_used(running: Running, client: openai.OpenAI, model: str) -> None:
    raw = client.chat.completions.with_raw_response.create(model=model, messages=ASK)
    answer = raw.parse()
    assert answer.usage is not None
    record = read_usage(running, raw.headers["x-gamma-request-id"])
    assert record["outcome"] == "ok"
    assert record["deployment"] == model
    assert (record["input_tokens"], record["output_tokens"]) == (answer.usage.prompt_tokens, answer.usage.completion_tokens)
