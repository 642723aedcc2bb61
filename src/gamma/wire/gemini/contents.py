"""A caller's `contents` and `systemInstruction` to messages."""

from __future__ import annotations

from typing import Any

import msgspec

from gamma.errors import InvalidRequest, InvalidType, MissingField
from gamma.types.chat import JsonObject, Media, Message, Opaque, Part, Reasoning, Text, ToolCall, ToolResult
from gamma.wire.call_ids import call_id
from gamma.wire.fields import Fields, json_name
from gamma.wire.gemini.media import parse_file, parse_inline
from gamma.wire.gemini.names import DIALECT, proto_fields
from gamma.wire.gemini.parts import is_blank
from gamma.wire.gemini.signatures import parse_reasoning

_OPAQUE = ("executableCode", "codeExecutionResult", "toolCall", "toolResponse")
_BESIDE = ("videoMetadata", "mediaResolution")
_ROLES = ("user", "model", "function", "system")


class _Calls:
    """Which calls await an answer, so that answers without ids find theirs by name and order."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._open: dict[str, list[str]] = {}

    def asked(self, given: str, name: str) -> None:
        self._known.add(given)
        self._open.setdefault(name, []).append(given)

    def answered(self, given: str | None, name: str, where: str) -> str:
        waiting = self._open.get(name, [])
        if given is not None and (given in self._known or not waiting):
            if given in waiting:
                waiting.remove(given)
            return given
        return waiting.pop(0) if waiting else call_id(where, 0, name)


def parse_contents(value: Any, path: str = "contents") -> list[Message]:
    """Messages of a conversation; `value` is a list of contents or one content.

    Raises:
        MissingField, InvalidType, InvalidRequest: naming the field in `param`.
    """
    if value is None:
        raise MissingField(f"`{path}` is required", param=path)
    contents = value if isinstance(value, list) else [value]
    calls = _Calls()
    messages: list[Message] = []
    for i, content in enumerate(contents):
        for message in _parse_content(proto_fields(content, f"{path}[{i}]"), calls):
            if messages and messages[-1].role == message.role and message.role in ("assistant", "tool"):
                messages[-1] = Message(message.role, _joined(messages[-1].parts, message.parts))
            else:
                messages.append(message)
    return messages


def parse_system(value: Any, path: str = "systemInstruction") -> list[Message]:
    """The system message, none when there is no text in it; `value` is a string, a content or a list of parts."""
    if value is None:
        return []
    if isinstance(value, str):
        value = {"parts": [{"text": value}]}
    elif isinstance(value, list):
        value = {"parts": value}
    content = proto_fields(value, path)
    parts = tuple(_parse_part(part, _Calls()) for part in _raw_parts(content))
    return [Message("system", parts)] if any(not isinstance(p, Text) or p.text for p in parts) else []


def _parse_content(content: Fields, calls: _Calls) -> list[Message]:
    role = content.one_of("role", _ROLES) or "user"
    parts = [_parse_part(part, calls) for part in _raw_parts(content)]
    if not parts:
        return []
    if role in ("model", "system"):
        return [Message("assistant" if role == "model" else "system", tuple(parts))]
    answers = tuple(part for part in parts if isinstance(part, ToolResult))
    rest = tuple(part for part in parts if not isinstance(part, ToolResult))
    messages = [Message("tool", answers)] if answers else []
    return [*messages, Message("user", rest)] if rest else messages


def _raw_parts(content: Fields) -> list[Fields]:
    value = content.raw("parts")
    if isinstance(value, dict):  # recorded: `"systemInstruction": {"parts": {"text": ""}}`
        value = [value]
    if value is not None and not isinstance(value, list):
        path = content.at("parts")
        raise InvalidType(f"`{path}` must be a list, not {json_name(value)}", param=path)
    return [proto_fields(part, f"{content.at('parts')}[{i}]") for i, part in enumerate(value or ())]


def _parse_part(part: Fields, calls: _Calls) -> Part:
    signature = part.opt_text("thoughtSignature")
    if part.has("functionCall"):
        return _parse_call(proto_fields(part.raw("functionCall"), part.at("functionCall")), signature, calls)
    if part.has("functionResponse"):
        return _parse_answer(proto_fields(part.raw("functionResponse"), part.at("functionResponse")), calls)
    if part.has("inlineData"):
        return parse_inline(proto_fields(part.raw("inlineData"), part.at("inlineData")), _beside(part))
    if part.has("fileData"):
        return parse_file(proto_fields(part.raw("fileData"), part.at("fileData")), _beside(part))
    if any(part.has(name) for name in _OPAQUE):
        kept = {"thoughtSignature": signature} if signature else {}
        return Opaque(DIALECT, {name: part.raw(name) for name in _OPAQUE if part.has(name)} | kept)
    text = part.opt_text("text")
    if part.opt_bool("thought"):
        return parse_reasoning(text or "", signature)
    if text is None and signature is None:
        where = part.at("text")
        raise InvalidRequest(f"`{where}`: a part must hold text, data or a function call", param=where)
    return Text(text or "", signature=signature)


def _beside(part: Fields) -> JsonObject | None:
    return {name: part.raw(name) for name in _BESIDE if part.has(name)} or None


def _parse_call(call: Fields, signature: str | None, calls: _Calls) -> ToolCall:
    name = call.text("name")
    given = call.opt_text("id") or call_id(call.at("name"), 0, name)
    calls.asked(given, name)
    arguments = msgspec.json.encode(call.opt_object("args") or {}).decode()
    return ToolCall(id=given, name=name, arguments=arguments, signature=signature)


def _parse_answer(answer: Fields, calls: _Calls) -> ToolResult:
    name = answer.text("name")
    asked = calls.answered(answer.opt_text("id"), name, answer.at("name"))
    response = answer.opt_object("response") or {}
    text, failed = _answer_text(response)
    media = [_parse_media(item, f"{answer.at('parts')}[{i}]") for i, item in enumerate(answer.opt_list("parts") or ())]
    said = (Text(text),) if response else ()
    return ToolResult(call_id=asked, name=name, parts=(*said, *media), is_error=failed)


def _answer_text(response: JsonObject) -> tuple[str, bool]:
    """What a tool said, and whether it failed: `{"result": text}` and `{"error": text}` are unwrapped, the rest is JSON."""
    if len(response) == 1:
        (key, value), *_ = response.items()
        if key in ("result", "error") and isinstance(value, str):
            return value, key == "error"
    return msgspec.json.encode(response).decode(), False


def _parse_media(value: Any, path: str) -> Media:
    part = proto_fields(value, path)
    if part.has("fileData"):
        return parse_file(proto_fields(part.raw("fileData"), part.at("fileData")))
    return parse_inline(proto_fields(part.raw("inlineData"), part.at("inlineData")))


def _joined(before: tuple[Part, ...], after: tuple[Part, ...]) -> tuple[Part, ...]:
    """Parts of neighbouring contents of a role; the official client keeps each chunk of a stream as its own content."""
    parts = list(before)
    for part in after:
        last = parts[-1]
        if isinstance(part, Text) and isinstance(last, Text) and last.signature is None:
            parts[-1] = Text(last.text + part.text, signature=part.signature)
        elif isinstance(part, Reasoning) and isinstance(last, Reasoning) and not (last.signature or last.encrypted):
            parts[-1] = msgspec.structs.replace(part, text=last.text + part.text)
        elif not is_blank(part):
            parts.append(part)
    return tuple(parts)
