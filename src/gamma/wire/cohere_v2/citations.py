"""Cohere's citations: spans of the answer and the documents or tool outputs they rest on (providers.md 8)."""

from __future__ import annotations

from gamma.types.chat import Citation, JsonObject
from gamma.wire.fields import Fields

_DIALECT = "cohere_v2"
_MEMBERS = ("start", "end", "text", "sources", "content_index", "type")


def parse_citation(value: Fields) -> Citation:
    """One citation; the first source that names a title or address lends it."""
    title = url = None
    for source in value.objects("sources"):
        shown = source.opt_object("document") or source.opt_object("tool_output") or {}
        title, url = title or _text(shown, "title"), url or _text(shown, "url")
    return Citation(
        url=url,
        title=title,
        start=value.opt_int("start"),
        end=value.opt_int("end"),
        dialect=_DIALECT,
        raw={name: value.raw(name) for name in _MEMBERS if value.has(name)},
    )


def render_citation(citation: Citation, text: str = "") -> JsonObject:
    """A citation in Cohere's shape.

    Args:
        citation: as it came, or another dialect's.
        text: the whole text that its offsets count in.
    """
    if citation.dialect == _DIALECT and citation.raw is not None:
        return citation.raw
    shown = {"title": citation.title, "url": citation.url, "text": citation.cited_text}
    source_id = citation.url or citation.title or "source"
    document = {"id": source_id, **{name: value for name, value in shown.items() if value}}
    start, end = citation.start or 0, citation.end if citation.end is not None else len(text)
    return {
        "start": start,
        "end": end,
        "text": text[start:end],
        "sources": [{"type": "document", "id": source_id, "document": document}],
        "type": "TEXT_CONTENT",
    }


def _text(value: JsonObject, name: str) -> str | None:
    found = value.get(name)
    return found if isinstance(found, str) and found else None
