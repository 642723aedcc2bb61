"""Google's own client accepts what is written: whole answers, streams, function calling, structured output, errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import msgspec
import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

from gamma.errors import ProviderOverloaded, UnknownModel
from gamma.types.chat import ChatRequest, ChatResponse, Choice, Reasoning, Text, ToolCall, ToolResult
from gamma.types.usage import Usage
from gamma.wire.assemble import replay
from gamma.wire.base import Style
from gamma.wire.events import TextDelta
from gamma.wire.gemini import Gemini
from gamma.wire.gemini.count_tokens import parse_count_request, render_count_tokens

WIRE = Gemini()
STYLE = Style(model="public", id="unique", created=1)
USAGE = Usage(input_tokens=5, output_tokens=9, reasoning_tokens=4)
Model = Callable[[ChatRequest], Choice]


class Gauge(BaseModel):
    """What a structured answer holds."""

    harbour: str
    metres: float


def client_of(model: Model) -> genai.Client:
    """The official client, with a model of ours behind the dialect."""

    def serve(call: httpx.Request) -> httpx.Response:
        name, _, verb = call.url.path.rpartition("/")[2].partition(":")
        body = msgspec.json.decode(call.content)
        if verb == "countTokens":
            parse_count_request(body, model=name)
            return httpx.Response(200, json=render_count_tokens(7))
        request = WIRE.parse_request(body, model=name, stream=verb.startswith("stream"))
        if request.model == "nobody":
            error = UnknownModel("no model nobody")
            return httpx.Response(error.status, json=WIRE.render_error(error, "req_1"))
        response = ChatResponse(choices=(model(request),), usage=USAGE)
        if not request.stream:
            return httpx.Response(200, json=WIRE.render_response(response, STYLE))
        headers = {"content-type": "text/event-stream"}
        return httpx.Response(200, headers=headers, content=b"".join(streamed(response)))

    transport = httpx.Client(transport=httpx.MockTransport(serve))
    return genai.Client(api_key="none", http_options=types.HttpOptions(httpx_client=transport))


def streamed(response: ChatResponse) -> Iterator[bytes]:
    """An answer as a stream that arrives in pieces."""
    renderer = WIRE.event_renderer(STYLE)
    for event in replay(response):
        pieces = [TextDelta(char) for char in event.text] if isinstance(event, TextDelta) else [event]
        yield from (renderer.render_event(piece) for piece in pieces)
    yield renderer.render_end()


def says(*parts: Text | Reasoning | ToolCall) -> Model:
    """A model that always answers the same."""
    return lambda _: Choice(parts=parts)


def harbour_master(request: ChatRequest) -> Choice:
    """A model that asks for two tides, then says them."""
    results = [p for m in request.messages for p in m.parts if isinstance(p, ToolResult)]
    if results:
        asked = [p.id for m in request.messages for p in m.parts if isinstance(p, ToolCall)]
        assert [r.call_id for r in results] == asked
        return Choice(parts=(Text(" and ".join(p.text for r in results for p in r.parts if isinstance(p, Text))),))
    calls = [
        ToolCall(id=f"id-{i}", name="tide_at", arguments=f'{{"harbour":"{h}"}}') for i, h in enumerate(("Brest", "Vigo"))
    ]
    return Choice(parts=tuple(calls), finish="tool_calls")


def tide_at(harbour: str) -> str:
    """Height of the tide in a harbour."""
    return f"{harbour}: 5 m"


def test_a_whole_answer():
    found = client_of(says(Reasoning(text="hm"), Text("hello"))).models.generate_content(model="m", contents="hi")
    assert found.text == "hello"
    assert found.candidates is not None
    assert found.candidates[0].finish_reason == types.FinishReason.STOP
    assert found.usage_metadata is not None
    assert (found.usage_metadata.candidates_token_count, found.usage_metadata.thoughts_token_count) == (5, 4)


def test_a_stream():
    chunks = list(client_of(says(Text("hello"))).models.generate_content_stream(model="m", contents="hi"))
    assert "".join(chunk.text or "" for chunk in chunks) == "hello"
    assert len(chunks) == 6
    assert chunks[-1].usage_metadata is not None
    assert chunks[-1].usage_metadata.total_token_count == 14


def test_a_chat_that_calls_functions_by_itself():
    chat = client_of(harbour_master).chats.create(model="m", config=types.GenerateContentConfig(tools=[tide_at]))
    assert chat.send_message("tides?").text == "Brest: 5 m and Vigo: 5 m"


def test_a_streamed_chat_that_calls_functions_by_itself_and_goes_on():
    chat = client_of(harbour_master).chats.create(model="m", config=types.GenerateContentConfig(tools=[tide_at]))
    assert "".join(c.text or "" for c in chat.send_message_stream("tides?")) == "Brest: 5 m and Vigo: 5 m"
    assert "".join(c.text or "" for c in chat.send_message_stream("again?")) == "Brest: 5 m and Vigo: 5 m"
    assert len(chat.get_history(curated=True)) == len(chat.get_history())


def test_a_structured_answer():
    def model(request: ChatRequest) -> Choice:
        assert request.response_format is not None
        assert request.response_format.schema is not None
        assert request.response_format.schema["properties"]["metres"]["type"] == "number"
        return Choice(parts=(Text('{"harbour": "Brest", "metres": 5}'),))

    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Gauge)
    found = client_of(model).models.generate_content(model="m", contents="tide?", config=config)
    assert found.parsed == Gauge(harbour="Brest", metres=5)


def test_every_setting_of_the_client_is_understood():
    asked: list[ChatRequest] = []

    def model(request: ChatRequest) -> Choice:
        asked.append(request)
        return Choice(parts=(Text("ok"),))

    harassment, never = types.HarmCategory.HARM_CATEGORY_HARASSMENT, types.HarmBlockThreshold.BLOCK_NONE
    safety = types.SafetySetting(category=harassment, threshold=never)
    config = types.GenerateContentConfig(
        system_instruction="be brief",
        temperature=0.5,
        top_p=0.5,
        top_k=3,
        candidate_count=1,
        max_output_tokens=9,
        stop_sequences=["END"],
        response_logprobs=True,
        logprobs=2,
        seed=1,
        safety_settings=[safety],
        thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_level=types.ThinkingLevel.LOW),
        tools=[types.Tool(google_search=types.GoogleSearch(), code_execution=types.ToolCodeExecution())],
        media_resolution=types.MediaResolution.MEDIA_RESOLUTION_LOW,
        response_modalities=["TEXT"],
    )
    contents = [types.Part.from_bytes(data=b"\x00\x01", mime_type="image/png"), "what is it?"]
    client_of(model).models.generate_content(model="m", contents=contents, config=config)
    (request,) = asked
    assert request.reasoning is not None
    assert (request.reasoning.effort, request.reasoning.summary) == ("low", "auto")
    assert (request.top_k, request.stop, request.top_logprobs) == (3, ("END",), 2)
    assert {tool.name for tool in request.tools} == {"googleSearch", "codeExecution"}
    assert set(request.extra) == {"safetySettings", "generationConfig.mediaResolution"}


def test_an_error():
    with pytest.raises(errors.ClientError) as caught:
        client_of(says()).models.generate_content(model="nobody", contents="hi")
    assert (caught.value.code, caught.value.status, caught.value.message) == (404, "NOT_FOUND", "no model nobody")


def test_an_error_inside_a_stream():
    renderer = WIRE.event_renderer(STYLE)
    content = renderer.render_event(TextDelta("a")) + renderer.render_error(ProviderOverloaded("full"))
    transport = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=content)))
    client = genai.Client(api_key="none", http_options=types.HttpOptions(httpx_client=transport))
    stream = client.models.generate_content_stream(model="m", contents="hi")
    assert next(stream).text == "a"
    with pytest.raises(errors.APIError, match="full"):
        next(stream)


def test_a_count():
    assert client_of(says()).models.count_tokens(model="m", contents="hi").total_tokens == 7
