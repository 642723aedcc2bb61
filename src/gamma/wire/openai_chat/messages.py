"""Messages of a caller's request (providers.md 3)."""

from __future__ import annotations

import hashlib

import msgspec

from gamma.errors import InvalidRequest, InvalidType, MissingField
from gamma.types.chat import JsonObject, Media, Message, Opaque, Part, Refusal, Role, Text, ToolCall, ToolResult
from gamma.wire.fields import Fields
from gamma.wire.openai_chat.content import parse_content
from gamma.wire.openai_chat.reasoning import google_signature, parse_reasoning, tool_signatures
from gamma.wire.openai_chat.shapes import NAME

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")


class _Calls:
    """Tool calls seen so far, so that results without an id find theirs."""

    def __init__(self) -> None:
        self.named: dict[str, str] = {}  # function name -> id of its last call
        self.unnamed: list[str] = []  # ids that were made up and not answered yet

    def new_id(self, given: str | None, name: str, place: str) -> str:
        call_id = given or made_up_id(place, name)
        if not given:
            self.unnamed.append(call_id)
        self.named[name] = call_id
        return call_id


def made_up_id(*places: object) -> str:
    """An id for a tool call that came without one; the same places give the same id."""
    text = "\n".join(map(str, places))
    return f"call_{hashlib.blake2s(text.encode(), digest_size=12).hexdigest()}"


def parse_messages(body: Fields) -> tuple[Message, ...]:
    """All messages.

    Raises:
        MissingField, InvalidType, InvalidRequest: naming the field.
    """
    turns, calls = body.objects("messages", required=True), _Calls()
    if not turns:
        raise InvalidRequest("`messages` must hold at least one message", param=body.at("messages"))
    return tuple(_parse_turn(turn, calls) for turn in turns)


def _parse_turn(turn: Fields, calls: _Calls) -> Message:
    role = turn.one_of("role", _ROLES)
    if role is None:
        raise MissingField(f"`{turn.at('role')}` is required", param=turn.at("role"))
    if role in ("tool", "function"):
        return _parse_result(turn, role, calls)
    name, cache = turn.opt_text("name"), turn.opt_object("cache_control")
    parts = _parse_assistant(turn, calls) if role == "assistant" else _required_content(turn)
    rest = turn.rest()
    if cache is not None:
        parts = _marked(parts, cache)
        rest["cache_control"] = cache  # targets of this dialect get it back where it stood
    return Message(_canonical(role), (*parts, *_fields(rest)), name)


def _canonical(role: str) -> Role:
    roles: dict[str, Role] = {"system": "system", "developer": "developer", "assistant": "assistant"}
    return roles.get(role, "user")


def _required_content(turn: Fields) -> tuple[Part, ...]:
    parts = parse_content(turn)
    if parts is None:
        raise MissingField(f"`{turn.at('content')}` is required", param=turn.at("content"))
    return parts


def _fields(rest: JsonObject) -> tuple[Part, ...]:
    """Fields that nobody read (`prefix`, `partial`, `annotations` ...), for targets that speak this dialect."""
    return (Opaque(NAME, {"fields": rest}),) if rest else ()


def _marked(parts: tuple[Part, ...], cache: JsonObject) -> tuple[Part, ...]:
    """A cache mark on the message marks its last part (OpenRouter)."""
    for i in range(len(parts) - 1, -1, -1):
        if isinstance(part := parts[i], Text | Media | ToolCall):
            return (*parts[:i], msgspec.structs.replace(part, cache=cache), *parts[i + 1 :])
    return parts


def _parse_result(turn: Fields, role: str, calls: _Calls) -> Message:
    name, cache = turn.opt_text("name"), turn.opt_object("cache_control")
    call_id = turn.opt_text("tool_call_id")
    if not call_id and role == "function":
        if name is None:
            raise MissingField(f"`{turn.at('name')}` is required", param=turn.at("name"))
        call_id = calls.named.get(name) or made_up_id("function", name)
    elif not call_id and calls.unnamed:  # the call came without an id, too (recorded: Gemini's OpenAI layer)
        call_id = calls.unnamed.pop(0)
    if not call_id:
        raise MissingField(f"`{turn.at('tool_call_id')}` is required", param=turn.at("tool_call_id"))
    parts = parse_content(turn) or ()
    result = ToolResult(call_id=call_id, parts=parts, name=name, cache=cache)
    return Message("tool", (result, *_fields(turn.rest())))


def _parse_assistant(turn: Fields, calls: _Calls) -> tuple[Part, ...]:
    content = parse_content(turn) or ()
    found = _parse_calls(turn, calls)
    details = [d for d in turn.opt_list("reasoning_details") or () if isinstance(d, dict)]
    signatures = tool_signatures(details, {call.id for call in found})
    details = [d for d in details if d.get("id") not in signatures]
    texts = turn.opt_text("reasoning_content"), turn.opt_text("reasoning")
    reasoning = parse_reasoning(texts[0] or texts[1], details)
    found = [msgspec.structs.replace(c, signature=c.signature or signatures.get(c.id)) for c in found]
    content, found = _signed(turn, content, found)
    refusal, audio = turn.opt_text("refusal"), turn.opt_object("audio")
    extra: list[Part] = [Refusal(refusal)] if refusal else []
    if audio is not None and audio.get("id"):
        extra.append(Media(kind="audio", file_id=str(audio["id"])))
    spoken = [p for p in content if not isinstance(p, Text) or p.text]
    return (*reasoning, *spoken, *extra, *found)


def _signed(turn: Fields, content: tuple[Part, ...], found: list[ToolCall]) -> tuple[tuple[Part, ...], list[ToolCall]]:
    """With the message's own thought signature (recorded: Gemini's OpenAI layer) on its first call, else on its text."""
    signature = google_signature(turn.opt_object("extra_content"))
    if signature is None:
        return content, found
    if found:
        first = msgspec.structs.replace(found[0], signature=found[0].signature or signature)
        return content, [first, *found[1:]]
    return tuple(msgspec.structs.replace(p, signature=signature) if isinstance(p, Text) else p for p in content), found


def _parse_calls(turn: Fields, calls: _Calls) -> list[ToolCall]:
    found = [_parse_call(call, calls) for call in turn.objects("tool_calls")]
    if turn.has("function_call"):
        function = turn.object("function_call")
        name = function.text("name")
        call_id = calls.new_id(None, name, turn.at("function_call"))
        calls.unnamed.remove(call_id)  # its answer finds it by name
        found.append(ToolCall(id=call_id, name=name, arguments=_arguments(function)))
    return found


def _parse_call(call: Fields, calls: _Calls) -> ToolCall:
    given, cache = call.opt_text("id"), call.opt_object("cache_control")
    signature = google_signature(call.opt_object("extra_content"))
    if call.has("custom"):
        custom = call.object("custom")
        name = custom.text("name")
        call_id = calls.new_id(given, name, call.at("id"))
        return ToolCall(id=call_id, name=name, arguments=custom.opt_text("input") or "", kind="custom", cache=cache)
    function = call.object("function")
    name = function.text("name")
    return ToolCall(
        id=calls.new_id(given, name, call.at("id")),
        name=name,
        arguments=_arguments(function),
        signature=signature,
        cache=cache,
    )


def _arguments(function: Fields) -> str:
    value = function.raw("arguments")
    if value is None or value == "":
        return "{}"
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    if not isinstance(value, str):
        raise InvalidType(f"`{function.at('arguments')}` must be a string of JSON", param=function.at("arguments"))
    return value
