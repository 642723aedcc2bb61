"""Sources of an answer: `groundingMetadata` and `citationMetadata` to citations, and back to `groundingMetadata`.

Google counts bytes of UTF-8, Gamma counts characters, both from the start of the text part (google-genai 3.4: Segment).
"""

from __future__ import annotations

from typing import Any

from gamma.types.chat import Citation, JsonObject
from gamma.wire.gemini.names import DIALECT
from gamma.wire.gemini.shapes import Candidate

_LISTS = ("groundingChunks", "groundingSupports")


def parse_citations(candidate: Candidate, text: str) -> list[Citation]:
    """Citations of one candidate whose text so far is `text`."""
    found: list[Citation] = []
    if metadata := candidate.grounding_metadata:
        found.extend(_grounded(metadata, text.encode()))
    if recited := candidate.citation_metadata:
        for source in recited.citations or recited.citation_sources or ():
            start, end = _characters(source, text.encode())
            title, url = _text(source.get("title")), _text(source.get("uri"))
            raw = {"citation": source}
            found.append(Citation(url=url, title=title, start=start, end=end, dialect=DIALECT, raw=raw))
    return found


def beside_text(candidate: Candidate) -> JsonObject:
    """What a candidate says of its sources beyond citations: search queries, the search entry point, fetched pages."""
    kept: JsonObject = {}
    if metadata := candidate.grounding_metadata:
        rest = {key: value for key, value in metadata.items() if key not in _LISTS}
        if rest:
            kept["groundingMetadata"] = rest
    if candidate.url_context_metadata:
        kept["urlContextMetadata"] = candidate.url_context_metadata
    return kept


def render_grounding(citations: list[tuple[Citation, str]]) -> JsonObject:
    """`groundingMetadata` for citations, each with the text that it belongs to; empty without citations."""
    chunks: list[JsonObject] = []
    supports: list[JsonObject] = []
    for citation, text in citations:
        chunk = _chunk(citation)
        if chunk not in chunks:
            chunks.append(chunk)
        if citation.end is None and citation.cited_text is None:
            continue
        segment = _segment(citation, text)
        index = chunks.index(chunk)
        if supports and supports[-1]["segment"] == segment:
            supports[-1]["groundingChunkIndices"].append(index)
        else:
            supports.append({"segment": segment, "groundingChunkIndices": [index]})
    return {"groundingChunks": chunks, "groundingSupports": supports} if chunks else {}


def _grounded(metadata: JsonObject, text: bytes) -> list[Citation]:
    chunks = [chunk for chunk in _list(metadata, "groundingChunks") if isinstance(chunk, dict)]
    supports = [support for support in _list(metadata, "groundingSupports") if isinstance(support, dict)]
    found, used = [], set()
    for support in supports:
        segment = support.get("segment")
        segment = segment if isinstance(segment, dict) else {}
        start, end = _characters(segment, text)
        for index in _list(support, "groundingChunkIndices"):
            if isinstance(index, int) and 0 <= index < len(chunks):
                used.add(index)
                raw = {"groundingChunk": chunks[index], "groundingSupport": support}
                found.append(_citation(chunks[index], raw, start, end, _text(segment.get("text"))))
    found.extend(_citation(c, {"groundingChunk": c}, None, None, None) for i, c in enumerate(chunks) if i not in used)
    return found


def _citation(chunk: JsonObject, raw: JsonObject, start: int | None, end: int | None, cited: str | None) -> Citation:
    sources = (chunk.get(kind) for kind in ("web", "retrievedContext", "maps"))
    source: JsonObject = next((found for found in sources if isinstance(found, dict)), {})
    url, title = _text(source.get("uri")), _text(source.get("title"))
    return Citation(url=url, title=title, cited_text=cited, start=start, end=end, dialect=DIALECT, raw=raw)


def _characters(segment: JsonObject, text: bytes) -> tuple[int | None, int | None]:
    start, end = segment.get("startIndex", 0), segment.get("endIndex")  # a start of zero is left out
    if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start <= end <= len(text):
        return None, None
    return len(text[:start].decode("utf-8", "ignore")), len(text[:end].decode("utf-8", "ignore"))


def _segment(citation: Citation, text: str) -> JsonObject:
    segment: JsonObject = {}
    if citation.start is not None and citation.end is not None:
        segment["startIndex"] = len(text[: citation.start].encode())
        segment["endIndex"] = len(text[: citation.end].encode())
    cited = citation.cited_text or (text[citation.start : citation.end] if segment else "")
    return {**segment, "text": cited} if cited else segment


def _chunk(citation: Citation) -> JsonObject:
    if citation.dialect == DIALECT and citation.raw and isinstance(chunk := citation.raw.get("groundingChunk"), dict):
        return chunk
    web = {"uri": citation.url, "title": citation.title or citation.url}
    return {"web": {key: value for key, value in web.items() if value is not None}}


def _list(value: JsonObject, name: str) -> list[Any]:
    found = value.get(name)
    return found if isinstance(found, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
