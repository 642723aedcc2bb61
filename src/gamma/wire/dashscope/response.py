"""DashScope's whole answers; a stream's event has the same shape."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from gamma.errors import GammaError, ProviderMalformed
from gamma.types.chat import ChatResponse, Choice, FinishReason, JsonObject, Part, Reasoning, Refusal, Text, ToolCall
from gamma.types.usage import Usage
from gamma.wire.base import Style
from gamma.wire.call_ids import call_id
from gamma.wire.provider_errors import parse_error

_FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
}


class Function(Struct):
    """A call's function; in a stream both fields may be fragments or empty."""

    name: str | None = None
    arguments: str | None = None


class Call(Struct):
    """A call of a tool, whole or a fragment."""

    function: Function | None = None
    id: str | None = None
    index: int | None = None


class Said(Struct):
    """What the model says; `content` is a list of `{"text"}` in multimodal answers."""

    content: str | list[dict[str, Any]] | None = None
    reasoning_content: str | None = None
    tool_calls: list[Call] | None = None


class Option(Struct):
    """One choice; its finish reason is the word `null` while it goes on."""

    message: Said | None = None
    finish_reason: str | None = None
    index: int | None = None


class Output(Struct):
    """The answer, in the `message` form or the older `text` form."""

    choices: list[Option] | None = None
    text: str | None = None
    finish_reason: str | None = None


class _Details(Struct):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class Counted(Struct):
    """Token counts; cached ones are part of the input, reasoning of the output."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None


class Answer(Struct):
    """A whole answer, an event, or an error (`code`)."""

    output: Output | None = None
    usage: Counted | None = None
    request_id: str = ""
    code: str | None = None


_decoder = msgspec.json.Decoder(Answer)


def decode_answer(data: bytes) -> Answer:
    """An answer or event, typed.

    Raises:
        ProviderMalformed: it is not JSON, or not of this shape.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProviderMalformed(f"The provider's answer is not of the dashscope dialect: {error}.") from error


def options_of(output: Output) -> list[Option]:
    """The choices; the `text` form is read as one."""
    if output.choices is not None:
        return output.choices
    return [Option(message=Said(content=output.text), finish_reason=output.finish_reason)]


def parse_response(body: bytes) -> ChatResponse:
    """A whole answer (wire/base.py)."""
    answer = decode_answer(body)
    if answer.code and answer.output is None:
        raise parse_error(200, {}, body)
    options = options_of(answer.output) if answer.output else []
    if not options:
        raise ProviderMalformed("The provider's answer holds no choices.")
    return ChatResponse(
        choices=tuple(_choice(option, i, answer.request_id) for i, option in enumerate(options)),
        id=answer.request_id,
        usage=usage_of(answer),
        dialect="dashscope",
    )


def _choice(option: Option, position: int, seed: str) -> Choice:
    said = option.message or Said()
    calls = [call for call in said.tool_calls or () if call.function is not None]
    parts: list[Part] = [Reasoning(text=said.reasoning_content)] if said.reasoning_content else []
    if text := text_of(said):
        parts.append(Text(text))
    parts += [_call(call, i, seed) for i, call in enumerate(calls)]
    finish = finish_of(option.finish_reason, called=bool(calls))
    index = position if option.index is None else option.index
    return Choice(parts=tuple(parts), finish=finish, finish_raw=option.finish_reason, index=index)


def _call(call: Call, index: int, seed: str) -> ToolCall:
    function = call.function or Function()
    name = function.name or ""
    return ToolCall(id=call.id or call_id(seed, index, name), name=name, arguments=function.arguments or "{}")


def text_of(said: Said) -> str:
    """The text of a message, list or not."""
    if isinstance(said.content, list):
        return "".join(text for part in said.content if isinstance(text := part.get("text"), str))
    return said.content or ""


def finish_of(word: str | None, *, called: bool) -> FinishReason:
    """Why a choice ended."""
    reason = _FINISH.get(word or "stop", "stop")
    return "tool_calls" if called and reason == "stop" else reason


def usage_of(answer: Answer) -> Usage | None:
    """Token counts, None where there are none."""
    counted = answer.usage
    if counted is None or (counted.input_tokens is None and counted.output_tokens is None):
        return None
    gave, wrote = counted.input_tokens or 0, counted.output_tokens or 0
    cached = (counted.prompt_tokens_details and counted.prompt_tokens_details.cached_tokens) or 0
    thought = (counted.output_tokens_details and counted.output_tokens_details.reasoning_tokens) or 0
    return Usage(
        input_tokens=gave, output_tokens=wrote, cache_read_tokens=min(cached, gave), reasoning_tokens=min(thought, wrote)
    )


def render_response(response: ChatResponse, style: Style) -> JsonObject:
    """A whole answer (wire/base.py)."""
    choices = [
        {"index": choice.index, "finish_reason": choice.finish, "message": _message(choice)} for choice in response.choices
    ]
    return render_answer(response.id or style.id, choices, response.usage)


def _message(choice: Choice) -> JsonObject:
    parts = choice.parts
    message: JsonObject = {
        "role": "assistant",
        "content": "".join(part.text for part in parts if isinstance(part, Text | Refusal)),
    }
    if thought := "".join(part.text for part in parts if isinstance(part, Reasoning)):
        message["reasoning_content"] = thought
    calls = [part for part in parts if isinstance(part, ToolCall)]
    if calls:
        message["tool_calls"] = [render_call(i, call.id, call.name, call.arguments) for i, call in enumerate(calls)]
    return message


def render_call(index: int, id_: str, name: str, arguments: str) -> JsonObject:
    """A call of a tool, whole or a fragment."""
    return {"index": index, "id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def render_answer(id_: str, choices: list[JsonObject], usage: Usage | None) -> JsonObject:
    """The outer object of answers and events."""
    body: JsonObject = {"request_id": id_, "output": {"choices": choices}}
    if usage is not None:
        body["usage"] = {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "total_tokens": usage.total_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens},
            "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        }
    return body


def render_error(error: GammaError, request_id: str) -> JsonObject:
    """An error body."""
    return {"code": error.code, "message": error.message, "request_id": request_id}
