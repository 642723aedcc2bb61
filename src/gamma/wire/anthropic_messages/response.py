"""Whole answers of the messages dialect, both ways (providers.md 5)."""

from __future__ import annotations

from typing import Any

import msgspec

from gamma.errors import GammaError, ProviderMalformed
from gamma.types.chat import (
    ChatResponse,
    Choice,
    Citation,
    JsonObject,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from gamma.types.usage import Usage
from gamma.wire.anthropic_messages.blocks import parse_citation
from gamma.wire.anthropic_messages.names import FINISH, NAME, SIGNATURE_FAMILY, STRUCTURED_TOOL, stop_reason
from gamma.wire.anthropic_messages.signature import unwrap_signature, wrap_signature
from gamma.wire.anthropic_messages.turns import tool_input
from gamma.wire.anthropic_messages.usage import parse_tier, parse_usage, render_usage
from gamma.wire.base import Style
from gamma.wire.provider_errors import parse_error

_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def decode_object(body: bytes) -> JsonObject:
    """A provider's body.

    Raises:
        ProviderMalformed: it is not a JSON object.
    """
    try:
        value = msgspec.json.decode(body)
    except ValueError:
        raise ProviderMalformed("the provider's answer is not JSON") from None
    if not isinstance(value, dict):
        raise ProviderMalformed("the provider's answer is not a JSON object")
    return value


def parse_response(body: bytes) -> ChatResponse:
    """A provider's whole answer.

    Raises:
        ProviderMalformed: it is no message.
        ProviderError: it is an error in a 200's clothes.
    """
    message = decode_object(body)
    if message.get("type") == "error" or ("content" not in message and message.get("error")):
        raise parse_error(500, {}, body)
    return parse_message(message)


def parse_message(message: JsonObject) -> ChatResponse:
    """A decoded message.

    Raises:
        ProviderMalformed: it has no list of blocks.
    """
    blocks = message.get("content")
    if not isinstance(blocks, list):
        raise ProviderMalformed("the provider's message has no content")
    parts = tuple(part for i, block in enumerate(blocks) if (part := _parse_block(block, i)) is not None)
    raw = message.get("stop_reason")
    stop_sequence, usage = message.get("stop_sequence"), message.get("usage")
    called = any(isinstance(part, ToolCall) for part in parts)
    finish = FINISH.get(raw, "stop") if isinstance(raw, str) else "stop"
    if finish in {"stop", "tool_calls"} and raw != "pause_turn":
        finish = "tool_calls" if called else "stop"
    choice = Choice(
        parts=parts,
        finish=finish,
        finish_raw=raw if isinstance(raw, str) else None,
        stop_sequence=stop_sequence if isinstance(stop_sequence, str) else None,
    )
    return ChatResponse(
        choices=(choice,),
        id=_str(message, "id"),
        model=_str(message, "model"),
        usage=parse_usage(usage),
        service_tier=parse_tier(usage),
        dialect=NAME,
        extra={name: message[name] for name in ("stop_details", "container") if isinstance(message.get(name), dict)},
    )


def _str(raw: JsonObject, name: str) -> str:
    value = raw.get(name)
    return value if isinstance(value, str) else ""


def _parse_block(block: Any, i: int) -> Part | None:
    if not isinstance(block, dict):
        return None
    match block.get("type"):
        case "text":
            citations = tuple(parse_citation(raw) for raw in block.get("citations") or () if isinstance(raw, dict))
            return Text(_str(block, "text"), citations)
        case "thinking":
            return unwrap_signature(_str(block, "thinking"), _str(block, "signature"), NAME)
        case "redacted_thinking":
            return Reasoning(encrypted=_str(block, "data"), dialect=NAME)
        case "tool_use":
            return _parse_call(block, i)
        case str():
            return Opaque(NAME, block)
    return None


def _parse_call(block: JsonObject, i: int) -> Part:
    value = block.get("input")
    arguments = msgspec.json.encode(value if value is not None else {}).decode()
    name = _str(block, "name")
    if name == STRUCTURED_TOOL:
        return Text(arguments)
    return ToolCall(id=_str(block, "id") or f"call_{i}_{name}", name=name, arguments=arguments)


def render_response(response: ChatResponse, style: Style) -> JsonObject:
    """A whole answer that the official client's strict `Message` accepts; of several choices the first.

    Raises:
        ProviderMalformed: a tool call's arguments are no JSON object, which this dialect cannot carry.
    """
    choice = response.choices[0] if response.choices else Choice()
    blocks = [block for part in choice.parts if (block := _render_part(part)) is not None]
    finish = choice.finish
    if finish == "stop" and any(block["type"] == "tool_use" for block in blocks):
        finish = "tool_calls"
    message: JsonObject = {
        "id": response.id or f"msg_{style.id}",
        "type": "message",
        "role": "assistant",
        "model": style.model,
        "content": blocks,
        "stop_reason": stop_reason(finish, choice.finish_raw, choice.stop_sequence),
        "stop_sequence": choice.stop_sequence,
        "usage": render_usage(response.usage, response.service_tier),
    }
    if response.dialect == NAME:
        message |= response.extra
    return message


def _render_part(part: Part) -> JsonObject | None:
    match part:
        case Text():
            return {"type": "text", "text": part.text, "citations": [render_citation(c) for c in part.citations] or None}
        case Refusal():
            return {"type": "text", "text": part.text, "citations": None}
        case Media():
            text = media_text(part)
            return {"type": "text", "text": text, "citations": None} if text else None
        case Reasoning():
            return _render_reasoning(part)
        case ToolCall():
            return _render_call(part)
        case Opaque():
            return part.value if part.dialect == NAME else None
        case _:
            return None  # tool results are never part of an answer


def _render_reasoning(part: Reasoning) -> JsonObject | None:
    own = part.dialect in SIGNATURE_FAMILY
    if own and part.encrypted:
        return {"type": "redacted_thinking", "data": part.encrypted}
    signature = (part.signature or "") if own else wrap_signature(part)
    return {"type": "thinking", "thinking": part.text, "signature": signature} if part.text or signature else None


def _render_call(part: ToolCall) -> JsonObject:
    value = {"input": part.arguments} if part.kind == "custom" else tool_input(part.arguments)
    if value is None:
        raise ProviderMalformed(f"the model called `{part.name}` with arguments that are not a JSON object")
    block: JsonObject = {"type": "tool_use", "id": part.id, "name": part.name, "input": value}
    if part.signature:
        block["thought_signature"] = part.signature
    return block


def render_citation(citation: Citation) -> JsonObject:
    """The citation as it came, or another dialect's as a web page that was read."""
    if citation.dialect == NAME and citation.raw is not None:
        return citation.raw
    return {
        "type": "web_search_result_location",
        "cited_text": citation.cited_text or "",
        "encrypted_index": "",  # none was issued; such a citation is not sent back to Claude
        "title": citation.title,
        "url": citation.url or "",
    }


def media_text(part: Media) -> str:
    """The words of a generated sound; pictures and sounds themselves have no place in this dialect's answers."""
    return part.text or ""


def render_error(error: GammaError, request_id: str) -> JsonObject:
    """An error body."""
    default = "api_error" if error.status >= 500 else "invalid_request_error"
    detail: JsonObject = {
        "type": _ERROR_TYPES.get(error.status, default),
        "message": error.message,
        "code": error.code,
    }
    if error.param is not None:
        detail["param"] = error.param
    body: JsonObject = {"type": "error", "error": detail}
    if request_id:
        body["request_id"] = request_id
    return body


def parse_body_usage(body: bytes) -> Usage | None:
    """Only the token counts of a whole answer.

    Raises:
        ProviderMalformed: the body is not a JSON object.
    """
    try:
        found = _USAGE.decode(body)
    except ValueError:
        raise ProviderMalformed("the provider's answer is not a message") from None
    if bytes(memoryview(found.content)[:1]) != b"[":
        parse_response(body)  # the long way tells what is wrong
    return parse_usage(found.usage)


class _UsageOnly(msgspec.Struct):
    content: msgspec.Raw = msgspec.Raw(b"null")
    usage: Any = None


_USAGE = msgspec.json.Decoder(_UsageOnly)
