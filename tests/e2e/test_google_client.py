"""Google's official Python client speaks to Gamma as it speaks to Google, whoever answers behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

from tests.e2e.samples import CITY, PIXEL, read_usage
from tests.integration.gateways import ADMIN_KEY, Running

TARGETS = {"gemini": "gemini/gemini-2.5-flash", "openai": "openai/gpt-4o-mini", "anthropic": "anthropic/claude-sonnet-4-5"}
EMBEDDERS = {
    "gemini": "gemini/gemini-embedding-001",
    "openai": "openai/text-embedding-3-small",
    "cohere": "cohere/embed-v4.0",
}
ASK = "Say something about rivers."


class Gauge(BaseModel):
    """What a structured answer holds."""

    harbour: str
    metres: float


@pytest.fixture(scope="module", params=TARGETS)
def model(request: pytest.FixtureRequest) -> str:
    return TARGETS[request.param]


def client_for(running: Running, key: str = ADMIN_KEY) -> genai.Client:
    """The client as its documentation says to point it elsewhere."""
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=running.url, timeout=20_000))


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[genai.Client]:
    with client_for(running) as found:
        yield found


def strict(answer: types.GenerateContentResponse) -> types.GenerateContentResponse:
    """Checks an answer again from its own dump, and what each must have."""
    dumped = answer.model_dump(mode="json", exclude_unset=True, warnings="error", exclude={"parsed", "sdk_http_response"})
    types.GenerateContentResponse.model_validate(dumped)
    return answer


def test_generates_content(client: genai.Client, model: str, running: Running) -> None:
    config = types.GenerateContentConfig(system_instruction="Be brief.", max_output_tokens=200, temperature=0.5)
    answer = strict(client.models.generate_content(model=model, contents=ASK, config=config))
    assert answer.text
    assert answer.candidates
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP
    usage = answer.usage_metadata
    assert usage is not None
    assert usage.total_token_count == (usage.prompt_token_count or 0) + (usage.candidates_token_count or 0)
    assert answer.sdk_http_response is not None
    headers = answer.sdk_http_response.headers or {}
    record = read_usage(running, headers["x-gamma-request-id"])
    assert (record["surface"], record["deployment"]) == ("gemini", model)
    assert record["output_tokens"] == usage.candidates_token_count


def test_an_answer_that_was_bounded_says_so(client: genai.Client, model: str) -> None:
    config = types.GenerateContentConfig(max_output_tokens=2)
    answer = client.models.generate_content(model=model, contents=ASK, config=config)
    assert answer.candidates
    assert answer.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS


def test_streams(client: genai.Client, model: str) -> None:
    chunks = [strict(chunk) for chunk in client.models.generate_content_stream(model=model, contents=ASK)]
    assert "".join(chunk.text or "" for chunk in chunks)
    assert chunks[-1].candidates
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP
    assert chunks[-1].usage_metadata is not None


def test_streams_as_a_json_array_without_alt_sse(running: Running, model: str) -> None:
    url = f"{running.url}/v1beta/models/{model}:streamGenerateContent"
    body = {"contents": [{"role": "user", "parts": [{"text": ASK}]}]}
    answer = httpx.post(url, json=body, headers={"x-goog-api-key": ADMIN_KEY})
    chunks = [types.GenerateContentResponse.model_validate(value) for value in answer.json()]
    assert "".join(chunk.text or "" for chunk in chunks)


def test_holds_a_chat(client: genai.Client, model: str) -> None:
    chat = client.chats.create(model=model)
    assert chat.send_message("Hello").text
    assert "".join(chunk.text or "" for chunk in chat.send_message_stream("And then?"))
    assert chat.send_message("Thank you").text  # the client keeps each chunk of a stream as a turn of its own
    assert [turn.role for turn in chat.get_history() if turn.role == "user"] == ["user"] * 3


def test_calls_functions_by_itself(client: genai.Client, model: str) -> None:
    asked: list[str] = []

    def get_tide(harbour: str) -> str:
        """Tells the height of the tide in a harbour."""
        asked.append(harbour)
        return "2 metres"

    config = types.GenerateContentConfig(tools=[get_tide])
    answer = client.models.generate_content(model=model, contents=ASK, config=config)
    assert len(asked) == 1
    assert answer.text
    history = answer.automatic_function_calling_history or []
    assert [turn.role for turn in history] == ["user", "model", "user"]


def test_uses_tools_by_hand_streamed(client: genai.Client, model: str) -> None:
    declared = types.FunctionDeclaration(
        name=CITY["name"], description=CITY["description"], parameters_json_schema=CITY["parameters"]
    )
    manual = types.AutomaticFunctionCallingConfig(disable=True)
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[declared])], automatic_function_calling=manual
    )
    question = types.Content(role="user", parts=[types.Part(text=ASK)])
    contents: Any = [question]
    parts = [
        part
        for chunk in client.models.generate_content_stream(model=model, contents=contents, config=config)
        for candidate in strict(chunk).candidates or []
        for part in (candidate.content.parts if candidate.content else None) or []
    ]
    calls = [part.function_call for part in parts if part.function_call]
    assert [call.name for call in calls] == ["get_weather"]
    assert (calls[0].args or {}).keys() == {"city", "days"}
    result = types.Part(
        function_response=types.FunctionResponse(id=calls[0].id, name="get_weather", response={"output": "mild"})
    )
    contents = [question, types.Content(role="model", parts=parts), types.Content(role="user", parts=[result])]
    assert client.models.generate_content(model=model, contents=contents, config=config).text


def test_answers_in_a_pydantic_shape(client: genai.Client, model: str) -> None:
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Gauge)
    answer = client.models.generate_content(model=model, contents=ASK, config=config)
    assert isinstance(answer.parsed, Gauge)


def test_sees_images(client: genai.Client, model: str) -> None:
    image = types.Part.from_bytes(data=PIXEL, mime_type="image/png")
    answer = client.models.generate_content(model=model, contents=[image, "What is this?"])
    assert answer.usage_metadata is not None
    assert (answer.usage_metadata.prompt_token_count or 0) > 300  # the simulator's count of an image


@pytest.mark.parametrize("target", EMBEDDERS)
def test_embeds(client: genai.Client, target: str) -> None:
    answer = client.models.embed_content(model=EMBEDDERS[target], contents=["one", "two"])
    assert answer.embeddings
    vectors = [item.values for item in answer.embeddings]
    assert len(vectors) == 2
    assert vectors[0]
    assert vectors[0] != vectors[1]


def test_counts_tokens(client: genai.Client, model: str) -> None:
    short = client.models.count_tokens(model=model, contents=ASK)
    long = client.models.count_tokens(model=model, contents=ASK * 20)
    assert 0 < (short.total_tokens or 0) < (long.total_tokens or 0)


def test_works_asynchronously(running: Running, model: str) -> None:
    async def talk() -> tuple[str, str]:
        async with client_for(running).aio as client:
            answer = await client.models.generate_content(model=model, contents=ASK)
            chunks = await client.models.generate_content_stream(model=model, contents=ASK)
            return answer.text or "", "".join([chunk.text or "" async for chunk in chunks])

    assert all(asyncio.run(talk()))


def test_lists_models(client: genai.Client) -> None:
    names = {model.name for model in client.models.list()}
    assert "models/openai/gpt-4o-mini" in names
    assert client.models.get(model="models/openai/gpt-4o-mini").name == "models/openai/gpt-4o-mini"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("model", "code", "status"),
    [("nobody", 404, "NOT_FOUND"), ("limited", 429, "RESOURCE_EXHAUSTED"), ("overloaded", 503, "UNAVAILABLE")],
)
def test_errors_have_googles_codes(client: genai.Client, model: str, code: int, status: str, stream: bool) -> None:
    ask: Any = client.models.generate_content_stream if stream else client.models.generate_content
    with pytest.raises(errors.APIError) as found:
        list(ask(model=model, contents=ASK))
    assert (found.value.code, found.value.status) == (code, status)
    assert found.value.message
    assert isinstance(found.value, errors.ServerError if code >= 500 else errors.ClientError)


def test_a_wrong_key_is_unauthenticated(running: Running) -> None:
    with client_for(running, "wrong") as client, pytest.raises(errors.ClientError) as found:
        client.models.generate_content(model=TARGETS["gemini"], contents=ASK)
    assert (found.value.code, found.value.status) == (401, "UNAUTHENTICATED")


def test_a_bad_value_is_an_invalid_argument(client: genai.Client, model: str) -> None:
    options = types.HttpOptions(extra_body={"generationConfig": {"maxOutputTokens": "many"}})
    with pytest.raises(errors.ClientError) as found:
        client.models.generate_content(model=model, contents=ASK, config=types.GenerateContentConfig(http_options=options))
    assert (found.value.code, found.value.status) == (400, "INVALID_ARGUMENT")


def test_a_stream_that_is_cut_ends_in_an_error(client: genai.Client) -> None:
    seen: list[types.GenerateContentResponse] = []
    with pytest.raises(errors.APIError):
        seen.extend(client.models.generate_content_stream(model="cut", contents=ASK))
    assert seen
    assert not any(c.candidates and c.candidates[0].finish_reason for c in seen)
