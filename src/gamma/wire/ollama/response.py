"""Ollama's whole answers; one has the shape of a stream's line."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from gamma.errors import ProviderMalformed
from gamma.types.chat import (
    ChatResponse,
    Choice,
    FinishReason,
    JsonObject,
    Media,
    Part,
    Reasoning,
    Refusal,
    Text,
    TokenLogprob,
    ToolCall,
)
from gamma.types.usage import Usage
from gamma.wire.base import Style
from gamma.wire.call_ids import call_id
from gamma.wire.moments import rfc3339, seconds_of
from gamma.wire.ollama.messages import mime_of
from gamma.wire.provider_errors import parse_error

_FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length"}
_WORDS = {"length": "length"}  # every other reason is `stop`, calls of tools included (recorded: qwen3)


class Function(Struct):
    """The tool that is called. Arguments are an object; some models' templates yield text."""

    name: str = ""
    arguments: Any = None


class Call(Struct):
    """A call of a tool; older servers give no id."""

    function: Function
    id: str | None = None


class Logprob(Struct):
    """A token's natural-log probability."""

    token: str = ""
    logprob: float = 0.0
    bytes: tuple[int, ...] | None = None
    top_logprobs: tuple[Logprob, ...] | None = None


class Said(Struct):
    """What one line adds to the answer."""

    content: str | None = None
    thinking: str | None = None
    tool_calls: tuple[Call, ...] | None = None
    images: tuple[str, ...] | None = None


class Line(Struct):
    """One line of a stream, or a whole answer."""

    model: str = ""
    created_at: str = ""
    message: Said | None = None
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    logprobs: tuple[Logprob, ...] | None = None
    error: Any = None


_decoder = msgspec.json.Decoder(Line)


def decode_line(data: bytes) -> Line:
    """One line, typed.

    Raises:
        ProviderMalformed: it is not JSON, or not of this shape.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProviderMalformed(f"The provider's answer is not of the ollama dialect: {error}.") from error


def parse_response(body: bytes) -> ChatResponse:
    """A whole answer (wire/base.py)."""
    line = decode_line(body)
    if line.error is not None:
        raise parse_error(200, {}, body)
    if line.message is None:
        raise ProviderMalformed("The provider's answer has no message.")
    said = line.message
    calls = [tool_call(call, line, i) for i, call in enumerate(said.tool_calls or ())]
    parts: list[Part] = [Reasoning(text=said.thinking)] if said.thinking else []
    parts += [Text(said.content)] if said.content else []
    parts += [Media(kind="image", mime_type=mime_of(data), data=data) for data in said.images or ()]
    choice = Choice(
        parts=(*parts, *calls),
        finish=finish_of(line.done_reason, called=bool(calls)),
        finish_raw=line.done_reason,
        logprobs=logprobs_of(line) or None,
    )
    created = seconds_of(line.created_at)
    return ChatResponse(choices=(choice,), model=line.model, created=created, usage=usage_of(line), dialect="ollama")


def tool_call(call: Call, line: Line, index: int) -> ToolCall:
    """A canonical call; an id is derived where the server gave none."""
    arguments = call.function.arguments
    text = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments or {}).decode()
    name = call.function.name
    return ToolCall(id=call.id or call_id(line.created_at, index, name), name=name, arguments=text or "{}")


def finish_of(word: str | None, *, called: bool) -> FinishReason:
    """Why the answer ended; `stop` with calls of tools means that they are to be run."""
    reason = _FINISH.get(word or "stop", "stop")
    return "tool_calls" if called and reason == "stop" else reason


def usage_of(line: Line) -> Usage | None:
    """Token counts; older servers leave out `prompt_eval_count` when the whole prompt was cached."""
    if line.prompt_eval_count is None and line.eval_count is None:
        return None
    return Usage(input_tokens=line.prompt_eval_count or 0, output_tokens=line.eval_count or 0)


def logprobs_of(line: Line) -> tuple[TokenLogprob, ...]:
    """The line's token probabilities."""
    return tuple(_logprob(item) for item in line.logprobs or ())


def _logprob(item: Logprob) -> TokenLogprob:
    top = tuple(_logprob(other) for other in item.top_logprobs or ())
    return TokenLogprob(token=item.token, logprob=item.logprob, utf8=item.bytes, top=top)


def render_logprobs(logprobs: tuple[TokenLogprob, ...]) -> list[JsonObject]:
    """Token probabilities as the dialect writes them."""
    return [
        {
            "token": item.token,
            "logprob": item.logprob,
            **({"bytes": list(item.utf8)} if item.utf8 is not None else {}),
            **({"top_logprobs": render_logprobs(item.top)} if item.top else {}),
        }
        for item in logprobs
    ]


def render_response(response: ChatResponse, style: Style) -> JsonObject:
    """A whole answer (wire/base.py)."""
    choice = response.choices[0] if response.choices else Choice()
    parts = choice.parts
    message: JsonObject = {
        "role": "assistant",
        "content": "".join(part.text for part in parts if isinstance(part, Text | Refusal)),
    }
    if thinking := "".join(part.text for part in parts if isinstance(part, Reasoning)):
        message["thinking"] = thinking
    if images := [part.data for part in parts if isinstance(part, Media) and part.kind == "image" and part.data]:
        message["images"] = images
    if calls := [part for part in parts if isinstance(part, ToolCall)]:
        message["tool_calls"] = [render_call(call.id, call.name, call.arguments, i) for i, call in enumerate(calls)]
    created = rfc3339(response.created or style.created)
    body: JsonObject = {"model": style.model, "created_at": created, "message": message}
    if choice.logprobs:
        body["logprobs"] = render_logprobs(choice.logprobs)
    return body | render_end(choice.finish, response.usage)


def render_call(id_: str, name: str, arguments: str, index: int) -> JsonObject:
    """A call of a tool, its arguments as an object.

    Raises:
        ProviderMalformed: the arguments are no JSON object, which the dialect cannot carry.
    """
    try:
        value = msgspec.json.decode(arguments or "null")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProviderMalformed(f"The arguments of the call of `{name}` are not JSON: {error}.") from error
    if value is not None and not isinstance(value, dict):
        raise ProviderMalformed(f"The arguments of the call of `{name}` are not an object.")
    return {"id": id_, "function": {"index": index, "name": name, "arguments": value or {}}}


def render_end(finish: FinishReason, usage: Usage | None) -> JsonObject:
    """The fields of an answer's last line; clients expect counts, so unknown ones are 0."""
    counted = usage or Usage()
    return {
        "done_reason": _WORDS.get(finish, "stop"),
        "done": True,
        "prompt_eval_count": counted.input_tokens,
        "eval_count": counted.output_tokens,
    }
