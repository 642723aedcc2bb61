"""Content blocks of messages, both ways: Converse uses one shape in requests and answers (providers.md 7.1)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

import msgspec

from gamma.types.chat import Citation, JsonObject, Opaque, Part, Reasoning, Text, ToolCall, ToolResult
from gamma.wire.bedrock_converse.media import MEMBERS, parse_media
from gamma.wire.fields import Fields

DIALECT = "bedrock_converse"
SIGNATURE_FAMILY = frozenset({"anthropic_messages", DIALECT})
"""Dialects whose reasoning signatures Bedrock issues and takes."""

STRUCTURED_TOOL = "gamma_structured_output"
"""Reserved name of the tool that a model is forced to call where it has no structured output of its own."""

_TOOL_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_TTLS = frozenset({"5m", "1h"})


def parse_block(block: Fields, *, strict: bool = True) -> Part | None:
    """One content block.

    Args:
        block: the union object.
        strict: required members must be there (a caller's request); else they are made up (a provider's answer).

    Returns:
        Its canonical part; Opaque where only Converse knows it; None for a cache point or an empty block.

    Raises:
        InvalidType, MissingField: a member has the wrong type or lacks.
    """
    if block.has("text"):
        return Text(block.text("text"))
    for member in MEMBERS:
        if block.has(member):
            return parse_media(member, block) or Opaque(DIALECT, {member: block.raw(member)})
    for member, read in _READERS.items():
        if block.has(member):
            return read(block.object(member), strict)
    block.raw("cachePoint")
    rest = block.rest()
    return Opaque(DIALECT, rest) if rest else None


def parse_cache(block: Fields) -> JsonObject | None:
    """The cache control that a `cachePoint` block stands for, None for any other block."""
    point = block.opt_object("cachePoint")
    if point is None:
        return None
    return {"type": "ephemeral", **({"ttl": point["ttl"]} if point.get("ttl") in _TTLS else {})}


def render_cache(cache: JsonObject | None) -> list[JsonObject]:
    """The `cachePoint` block that follows a part marked for caching, if any."""
    if cache is None:
        return []
    ttl = cache.get("ttl")
    return [{"cachePoint": {"type": "default", **({"ttl": ttl} if ttl in _TTLS else {})}}]


def parse_citation(value: Fields) -> Citation:
    """A source of a generated text."""
    location = value.opt_object("location") or {}
    web = location.get("web")
    sources = (source.opt_text("text") for source in value.objects("sourceContent"))
    cited = "".join(text for text in sources if text)
    title, source = value.opt_text("title"), value.opt_text("source")
    raw = {name: value.raw(name) for name in ("title", "source", "sourceContent", "location") if value.has(name)}
    url = web.get("url") if isinstance(web, dict) else source if source and "://" in source else None
    return Citation(url=url, title=title, cited_text=cited or None, dialect=DIALECT, raw=raw)


def render_citation(citation: Citation) -> JsonObject:
    """A source in Converse's shape: as it came, or built from what is known."""
    if citation.dialect == DIALECT and citation.raw is not None:
        return citation.raw
    value: JsonObject = {}
    if citation.title:
        value["title"] = citation.title
    if citation.cited_text:
        value["sourceContent"] = [{"text": citation.cited_text}]
    if citation.url:
        value["location"] = {"web": {"url": citation.url}}
    return value


def render_reasoning(part: Reasoning, *, unsigned: bool) -> JsonObject | None:
    """A reasoning block, or None where it may not be sent.

    Args:
        part: the reasoning.
        unsigned: text without a signature of this family may be sent too.
    """
    ours = part.dialect in SIGNATURE_FAMILY
    if ours and part.encrypted:
        return {"reasoningContent": {"redactedContent": part.encrypted}}
    if ours and part.signature:
        return {"reasoningContent": {"reasoningText": {"text": part.text, "signature": part.signature}}}
    return {"reasoningContent": {"reasoningText": {"text": part.text}}} if unsigned and part.text else None


def read_arguments(text: str) -> JsonObject:
    """A tool call's arguments as the object that Converse wants.

    Raises:
        ValueError: they are no JSON object.
    """
    if text.strip() in ("", "null"):  # several vendors write null where a tool has no arguments (providers.md 17)
        return {}
    value = msgspec.json.decode(text)
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004  # one class for every kind of unusable text
    return value


def tool_id(call_id: str) -> str:
    """The id itself where Converse's pattern allows it, else one derived from it."""
    return call_id if _TOOL_ID.fullmatch(call_id) else f"call_{hashlib.sha256(call_id.encode()).hexdigest()[:24]}"


def made_up_id(*seeds: object) -> str:
    """An id for a call that came without one, the same for the same seeds."""
    return f"call_{hashlib.sha256(repr(seeds).encode()).hexdigest()[:24]}"


def _tool_use(value: Fields, strict: bool) -> Part:
    if value.opt_text("type") == "server_tool_use":
        return Opaque(DIALECT, {"toolUse": {"type": "server_tool_use", **value.rest()}})
    name = value.text("name") if strict else value.opt_text("name") or ""
    call_id = value.text("toolUseId") if strict else value.opt_text("toolUseId")
    given = value.opt_object("input") if strict else value.raw("input")
    arguments = given if isinstance(given, str) else msgspec.json.encode(given or {}).decode()
    if name == STRUCTURED_TOOL:
        return Text(arguments)
    return ToolCall(id=call_id or made_up_id(name, arguments), name=name, arguments=arguments)


def _tool_result(value: Fields, strict: bool) -> Part:
    if not strict or value.has("type"):  # the result of a provider's own tool
        return Opaque(DIALECT, {"toolResult": value.rest()})
    parts: list[Part] = []
    for block in value.objects("content", required=True):
        part = _tool_result_part(block)
        if part is not None:
            parts.append(part)
    status = value.one_of("status", ("success", "error"))
    return ToolResult(call_id=value.text("toolUseId"), parts=tuple(parts), is_error=status == "error")


def _tool_result_part(block: Fields) -> Part | None:
    if block.has("json"):
        return Text(msgspec.json.encode(block.raw("json")).decode())
    if block.has("searchResult"):
        return Text(msgspec.json.encode(block.raw("searchResult")).decode())
    part = parse_block(block)
    return None if isinstance(part, Opaque) else part


def _reasoning(value: Fields, _strict: bool) -> Part:
    redacted = value.opt_text("redactedContent")
    if redacted is not None:
        return Reasoning(encrypted=redacted, dialect="anthropic_messages")
    text = Fields(value.opt_object("reasoningText") or {}, value.at("reasoningText"))
    signature = text.opt_text("signature") or None
    family = "anthropic_messages" if signature else DIALECT
    return Reasoning(text=text.opt_text("text") or "", signature=signature, dialect=family)


def _citations(value: Fields, _strict: bool) -> Part:
    text = "".join(piece.opt_text("text") or "" for piece in value.objects("content"))
    return Text(text, citations=tuple(parse_citation(citation) for citation in value.objects("citations")))


_READERS: dict[str, Callable[[Fields, bool], Part]] = {
    "toolUse": _tool_use,
    "toolResult": _tool_result,
    "reasoningContent": _reasoning,
    "citationsContent": _citations,
}
