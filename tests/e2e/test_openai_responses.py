"""OpenAI's official Python client speaks Responses to Gamma, whoever answers behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.responses import Response, ResponseFunctionToolCall, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from tests.e2e.samples import CITY, PIXEL_URL, PLACES
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
THINKERS = {"openai": "openai/o4-mini", "anthropic": TARGETS["anthropic"], "bedrock": TARGETS["bedrock"]}
TOOLS: Any = [{"type": "function", **CITY, "strict": True}]
ASK = "Say something about rivers."
_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


class Gauge(BaseModel):
    """What a structured answer holds."""

    harbour: str
    metres: float


@pytest.fixture(scope="module", params=TARGETS)
def model(request: pytest.FixtureRequest) -> str:
    return TARGETS[request.param]


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{running.url}/v1", api_key=ADMIN_KEY, max_retries=0, timeout=20) as found:
        yield found


def strict(answer: Response) -> Response:
    """The client builds its answers without checking them; here they are checked."""
    Response.model_validate(answer.model_dump(mode="json", exclude_unset=True, warnings="error"))
    return answer


def events_of(stream: Any) -> list[Any]:
    """Every event of a stream, each checked, numbered without a gap."""
    found = list(stream)
    for event in found:
        _EVENT.validate_python(event.model_dump(mode="json", exclude_unset=True, warnings="error"))
    assert [event.sequence_number for event in found] == list(range(len(found)))
    assert [event.type for event in found[:2]] == ["response.created", "response.in_progress"]
    assert found[-1].type in ("response.completed", "response.incomplete")
    return found


def test_answers(client: openai.OpenAI, model: str) -> None:
    raw = client.responses.with_raw_response.create(model=model, instructions="Be brief.", input=ASK)
    Response.model_validate_json(raw.content)
    answer = raw.parse()
    assert answer.output_text
    assert answer.status == "completed"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens > 0
    assert raw.headers["x-gamma-deployment"] == model


def test_an_answer_that_was_bounded_says_so(client: openai.OpenAI, model: str) -> None:
    answer = strict(client.responses.create(model=model, input=ASK, max_output_tokens=2))
    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"


def test_streams(client: openai.OpenAI, model: str) -> None:
    events = events_of(client.responses.create(model=model, input=ASK, stream=True))
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == events[-1].response.output_text
    assert events[-1].response.usage.output_tokens > 0


def test_streams_through_the_helper(client: openai.OpenAI, model: str) -> None:
    with client.responses.stream(model=model, input=ASK) as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        final = stream.get_final_response()
    assert text == final.output_text != ""


@pytest.mark.parametrize("stream", [False, True])
def test_uses_tools(client: openai.OpenAI, model: str, stream: bool) -> None:
    if stream:
        first = events_of(client.responses.create(model=model, input=ASK, tools=TOOLS, stream=True))[-1].response
    else:
        first = strict(client.responses.create(model=model, input=ASK, tools=TOOLS))
    calls = [item for item in first.output if isinstance(item, ResponseFunctionToolCall)]
    assert [call.name for call in calls] == ["get_weather"]
    assert json.loads(calls[0].arguments).keys() == {"city", "days"}
    said: list[Any] = [item.model_dump(mode="json", exclude_none=True) for item in first.output]
    result = {"type": "function_call_output", "call_id": calls[0].call_id, "output": "12 degrees"}
    items: Any = [{"role": "user", "content": ASK}, *said, result]
    assert strict(client.responses.create(model=model, input=items, tools=TOOLS)).output_text


def test_takes_results_of_parallel_tools(client: openai.OpenAI, model: str) -> None:
    items: list[Any] = [{"role": "user", "content": ASK}]
    for i, place in enumerate(PLACES):
        arguments = json.dumps({"city": place, "days": 1})
        items.append({"type": "function_call", "call_id": f"call_{i}", "name": "get_weather", "arguments": arguments})
    items += [{"type": "function_call_output", "call_id": f"call_{i}", "output": "cold"} for i in range(len(PLACES))]
    assert strict(client.responses.create(model=model, input=items, tools=TOOLS)).output_text


def test_answers_in_a_pydantic_shape(client: openai.OpenAI, model: str) -> None:
    assert isinstance(client.responses.parse(model=model, input=ASK, text_format=Gauge).output_parsed, Gauge)


@pytest.mark.parametrize("target", THINKERS)
def test_thinks_and_takes_its_thoughts_back(client: openai.OpenAI, target: str) -> None:
    asked: Any = {
        "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
    }
    first = strict(client.responses.create(model=THINKERS[target], input=ASK, **asked))
    assert [item.type for item in first.output] == ["reasoning", "message"]
    said: list[Any] = [item.model_dump(mode="json", exclude_none=True) for item in first.output]
    items: Any = [{"role": "user", "content": ASK}, *said, {"role": "user", "content": "And then?"}]
    kinds = [e.type for e in events_of(client.responses.create(model=THINKERS[target], input=items, stream=True, **asked))]
    assert "response.reasoning_summary_text.delta" in kinds or "response.reasoning_text.delta" in kinds


def test_sees_images(client: openai.OpenAI, model: str) -> None:
    parts = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": PIXEL_URL, "detail": "auto"},
    ]
    items: Any = [{"role": "user", "content": parts}]
    answer = strict(client.responses.create(model=model, input=items))
    assert answer.usage is not None
    assert answer.usage.input_tokens > 300  # the simulator's count of an image


def test_errors_are_the_clients_own(client: openai.OpenAI) -> None:
    for stream in (False, True):
        with pytest.raises(openai.NotFoundError):
            client.responses.create(model="nobody", input=ASK, stream=stream)
        with pytest.raises(openai.RateLimitError):
            client.responses.create(model="limited", input=ASK, stream=stream)
        wrong: Any = {"temperature": "hot"}
        with pytest.raises(openai.BadRequestError):
            client.responses.create(model=TARGETS["openai"], input=ASK, stream=stream, **wrong)


def test_a_stream_that_is_cut_ends_in_an_error(client: openai.OpenAI) -> None:
    seen: list[Any] = []
    with pytest.raises(openai.APIError):
        seen.extend(client.responses.create(model="cut", input=ASK, stream=True))
    assert seen
    assert "response.completed" not in {event.type for event in seen}
