"""Content blocks of a caller's messages (providers.md 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from gamma.errors import InvalidType, MissingField
from gamma.types.chat import Citation, JsonObject, Media, Message, Opaque, Part, Reasoning, Text, ToolCall, ToolResult
from gamma.wire.anthropic_messages.names import NAME
from gamma.wire.anthropic_messages.signature import unwrap_signature
from gamma.wire.fields import Fields, json_name

_ROLES = ("user", "assistant", "system")


def parse_message(message: Fields) -> list[Message]:
    """One message as canonical turns: a user's tool results come apart from what else the user says.

    Raises:
        MissingField, InvalidType: naming the field.
    """
    role = message.text("role")
    if role not in _ROLES:
        raise InvalidType(
            f"`{message.at('role')}` must be user, assistant or system, not {role!r}", param=message.at("role")
        )
    parts = parse_content(message.raw("content"), message.at("content"))
    results = tuple(part for part in parts if isinstance(part, ToolResult))
    if not results:
        return [Message(role, parts)]  # type: ignore[arg-type]  # one of _ROLES
    others = tuple(part for part in parts if not isinstance(part, ToolResult))
    return [Message("tool", results), *([Message(role, others)] if others else [])]  # type: ignore[arg-type]  # as above


def parse_content(value: Any, path: str) -> tuple[Part, ...]:
    """A string, or a list of blocks."""
    if value is None:
        raise MissingField(f"`{path}` is required", param=path)
    if isinstance(value, str):
        return (Text(value),)
    if not isinstance(value, list):
        raise InvalidType(f"`{path}` must be a string or a list of blocks, not {json_name(value)}", param=path)
    return tuple(_parse_block(block, f"{path}[{i}]") for i, block in enumerate(value))


def _parse_block(value: Any, path: str) -> Part:
    block = Fields(value, path)
    parse = _PARSERS.get(block.text("type"))
    return Opaque(NAME, value) if parse is None else parse(block, value)


def _text(block: Fields, _: JsonObject) -> Text:
    citations = tuple(parse_citation(raw) for raw in block.opt_list("citations") or [] if isinstance(raw, dict))
    return Text(block.text("text"), citations, cache=block.opt_object("cache_control"))


def parse_citation(raw: JsonObject) -> Citation:
    """A citation of any kind: its source in general terms, and the whole of it for this dialect."""

    def text(*names: str) -> str | None:
        return next((value for name in names if isinstance(value := raw.get(name), str)), None)

    # `start_char_index` counts in the cited document, not in the answer: it stays in `raw`
    return Citation(
        url=text("url"),
        title=text("title", "document_title"),
        cited_text=text("cited_text"),
        dialect=NAME,
        raw=raw,
    )


def _image(block: Fields, _: JsonObject) -> Media:
    source = block.object("source")
    return Media(
        kind="image",
        mime_type=source.opt_text("media_type"),
        cache=block.opt_object("cache_control"),
        options=None,
        **_place(source),
    )


def _place(source: Fields) -> dict[str, str]:
    kind = source.text("type")
    if kind == "base64":
        return {"data": source.text("data")}
    if kind == "url":
        return {"url": source.text("url")}
    if kind == "file":
        return {"file_id": source.text("file_id")}
    if kind == "text":
        return {"text": source.text("data")}
    raise InvalidType(f"`{source.at('type')}` must be base64, url, text or file, not {kind!r}", param=source.at("type"))


def _document(block: Fields, value: JsonObject) -> Media:
    source = block.object("source")
    if source.raw("type") == "content":
        return _quoted(value, value["source"].get("content"), block.opt_text("title"))
    cache, title = block.opt_object("cache_control"), block.opt_text("title")
    block.raw("type")
    options = block.rest()  # `citations`, `context`
    if title is not None:
        options["title"] = title
    media_type = source.opt_text("media_type") or (None if source.raw("type") == "file" else "application/pdf")
    return Media(kind="file", mime_type=media_type, filename=title, cache=cache, options=options or None, **_place(source))


def _search_result(block: Fields, value: JsonObject) -> Media:
    return _quoted(value, block.list_("content"), block.opt_text("title"))


def _quoted(value: JsonObject, content: Any, title: str | None) -> Media:
    """A block that holds text of its own: told as a text document elsewhere, sent as it came in this dialect."""
    blocks = content if isinstance(content, list) else [{"text": content}]
    texts = [b["text"] for b in blocks if isinstance(b, dict) and isinstance(b.get("text"), str)]
    return Media(kind="file", mime_type="text/plain", text="\n".join(texts), filename=title, options={"block": value})


def _thinking(block: Fields, _: JsonObject) -> Reasoning:
    return unwrap_signature(block.opt_text("thinking") or "", block.opt_text("signature") or "", NAME)


def _redacted(block: Fields, _: JsonObject) -> Reasoning:
    return Reasoning(encrypted=block.text("data"), dialect=NAME)


def _tool_use(block: Fields, value: JsonObject) -> Part:
    caller = block.opt_object("caller") or {}
    if caller.get("type", "direct") != "direct" or block.has("toolset_name"):
        return Opaque(NAME, value)  # called by a hosted tool: only this dialect knows how the two hang together
    return ToolCall(
        id=block.text("id"),
        name=block.text("name"),
        arguments=msgspec.json.encode(block.opt_object("input") or {}).decode(),
        signature=block.opt_text("thought_signature"),
        cache=block.opt_object("cache_control"),
    )


def _tool_result(block: Fields, _: JsonObject) -> ToolResult:
    content = block.raw("content")
    parts = () if content is None else parse_content(content, block.at("content"))
    return ToolResult(
        call_id=block.text("tool_use_id"),
        parts=tuple(_quoted(p.value, p.value.get("tool_name"), None) if isinstance(p, Opaque) else p for p in parts),
        is_error=block.opt_bool("is_error") or False,
        cache=block.opt_object("cache_control"),
    )


_PARSERS: dict[str, Callable[[Fields, JsonObject], Part]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "search_result": _search_result,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}
