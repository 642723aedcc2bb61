"""A conversation as this dialect takes it: a system text and turns that alternate (providers.md 5).

The API merges neighbours of one role, wants tool results first in their message, refuses empty text and a conversation that
does not begin with the user.
"""

from __future__ import annotations

import re
import zlib

import msgspec

from gamma.errors import InvalidRequest
from gamma.types.chat import (
    ChatRequest,
    JsonObject,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from gamma.wire.anthropic_messages.documents import render_media
from gamma.wire.anthropic_messages.names import NAME, SIGNATURE_FAMILY
from gamma.wire.base import Target

_SYSTEM = frozenset({"system", "developer"})
_TOOL_ID = re.compile(r"[a-zA-Z0-9_-]+")
_OPENING = "(The conversation begins with the assistant.)"


class Turns:
    """Renders one request's conversation.

    Args:
        request: the caller's, already fitted to the target.
        target: names the model in errors.
        notes: sentences to add to the system text.
    """

    def __init__(self, request: ChatRequest, target: Target, notes: tuple[str, ...] = ()) -> None:
        self._own = request.dialect == NAME
        self._target = target
        self.system: list[JsonObject] = []
        self.messages: list[JsonObject] = []
        self._split(request.messages)
        self.system.extend({"type": "text", "text": note} for note in notes)
        self._settle()

    def render_system(self) -> str | list[JsonObject] | None:
        """The `system` field: a string where one text says it all."""
        if not self.system:
            return None
        first = self.system[0]
        return first["text"] if len(self.system) == 1 and len(first) == 2 else self.system

    def _split(self, messages: tuple[Message, ...]) -> None:
        leading = True
        for i, message in enumerate(messages):
            if message.role not in _SYSTEM:
                leading = False
                self._add("assistant" if message.role == "assistant" else "user", self._blocks(message, i))
            elif self._own and not leading:
                self._add("system", self._blocks(message, i))
            else:  # other dialects' later instructions too: only the newest models take them in between
                self.system.extend(self._blocks(message, i))

    def _add(self, role: str, blocks: list[JsonObject]) -> None:
        if not blocks:
            return
        if self.messages and self.messages[-1]["role"] == role:
            self.messages[-1]["content"].extend(blocks)
        else:
            self.messages.append({"role": role, "content": blocks})

    def _settle(self) -> None:
        for message in self.messages:
            if message["role"] == "user":
                message["content"].sort(key=lambda block: block["type"] != "tool_result")
        if self._own:
            return
        if not self.messages and self.system:  # only instructions: they are the question
            self.messages.append({"role": "user", "content": [self.system.pop()]})
        if self.messages and self.messages[0]["role"] != "user":
            self.messages.insert(0, {"role": "user", "content": [{"type": "text", "text": _OPENING}]})
        if self.messages and self.messages[-1]["role"] == "assistant":
            last = self.messages[-1]["content"][-1]
            if last["type"] == "text":  # a prefill that ends in white space is refused
                last["text"] = last["text"].rstrip() or "..."

    def _blocks(self, message: Message, i: int) -> list[JsonObject]:
        rendered = (self._block(part, message.role, f"messages[{i}].content[{j}]") for j, part in enumerate(message.parts))
        return [block for block in rendered if block is not None]

    def _block(self, part: Part, role: str, path: str) -> JsonObject | None:
        match part:
            case Text():
                return _text(part)
            case Refusal():
                return _text(Text(part.text))
            case Media():
                if role == "assistant":
                    return None  # the model cannot be shown pictures as its own words
                return render_media(part, own=self._own, path=path, model=self._target.model)
            case Reasoning():
                return _reasoning(part)
            case ToolCall():
                return _tool_use(part, path)
            case ToolResult():
                return self._tool_result(part, path)
            case Opaque():
                return part.value if part.dialect == NAME else None

    def _tool_result(self, part: ToolResult, path: str) -> JsonObject:
        block: JsonObject = {"type": "tool_result", "tool_use_id": tool_id(part.call_id)}
        rendered = (self._block(inner, "tool", f"{path}.content[{k}]") for k, inner in enumerate(part.parts))
        content = [inner for inner in rendered if inner is not None]
        if len(content) == 1 and content[0].keys() == {"type", "text"}:
            block["content"] = content[0]["text"]
        elif content:
            block["content"] = content
        if part.is_error:
            block["is_error"] = True
        return _cached(block, part.cache)


def tool_id(call_id: str) -> str:
    """The id as the API takes it: letters, digits, `_` and `-`; others (Kimi's `functions.name:0`) are rewritten alike
    on the call and on its result.
    """
    if _TOOL_ID.fullmatch(call_id):
        return call_id
    return f"{re.sub(r'[^a-zA-Z0-9_-]', '_', call_id)}_{zlib.crc32(call_id.encode()):08x}"


def tool_input(arguments: str) -> JsonObject | None:
    """Arguments as the object that this dialect carries; None where they are no JSON object."""
    if arguments.strip() in {"", "null"}:
        return {}
    try:
        value = msgspec.json.decode(arguments)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _text(part: Text) -> JsonObject | None:
    if not part.text.strip():
        return None
    block: JsonObject = {"type": "text", "text": part.text}
    citations = [c.raw for c in part.citations if c.dialect == NAME and c.raw and c.raw.get("encrypted_index") != ""]
    if citations:
        block["citations"] = citations
    return _cached(block, part.cache)


def _reasoning(part: Reasoning) -> JsonObject | None:
    if part.dialect not in SIGNATURE_FAMILY:
        return None
    if part.encrypted:
        return {"type": "redacted_thinking", "data": part.encrypted}
    return {"type": "thinking", "thinking": part.text, "signature": part.signature} if part.signature else None


def _tool_use(part: ToolCall, path: str) -> JsonObject:
    value = {"input": part.arguments} if part.kind == "custom" else tool_input(part.arguments)
    if value is None:
        raise InvalidRequest(f"the arguments of the tool call `{part.name}` are not a JSON object", param=path)
    return _cached({"type": "tool_use", "id": tool_id(part.id), "name": part.name, "input": value}, part.cache)


def _cached(block: JsonObject, cache: JsonObject | None) -> JsonObject:
    if cache is not None:
        block["cache_control"] = cache
    return block
