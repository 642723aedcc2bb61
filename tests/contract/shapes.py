"""Official SDKs as judges: what Gamma writes to callers must pass their strict types (providers.md 15)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anthropic.types
import botocore.session
import cohere
import google.genai.types
import msgspec
import ollama
import openai.types
import openai.types.chat
import openai.types.responses
from botocore import parsers
from pydantic import TypeAdapter

from gamma.types.frame import Frame

_MESSAGE_EVENT: TypeAdapter[Any] = TypeAdapter(anthropic.types.RawMessageStreamEvent)
_RESPONSE_EVENT: TypeAdapter[Any] = TypeAdapter(openai.types.responses.ResponseStreamEvent)
_COHERE_EVENT: TypeAdapter[Any] = TypeAdapter(cohere.V2ChatStreamResponse)
_COHERE_V1_EVENT: TypeAdapter[Any] = TypeAdapter(cohere.StreamedChatResponse)
_BEDROCK = botocore.session.get_session().get_service_model("bedrock-runtime")


def _converse(data: bytes) -> Any:
    answer = {"body": data, "status_code": 200, "headers": {}}
    shape = _BEDROCK.operation_model("Converse").output_shape
    parsed = parsers.RestJSONParser().parse(answer, shape)
    assert {"output", "stopReason", "usage", "metrics"} <= parsed.keys(), "what botocore calls required"
    return parsed


def _gemini(data: bytes) -> Any:
    return google.genai.types.GenerateContentResponse.model_validate(msgspec.json.decode(data))


def _any(data: bytes) -> Any:
    return msgspec.json.decode(data)


WHOLE: dict[str, Callable[[bytes], Any]] = {
    "anthropic_messages": lambda data: anthropic.types.Message.model_validate_json(data, strict=True),
    "bedrock_converse": _converse,
    "bedrock_invoke": _any,  # no SDK knows what is inside an invoke body
    "cohere_v1": cohere.NonStreamedChatResponse.model_validate_json,
    "cohere_v2": cohere.V2ChatResponse.model_validate_json,
    "dashscope": _any,  # its SDK reads dicts
    "watsonx": openai.types.chat.ChatCompletion.model_validate_json,
    "gemini": _gemini,
    "ollama": ollama.ChatResponse.model_validate_json,
    "openai_chat": lambda data: openai.types.chat.ChatCompletion.model_validate_json(data, strict=True),
    "openai_completions": lambda data: openai.types.Completion.model_validate_json(data, strict=True),
    "replicate": _any,
    "openai_responses": lambda data: openai.types.responses.Response.model_validate_json(data, strict=True),
}
"""Strict reading of a whole answer, a dialect each."""


def _chat_stream(frames: list[Frame]) -> None:
    assert frames[-1].data == b"[DONE]", "the terminator comes last"
    for frame in frames[:-1]:
        openai.types.chat.ChatCompletionChunk.model_validate_json(frame.data, strict=True)


def _completions_stream(frames: list[Frame]) -> None:
    assert frames[-1].data == b"[DONE]", "the terminator comes last"
    for frame in frames[:-1]:
        chunk = msgspec.json.decode(frame.data)
        for choice in chunk["choices"]:
            choice["finish_reason"] = choice["finish_reason"] or "stop"  # the SDK has no type for chunks; OpenAI sends null
        openai.types.Completion.model_validate_json(msgspec.json.encode(chunk), strict=True)


def _responses_stream(frames: list[Frame]) -> None:
    for number, frame in enumerate(frames):
        event = _RESPONSE_EVENT.validate_json(frame.data, strict=True)
        assert frame.event == event.type, "the event's name is its type"
        assert event.sequence_number == number, "events are numbered from 0"
    assert event.type in {"response.completed", "response.incomplete", "response.failed"}, "a closing event comes last"


def _messages_stream(frames: list[Frame]) -> None:
    events = [_MESSAGE_EVENT.validate_json(f.data, strict=True) for f in frames if f.event != "ping"]
    assert [f.event for f in frames if f.event != "ping"] == [e.type for e in events], "the event's name is its type"
    assert events[0].type == "message_start", "message_start comes first"
    assert events[-1].type == "message_stop", "message_stop comes last"
    open_block: int | None = None
    for event in events:
        if event.type == "content_block_start":
            assert open_block is None, "one block is open at a time"
            open_block = event.index
        elif event.type == "content_block_delta":
            assert event.index == open_block, "deltas belong to the open block"
        elif event.type == "content_block_stop":
            assert event.index == open_block, "the open block is closed"
            open_block = None
    assert open_block is None, "every block is closed"


def _gemini_stream(frames: list[Frame]) -> None:
    for frame in frames:
        _gemini(frame.data)


def _cohere_stream(frames: list[Frame]) -> None:
    for frame in frames:
        if frame.data != b"[DONE]":
            _COHERE_EVENT.validate_json(frame.data)


def _cohere_v1_stream(frames: list[Frame]) -> None:
    for frame in frames:
        _COHERE_V1_EVENT.validate_json(frame.data)
    assert msgspec.json.decode(frames[-1].data)["event_type"] == "stream-end", "the end comes last"


def _ollama_stream(frames: list[Frame]) -> None:
    for frame in frames:
        ollama.ChatResponse.model_validate_json(frame.data)
    assert msgspec.json.decode(frames[-1].data)["done"] is True, "the last line says done"


def _converse_stream(frames: list[Frame]) -> None:
    shape = _BEDROCK.operation_model("ConverseStream").output_shape.members["stream"]
    for frame in frames:
        assert frame.event in shape.members, "an event that botocore knows"
    assert {"messageStart", "messageStop"} <= {f.event for f in frames}, "a beginning and an end"


def _any_stream(frames: list[Frame]) -> None:
    for frame in frames:
        msgspec.json.decode(frame.data)


def _replicate_stream(frames: list[Frame]) -> None:
    assert frames[-1].event == "done", "the terminator comes last"


STREAM: dict[str, Callable[[list[Frame]], None]] = {
    "anthropic_messages": _messages_stream,
    "bedrock_converse": _converse_stream,
    "bedrock_invoke": _any_stream,
    "cohere_v1": _cohere_v1_stream,
    "cohere_v2": _cohere_stream,
    "dashscope": _any_stream,
    "watsonx": _any_stream,
    "gemini": _gemini_stream,
    "ollama": _ollama_stream,
    "openai_chat": _chat_stream,
    "openai_completions": _completions_stream,
    "replicate": _replicate_stream,
    "openai_responses": _responses_stream,
}
"""Strict reading of a stream's frames, a dialect each."""


def assert_error_shape(dialect: str, body: dict[str, Any], message: str) -> None:
    """Fails unless an error body is what the dialect's clients read, with the message where they look for it."""
    found: Any
    match dialect:
        case "anthropic_messages":
            found = anthropic.types.ErrorResponse.model_validate(body).error.message
        case "gemini":
            assert isinstance(body["error"]["code"], int), "a number"
            assert isinstance(body["error"]["status"], str), "google.rpc.Code's name"
            found = body["error"]["message"]
        case "openai_chat" | "openai_responses" | "openai_completions":
            found = openai.types.ErrorObject.model_validate({"code": None, "param": None, **body["error"]}).message
        case "ollama":
            found = body["error"]
        case "watsonx":
            found = body["errors"][0]["message"]
        case "replicate":
            found = body["detail"]
        case "bedrock_invoke":
            found = body.get("message") or body["error"]["message"]
        case _:
            found = body["message"]
    assert message in found, "the message stands where clients look for it"
