"""Canonical messages as messages for a provider (providers.md 3 and 10)."""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Sequence

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
from gamma.wire.base import Traits
from gamma.wire.openai_chat.content import render_part
from gamma.wire.openai_chat.reasoning import render_details, render_google_signature, render_tool_signature
from gamma.wire.openai_chat.shapes import NAME

_ALPHANUMERICS = string.digits + string.ascii_letters


def render_messages(request: ChatRequest, traits: Traits) -> list[JsonObject]:
    """All messages.

    Raises:
        UnsupportedParameter: media in a form that the dialect cannot express.
    """
    return _Turns(request, traits).render()


def fixed_id(call_id: str, length: int | None) -> str:
    """A tool call id of exactly `length` alphanumerics (mistral: 9), the same for the same id; None leaves it."""
    if length is None or (len(call_id) == length and re.fullmatch(r"[A-Za-z0-9]+", call_id)):
        return call_id
    number = int.from_bytes(hashlib.blake2b(call_id.encode()).digest())
    letters = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHANUMERICS))
        letters.append(_ALPHANUMERICS[digit])
    return "".join(letters)


class _Turns:
    """One conversation being written."""

    def __init__(self, request: ChatRequest, traits: Traits) -> None:
        self.messages = request.messages
        self.traits = traits
        self.own = request.dialect == NAME
        self.caching = (self.own or traits.cache_control) and "cache_control" not in traits.unsupported
        self.out: list[JsonObject] = []
        self.shown: list[JsonObject] = []  # media of tool results, which follow when all calls are answered

    def render(self) -> list[JsonObject]:
        for i, message in enumerate(self.messages):
            param = f"messages[{i}].content"
            results = [p for p in message.parts if isinstance(p, ToolResult)]
            rest = [p for p in message.parts if not isinstance(p, ToolResult)]
            if not results:
                self._show()
            for result in results:
                self.out.append(self._result(result, rest, param))
            if message.role == "tool":
                continue
            if message.role == "assistant":
                self.out.append(self._assistant(message, rest, param))
            elif rest or not results:
                self.out.append(self._spoken(message, rest, param))
        self._show()
        return self.out

    def _show(self) -> None:
        if self.shown:
            self.out.append({"role": "user", "content": self.shown})
            self.shown = []

    def _result(self, result: ToolResult, rest: Sequence[Part], param: str) -> JsonObject:
        parts: Sequence[Part] = result.parts
        if not self.own:  # a tool message holds text only; images follow as the user's
            shown = [render_part(p, param) for p in parts if isinstance(p, Media) and p.text is None]
            self.shown.extend(part for part in shown if part is not None)
            parts = [p for p in parts if not isinstance(p, Media) or p.text is not None]
        content = self._content(parts, param, glue="\n")
        call_id = fixed_id(result.call_id, self.traits.tool_id_length)
        message: JsonObject = {"role": "tool", "tool_call_id": call_id, "content": content}
        if result.name is not None and self.own:
            message["name"] = result.name
        if result.cache is not None and self.caching:
            message["cache_control"] = result.cache
        return self._with_fields(message, rest)

    def _spoken(self, message: Message, parts: Sequence[Part], param: str) -> JsonObject:
        role = self.traits.system_role if message.role == "developer" else message.role
        glue = "\n" if role == "user" else "\n\n"
        turn: JsonObject = {"role": role, "content": self._content(parts, param, glue=glue)}
        if message.name is not None:
            turn["name"] = message.name
        return self._with_fields(turn, parts)

    def _content(self, parts: Sequence[Part], param: str, *, glue: str) -> str | list[JsonObject]:
        texts = [p.text for p in parts if isinstance(p, Text)]
        caching = self._marks(parts)
        marked = caching and any(isinstance(p, Text | Media) and p.cache for p in parts)
        plain = all(isinstance(p, Text) or (isinstance(p, Opaque) and _fields(p)) for p in parts)
        if plain and (self.traits.flatten_text or (len(texts) < 2 and not marked)):
            return glue.join(texts)
        found = (render_part(p, param, caching=caching, own=self.own) for p in parts)
        return [part for part in found if part is not None]

    def _marks(self, parts: Sequence[Part]) -> bool:
        """Whether parts carry their cache marks: not where the caller's message carries it."""
        whole = any(isinstance(p, Opaque) and "cache_control" in _fields(p) for p in parts)
        return self.caching and not whole

    def _assistant(self, message: Message, parts: Sequence[Part], param: str) -> JsonObject:
        calls = [p for p in parts if isinstance(p, ToolCall)]
        texts = [p for p in parts if isinstance(p, Text)]
        refusal = "".join(p.text for p in parts if isinstance(p, Refusal))
        turn: JsonObject = {"role": "assistant", "content": self._said(parts, param)}
        if turn["content"] == "" and (calls or refusal):
            turn["content"] = None
        if refusal:
            turn["refusal"] = refusal
        if message.name is not None:
            turn["name"] = message.name
        self._add_reasoning(turn, [p for p in parts if isinstance(p, Reasoning)], calls)
        if sounds := [p for p in parts if isinstance(p, Media) and p.kind == "audio" and p.file_id]:
            turn["audio"] = {"id": sounds[-1].file_id}
        if calls:
            turn["tool_calls"] = [self._call(call) for call in calls]
        signature = next((p.signature for p in texts if p.signature), None)
        if signature is not None and self._signs():
            turn["extra_content"] = render_google_signature(signature)
        return self._with_fields(turn, parts)

    def _said(self, parts: Sequence[Part], param: str) -> str | list[JsonObject]:
        """What the assistant said: one string, unless cache marks or thinking chunks need a list."""
        kept = [p for p in parts if isinstance(p, Text)]
        value: list[JsonObject] = []
        if self.traits.reasoning_field == "content":  # mistral: thinking chunks stand in the content
            thoughts = [p.text for p in parts if isinstance(p, Reasoning) and p.text]
            value = [{"type": "thinking", "thinking": [{"type": "text", "text": text}]} for text in thoughts]
        caching = self._marks(parts)
        marked = caching and not self.traits.flatten_text and any(p.cache for p in kept)
        if not value and not marked:
            return "".join(p.text for p in kept)
        found = (render_part(p, param, caching=caching) for p in kept if p.text)
        return [*value, *(part for part in found if part is not None)]

    def _add_reasoning(self, turn: JsonObject, parts: Sequence[Reasoning], calls: Sequence[ToolCall]) -> None:
        field = self.traits.reasoning_field
        if field is None or field == "content":
            return
        if field != "reasoning_details":
            if text := "".join(p.text for p in parts):
                turn[field] = text
            return
        details = [d for i, p in enumerate(parts) for d in render_details(p, i, vendor=True)]
        for call in calls:
            if call.signature is not None:
                details.append(render_tool_signature(call.signature, call.id, len(details)))
        if details:
            turn[field] = details

    def _signs(self) -> bool:
        details = self.traits.reasoning_field == "reasoning_details"
        return not details and "tool_signature" not in self.traits.unsupported

    def _call(self, call: ToolCall) -> JsonObject:
        call_id = fixed_id(call.id, self.traits.tool_id_length)
        if call.kind == "custom":
            value: JsonObject = {"id": call_id, "type": "custom", "custom": {"name": call.name, "input": call.arguments}}
        else:
            function = {"name": call.name, "arguments": call.arguments or "{}"}
            value = {"id": call_id, "type": "function", "function": function}
        if call.signature is not None and self._signs():
            value["extra_content"] = render_google_signature(call.signature)
        if call.cache is not None and self.caching:
            value["cache_control"] = call.cache
        return value

    def _with_fields(self, turn: JsonObject, parts: Sequence[Part]) -> JsonObject:
        """With the message's fields that only this dialect knows."""
        for part in parts:
            if isinstance(part, Opaque):
                turn = _fields(part) | turn
        if not self.caching:
            turn.pop("cache_control", None)
        return turn


def _fields(part: Opaque) -> JsonObject:
    """Message fields that an opaque part carries."""
    fields = part.value.get("fields") if part.dialect == NAME else None
    return fields if isinstance(fields, dict) else {}
