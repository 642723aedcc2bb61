"""Reasoning that travels on messages: plain text fields, and details with signatures or encrypted data (providers.md 3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gamma.types.chat import JsonObject, Reasoning

_FAMILIES = (("anthropic", "anthropic_messages"), ("google", "gemini"), ("openai", "openai_responses"))
_VENDOR_FORMATS = {
    "anthropic_messages": "anthropic-claude-v1",
    "bedrock_converse": "anthropic-claude-v1",
    "gemini": "google-gemini-v1",
    "openai_responses": "openai-responses-v1",
}

SIGNED_TEXT = frozenset({"anthropic_messages", "bedrock_converse"})
"""Dialects whose signatures cover the text of their part, so that text and signature must come back together."""


def family(format_name: object) -> str:
    """Whose signatures a detail's `format` speaks of: a dialect's name, vendors' names included; itself when unknown.

    `anthropic-claude-v1`, `google-gemini-v1`, `openai-responses-v1` (recorded: openrouter, vercel-gateway, snowflake).
    """
    if not isinstance(format_name, str) or format_name == "unknown":
        return ""
    for prefix, dialect in _FAMILIES:
        if format_name.startswith(prefix):
            return dialect
    return format_name


def parse_detail(detail: Mapping[str, Any]) -> Reasoning:
    """One entry of `reasoning_details`."""
    text, dialect = detail.get("text") or detail.get("summary"), family(detail.get("format"))
    return Reasoning(
        text=text if isinstance(text, str) else "",
        signature=_text(detail.get("signature")),
        encrypted=_text(detail.get("data")),
        id=_text(detail.get("id")),
        dialect=dialect,
        raw=dialect == "openai_responses" and detail.get("type") == "reasoning.text",
    )


def parse_reasoning(text: str | None, details: Iterable[Mapping[str, Any]] | None) -> list[Reasoning]:
    """Reasoning parts of a whole message; entries of one index are fragments of one part.

    Args:
        text: `reasoning_content` or `reasoning`.
        details: `reasoning_details`; where they hold no text themselves, `text` belongs to the first.
    """
    parts: list[Reasoning] = []
    last: object = None
    for detail in details or ():
        part, index = parse_detail(detail), detail.get("index")
        if parts and index is not None and index == last:
            parts[-1] = _merge(parts[-1], part)
        else:
            parts.append(part)
        last = index
    parts = [p for p in parts if p.text or p.signature or p.encrypted]
    if text and not any(p.text for p in parts):
        if parts and (parts[0].signature or parts[0].dialect == "openai_responses"):  # one item holds both
            parts[0] = msgspec.structs.replace(parts[0], text=text)
        else:
            parts.insert(0, Reasoning(text=text))
    return parts


def _merge(one: Reasoning, two: Reasoning) -> Reasoning:
    return Reasoning(
        text=one.text + two.text,
        signature=_join(one.signature, two.signature),
        encrypted=_join(one.encrypted, two.encrypted),
        id=one.id or two.id,
        dialect=one.dialect or two.dialect,
        raw=one.raw or two.raw,
    )


def _join(one: str | None, two: str | None) -> str | None:
    return (one or "") + (two or "") or None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def render_details(part: Reasoning, index: int, *, vendor: bool = False) -> list[JsonObject]:
    """`reasoning_details` of one part: its text with the signature, its encrypted data, or both.

    Args:
        part: with `dialect` naming who issued signature or data.
        index: the part's place among the reasoning of its message.
        vendor: name the format as providers do (towards one), else by dialect (towards callers).
    """
    form = (_VENDOR_FORMATS.get(part.dialect, part.dialect) if vendor else part.dialect) or "unknown"
    common: JsonObject = {"format": form, "index": index} | ({"id": part.id} if part.id is not None else {})
    details: list[JsonObject] = []
    if part.signature is not None:
        details.append({"type": "reasoning.text", "text": part.text, "signature": part.signature} | common)
    elif part.text and part.dialect == "openai_responses" and not part.raw:
        details.append({"type": "reasoning.summary", "summary": part.text} | common)
    elif part.text:
        details.append({"type": "reasoning.text", "text": part.text} | common)
    if part.encrypted is not None:
        details.append({"type": "reasoning.encrypted", "data": part.encrypted} | common)
    return details


def render_tool_signature(signature: str, call_id: str, index: int) -> JsonObject:
    """A Gemini signature of a tool call as an entry of `reasoning_details`, told by the call's id (recorded: openrouter)."""
    detail_format = _VENDOR_FORMATS["gemini"]
    return {"type": "reasoning.encrypted", "data": signature, "format": detail_format, "id": call_id, "index": index}


def tool_signatures(details: Iterable[Mapping[str, Any]] | None, call_ids: set[str]) -> dict[str, str]:
    """Gemini signatures that `reasoning_details` hold for tool calls, by the call's id (recorded: openrouter)."""
    found = {}
    for detail in details or ():
        call_id, data = detail.get("id"), detail.get("data")
        if (
            isinstance(call_id, str)
            and call_id in call_ids
            and isinstance(data, str)
            and family(detail.get("format")) == "gemini"
        ):
            found[call_id] = data
    return found


def google_signature(extra_content: object) -> str | None:
    """Google's `extra_content.google.thought_signature`, on a tool call or a message."""
    google = extra_content.get("google") if isinstance(extra_content, dict) else None
    return _text(google.get("thought_signature")) if isinstance(google, dict) else None


def render_google_signature(signature: str) -> JsonObject:
    """The `extra_content` that carries a thought signature."""
    return {"google": {"thought_signature": signature}}
