"""Ollama's messages, read from callers and written for servers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from gamma.errors import InvalidRequest, InvalidType
from gamma.types.chat import JsonObject, Media, Message, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from gamma.wire.call_ids import call_id
from gamma.wire.fields import Fields

_ROLES = ("system", "user", "assistant", "tool")


def parse_messages(items: list[Fields]) -> tuple[Message, ...]:
    """Messages; calls without ids get one, and results find theirs by the tool's name, else by order."""
    messages: list[Message] = []
    open_calls: list[ToolCall] = []
    for position, item in enumerate(items):
        role = item.one_of("role", _ROLES)
        match role:
            case "system" | "user":
                messages.append(Message(role, _content(item)))
            case "assistant":
                calls = [_call(call, position, i) for i, call in enumerate(item.objects("tool_calls"))]
                open_calls.extend(calls)
                messages.append(Message("assistant", (*_thoughts(item), *_content(item), *calls)))
            case "tool":
                result = _result(item, open_calls)
                messages.append(Message("tool", (result,)))
            case _:
                item.text("role")  # raises: it is absent
    return tuple(messages)


def _content(item: Fields) -> tuple[Part, ...]:
    text = item.opt_text("content")
    images = item.texts("images")
    return (*((Text(text),) if text else ()), *(_image(image) for image in images))


def _image(data: str) -> Media:
    if data.startswith("data:") and "," in data:  # some clients send a data URL
        head, _, data = data.partition(",")
        return Media(kind="image", mime_type=head[5:].partition(";")[0] or None, data=data)
    return Media(kind="image", mime_type=mime_of(data), data=data)


def mime_of(data: str) -> str:
    """The kind of a base64 image, told by its first bytes; the dialect does not say."""
    for start, mime in (("iVBOR", "image/png"), ("/9j/", "image/jpeg"), ("R0lGOD", "image/gif"), ("UklGR", "image/webp")):
        if data.startswith(start):
            return mime
    return "image/png"


def _thoughts(item: Fields) -> tuple[Part, ...]:
    thinking = item.opt_text("thinking")
    return (Reasoning(text=thinking),) if thinking else ()


def _call(fields: Fields, position: int, index: int) -> ToolCall:
    function = fields.object("function")
    name = function.text("name")
    arguments = function.raw("arguments")
    if arguments is not None and not isinstance(arguments, dict):
        raise InvalidType(f"`{function.at('arguments')}` must be an object", param=function.at("arguments"))
    return ToolCall(
        id=fields.opt_text("id") or call_id(str(position), index, name),
        name=name,
        arguments=msgspec.json.encode(arguments or {}).decode(),
    )


def _result(item: Fields, open_calls: list[ToolCall]) -> ToolResult:
    name = item.opt_text("tool_name") or item.opt_text("name")
    given = item.opt_text("tool_call_id")
    match_ = next((c for c in open_calls if c.id == given), None) if given else None
    if match_ is None and given is None:
        match_ = next((c for c in open_calls if c.name == name), None) or next(iter(open_calls), None)
    if match_ is not None:
        open_calls.remove(match_)
    if match_ is None and given is None and name is None:
        raise InvalidRequest(f"`{item.at('tool_name')}` must name the tool: no call is open", param=item.at("tool_name"))
    called = match_.id if match_ else given or call_id("result", 0, name or "")
    return ToolResult(call_id=called, parts=_content(item), name=name or (match_.name if match_ else None))


def render_messages(messages: Iterable[Message]) -> Iterable[JsonObject]:
    """Messages for a server: one per turn, and one per result of a tool."""
    names: dict[str, str] = {}
    for message in messages:
        names |= {part.id: part.name for part in message.parts if isinstance(part, ToolCall)}
        if message.role == "tool":
            yield from (_render_result(part, names) for part in message.parts if isinstance(part, ToolResult))
        else:
            yield _render_message(message)


def _render_message(message: Message) -> JsonObject:
    role = "system" if message.role == "developer" else message.role
    out: JsonObject = {"role": role, "content": _text_of(message.parts)}
    if thinking := "".join(part.text for part in message.parts if isinstance(part, Reasoning)):
        out["thinking"] = thinking
    if images := _images_of(message.parts):
        out["images"] = images
    if calls := [_render_call(part) for part in message.parts if isinstance(part, ToolCall)]:
        out["tool_calls"] = calls
    return out


def _render_result(result: ToolResult, names: Mapping[str, str]) -> JsonObject:
    out: JsonObject = {"role": "tool", "content": _text_of(result.parts)}
    if name := result.name or names.get(result.call_id):
        out["tool_name"] = name
    if images := _images_of(result.parts):
        out["images"] = images
    return out


def _text_of(parts: tuple[Part, ...]) -> str:
    return "\n".join(part.text for part in parts if isinstance(part, Text | Refusal))


def _images_of(parts: tuple[Part, ...]) -> list[str]:
    return [part.data for part in parts if isinstance(part, Media) and part.kind == "image" and part.data]


def _render_call(call: ToolCall) -> JsonObject:
    try:
        arguments = msgspec.json.decode(call.arguments or "null")
    except msgspec.DecodeError:
        arguments = call.arguments
    if arguments is not None and not isinstance(arguments, dict):
        raise InvalidRequest(f"the arguments of the tool call {call.id} must be a JSON object", param="messages")
    return {"function": {"name": call.name, "arguments": arguments or {}}}
