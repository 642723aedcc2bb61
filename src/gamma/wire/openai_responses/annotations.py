"""Annotations of output text, to citations and back."""

from __future__ import annotations

from typing import Any

from gamma.types.chat import Citation, JsonObject
from gamma.wire.openai_responses.names import NAME


def parse_annotation(value: object) -> Citation | None:
    """The citation, or None for what is no annotation."""
    if not isinstance(value, dict):
        return None
    inner = value.get("url_citation")  # the chat dialect nests it; some compatible servers do here too
    fields: JsonObject = inner if isinstance(inner, dict) else value
    return Citation(
        url=_text(fields.get("url")),
        title=_text(fields.get("title")) or _text(fields.get("filename")),
        start=_whole(fields.get("start_index")),
        end=_whole(fields.get("end_index")),
        dialect=NAME,
        raw=value,
    )


def parse_annotations(values: object) -> tuple[Citation, ...]:
    """The citations of a list of annotations; what is none is left out."""
    if not isinstance(values, list):
        return ()
    return tuple(c for value in values if (c := parse_annotation(value)) is not None)


def render_annotation(citation: Citation, text: str) -> JsonObject:
    """The annotation in the shape that the official types accept.

    Args:
        citation: whose source it names.
        text: the text part that it belongs to, to find offsets that the provider left out.
    """
    raw = citation.raw
    needed = _WHOLE.get(str(raw.get("type"))) if raw is not None and citation.dialect == NAME else None
    if raw is not None and needed is not None and needed <= raw.keys():
        return raw
    start, end = _span(citation, text)
    if citation.url is None:
        name = citation.title or "document"
        return {"type": "file_citation", "file_id": name, "filename": name, "index": start}
    return {
        "type": "url_citation",
        "url": citation.url,
        "title": citation.title or "",
        "start_index": start,
        "end_index": end,
    }


_WHOLE = {
    "url_citation": {"url", "title", "start_index", "end_index"},
    "file_citation": {"file_id", "filename", "index"},
    "container_file_citation": {"container_id", "file_id", "filename", "start_index", "end_index"},
    "file_path": {"file_id", "index"},
}


def _span(citation: Citation, text: str) -> tuple[int, int]:
    start, end = citation.start, citation.end
    if start is None and citation.cited_text and (found := text.find(citation.cited_text)) >= 0:
        return found, found + len(citation.cited_text)
    start = 0 if start is None else start
    return start, max(start, len(text)) if end is None else end


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
