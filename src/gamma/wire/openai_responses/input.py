"""Input items to messages: what the assistant said in one turn becomes one message, tool outputs another."""

from __future__ import annotations

from typing import Any

from gamma.errors import InvalidType, MissingField
from gamma.types.chat import Media, Message, Opaque, Part, Reasoning, Role, Text, ToolCall, ToolResult
from gamma.wire.fields import Fields, json_name
from gamma.wire.openai_responses.content import parse_content
from gamma.wire.openai_responses.names import NAME, OWN_REASONING_ID
from gamma.wire.openai_responses.seal import unseal

_ROLES = ("user", "assistant", "system", "developer")


def parse_input(value: Any) -> list[Message]:
    """The messages of `input`.

    Args:
        value: a string or a list of items.

    Raises:
        InvalidType, MissingField, InvalidRequest: naming the item and field.
    """
    if isinstance(value, str):
        return [Message("user", (Text(value),))]
    if not isinstance(value, list):
        raise InvalidType(f"`input` must be a string or a list, not {json_name(value)}", param="input")
    conversation = _Conversation()
    for i, item in enumerate(value):
        conversation.add(Fields(item, f"input[{i}]"))
    return conversation.messages()


class _Conversation:
    """Messages being collected; neighbours of one role that make one turn are joined."""

    def __init__(self) -> None:
        self._turns: list[tuple[Role, list[Part]]] = []
        self._names: dict[str, str] = {}  # call id -> tool name, for tool results

    def messages(self) -> list[Message]:
        return [Message(role, tuple(parts)) for role, parts in self._turns]

    def add(self, item: Fields) -> None:
        kind = item.opt_text("type")
        if kind == "message" or (kind is None and item.has("role")):
            self._add_message(item)
        elif kind in ("function_call", "custom_tool_call"):
            self._join("assistant", self._parse_call(item, kind))
        elif kind in ("function_call_output", "custom_tool_call_output"):
            self._join("tool", self._parse_result(item, kind))
        elif kind == "reasoning":
            self._join("assistant", _parse_reasoning(item))
        elif kind == "image_generation_call" and item.has("result"):
            self._join("assistant", _parse_image_call(item))
        elif kind is not None or item.has("id"):  # hosted tools' items; a bare id is an item_reference
            self._join("assistant", Opaque(NAME, item.rest() if kind is None else {"type": kind, **item.rest()}))
        else:
            raise MissingField(f"`{item.at('type')}` or `role` is required", param=item.at("type"))

    def _join(self, role: Role, *parts: Part) -> None:
        if self._turns and self._turns[-1][0] == role:
            self._turns[-1][1].extend(parts)
        else:
            self._turns.append((role, list(parts)))

    def _add_message(self, item: Fields) -> None:
        role = item.one_of("role", _ROLES)
        if role is None:
            raise MissingField(f"`{item.at('role')}` is required", param=item.at("role"))
        if not item.has("content"):
            raise MissingField(f"`{item.at('content')}` is required", param=item.at("content"))
        parts = parse_content(item.raw("content"), item.at("content"), phase=item.opt_text("phase"))
        if role == "assistant":
            self._join("assistant", *parts)
        elif role == "user":
            self._turns.append(("user", list(parts)))
        else:  # `system` is kept for `instructions`, which stand above every item and are not stored with them
            self._turns.append(("developer", list(parts)))

    def _parse_call(self, item: Fields, kind: str) -> ToolCall:
        call_id, name = _call_id(item), item.text("name")
        self._names[call_id] = name
        if kind == "custom_tool_call":
            return ToolCall(id=call_id, name=name, arguments=item.text("input"), kind="custom")
        arguments = item.opt_text("arguments") or "{}"
        return ToolCall(id=call_id, name=name, arguments=arguments, signature=item.opt_text("thought_signature"))

    def _parse_result(self, item: Fields, kind: str) -> ToolResult:
        call_id = _call_id(item)
        return ToolResult(
            call_id=call_id,
            parts=parse_content(item.raw("output"), item.at("output")),
            name=self._names.get(call_id),
            kind="custom" if kind == "custom_tool_call_output" else "function",
        )


def _call_id(item: Fields) -> str:
    return item.opt_text("call_id") or item.opt_text("id") or item.text("call_id")


def _parse_reasoning(item: Fields) -> Reasoning:
    summary = [part.text("text") for part in item.objects("summary")]
    content = [part.text("text") for part in item.objects("content")]
    text, raw = "\n\n".join(summary or content), not summary and bool(content)
    item_id = item.opt_text("id")
    own = item_id is not None and item_id.startswith(OWN_REASONING_ID)
    sealed = item.opt_text("encrypted_content")
    if sealed:
        dialect, signature, encrypted = unseal(sealed)
        item_id = item_id if dialect == NAME and not own else None
        return Reasoning(text=text, signature=signature, encrypted=encrypted, id=item_id, dialect=dialect, raw=raw)
    if own:
        return Reasoning(text=text, raw=raw)
    return Reasoning(text=text, id=item_id, dialect=NAME, raw=raw)


def _parse_image_call(item: Fields) -> Media:
    data, form = item.text("result"), item.opt_text("output_format") or "png"
    options = {"type": "image_generation_call", **item.rest()}
    options |= {"output_format": form} if item.has("output_format") else {}
    return Media(kind="image", mime_type=f"image/{form}", data=data, options=options)
