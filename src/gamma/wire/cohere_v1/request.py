"""Cohere v1 chat requests, both ways (providers.md 8). Tools of this retired version pass through untranslated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gamma.errors import InvalidRequest, UnsupportedParameter
from gamma.types.chat import ChatRequest, JsonObject, Message, Refusal, ResponseFormat, Role, Text, ToolCall, ToolResult
from gamma.wire.base import Target
from gamma.wire.fields import Fields
from gamma.wire.support import fit

DIALECT = "cohere_v1"
_TAKES = frozenset(
    {
        "response_format", "max_tokens", "temperature", "top_p", "top_k", "stop", "seed", "presence_penalty",
        "frequency_penalty", "logprobs",
    }
)  # fmt: skip  # a set of words reads better in rows
_ROLES: dict[str, Role] = {"USER": "user", "CHATBOT": "assistant", "SYSTEM": "system"}
_WORDS: dict[Role, str] = {"user": "USER", "assistant": "CHATBOT", "system": "SYSTEM", "developer": "SYSTEM"}


def parse_request(body: Mapping[str, Any], *, model: str | None, stream: bool | None) -> ChatRequest:
    """A caller's request: the preamble is the system message, `message` the last of the conversation."""
    fields = Fields(body)
    wanted = fields.opt_bool("stream")
    request = ChatRequest(
        model=model or fields.text("model"),
        dialect=DIALECT,
        messages=_parse_messages(fields),
        stream=bool(wanted if stream is None else stream),
        include_usage=True,
        response_format=_parse_format(fields),
        max_tokens=fields.opt_int("max_tokens", low=0),
        temperature=fields.opt_number("temperature", low=0),
        top_p=fields.opt_number("p", low=0, high=1),
        top_k=fields.opt_int("k", low=0),
        stop=fields.texts("stop_sequences"),
        seed=fields.opt_int("seed"),
        presence_penalty=fields.opt_number("presence_penalty"),
        frequency_penalty=fields.opt_number("frequency_penalty"),
        logprobs=fields.opt_bool("logprobs"),
    )
    fields.raw("model")
    return msgspec.structs.replace(request, extra={k: v for k, v in fields.rest().items() if v not in ([], {})})


def _parse_messages(fields: Fields) -> tuple[Message, ...]:
    messages: list[Message] = []
    if preamble := fields.opt_text("preamble"):
        messages.append(Message("system", (Text(preamble),)))
    for turn in fields.objects("chat_history"):
        role = turn.one_of("role", (*_ROLES, "TOOL"))
        if role == "TOOL":
            raise InvalidRequest("tools are not served in /v1/chat; use /v2/chat", param=turn.at("role"))
        messages.append(Message(_ROLES[role or "USER"], (Text(turn.text("message")),)))
    messages.append(Message("user", (Text(fields.text("message")),)))
    return tuple(messages)


def _parse_format(fields: Fields) -> ResponseFormat | None:
    if not fields.has("response_format"):
        return None
    wanted = fields.object("response_format")
    if wanted.one_of("type", ("text", "json_object")) != "json_object":
        return ResponseFormat(kind="text")
    schema = wanted.opt_object("schema")
    return ResponseFormat(kind="json_schema", schema=schema) if schema else ResponseFormat(kind="json_object")


def render_request(request: ChatRequest, target: Target) -> JsonObject:
    """The body to send to `/v1/chat`.

    Raises:
        UnsupportedParameter: the conversation holds tool calls, or asks for what v1 has not.
        InvalidRequest: it does not end with the user's words.
    """
    request = fit(request, _TAKES, target, DIALECT)
    turns: list[JsonObject] = []
    for i, message in enumerate(request.messages):
        text = _text(message, f"messages[{i}]")
        if text or message.role == "user":
            turns.append({"role": _WORDS.get(message.role, "USER"), "message": text})
    if not turns or turns[-1]["role"] != "USER":
        raise InvalidRequest("the conversation must end with a user message", param="messages")
    body: JsonObject = {**request.extra, "model": target.model, "stream": request.stream}
    if turns[0]["role"] == "SYSTEM":
        body["preamble"] = turns.pop(0)["message"]
    body["message"] = turns.pop()["message"]
    if turns:
        body["chat_history"] = turns
    if (wanted := request.response_format) is not None and wanted.kind != "text":
        schema = {"schema": wanted.schema} if wanted.schema is not None else {}
        body["response_format"] = {"type": "json_object", **schema}
    rest = {
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "p": request.top_p,
        "k": request.top_k,
        "stop_sequences": list(request.stop) or None,
        "seed": request.seed,
        "presence_penalty": request.presence_penalty,
        "frequency_penalty": request.frequency_penalty,
        "logprobs": request.logprobs,
    }
    return body | {name: value for name, value in rest.items() if value is not None}


def _text(message: Message, where: str) -> str:
    if any(isinstance(part, ToolCall | ToolResult) for part in message.parts):
        raise UnsupportedParameter("this model cannot take tool calls in its history", param=where)
    return "\n".join(part.text for part in message.parts if isinstance(part, Text | Refusal))
