"""Pictures and documents on their way to the model (providers.md 5)."""

from __future__ import annotations

import base64

from gamma.errors import UnsupportedParameter
from gamma.types.chat import JsonObject, Media

_MAGIC = {
    "iVBOR": "image/png",
    "/9j/": "image/jpeg",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp",
    "JVBERi": "application/pdf",
}
"""How base64 of each type begins, for dialects that do not name it."""

_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_MORE_TEXT = frozenset({"application/json", "application/xml", "application/yaml", "application/x-yaml"})


def render_media(part: Media, *, own: bool, path: str, model: str) -> JsonObject:
    """The block for a picture or a document.

    Args:
        part: what to show.
        own: the caller spoke this dialect, so files and fields of it may be sent.
        path: where it stands, for errors.
        model: named in errors.

    Raises:
        UnsupportedParameter: the API takes no such file.
    """
    if own and part.options and isinstance(block := part.options.get("block"), dict):
        return block
    part, mime_type = _unpacked(part)
    if part.kind == "image":
        block = {"type": "image", "source": _source(part, mime_type, own=own, path=path, model=model)}
        if "base64" in block["source"].values() and mime_type not in _IMAGES:
            raise UnsupportedParameter(f"{model} takes images as jpeg, png, gif or webp, not {mime_type}", param=path)
    else:
        block = {"type": "document", "source": _document_source(part, mime_type, own=own, path=path, model=model)}
        title = (part.options or {}).get("title") if own else None
        if title or part.filename:
            block["title"] = title or part.filename
        if own:
            block |= part.options or {}
    if part.cache is not None:
        block["cache_control"] = part.cache
    return block


def _unpacked(part: Media) -> tuple[Media, str | None]:
    """The part without a `data:` address, and its type, guessed where nobody said."""
    if part.url and part.url.startswith("data:"):
        head, _, data = part.url[5:].partition(",")
        part = Media(
            kind=part.kind, mime_type=head.partition(";")[0] or part.mime_type, data=data, filename=part.filename,
            cache=part.cache, options=part.options,
        )  # fmt: skip  # one argument a line says no more
    mime_type = part.mime_type
    if part.data and (mime_type is None or "*" in mime_type or mime_type == "application/octet-stream"):
        mime_type = next((kind for start, kind in _MAGIC.items() if part.data.startswith(start)), mime_type)
    return part, "image/jpeg" if mime_type == "image/jpg" else mime_type


def _source(part: Media, mime_type: str | None, *, own: bool, path: str, model: str) -> JsonObject:
    if part.data is not None:
        return {"type": "base64", "media_type": mime_type, "data": part.data}
    if part.url is not None and part.url.startswith(("https://", "http://")):
        return {"type": "url", "url": part.url}
    if part.file_id is not None and own:
        return {"type": "file", "file_id": part.file_id}
    raise UnsupportedParameter(f"{model} takes {part.kind} input as data or https address", param=path)


def _document_source(part: Media, mime_type: str | None, *, own: bool, path: str, model: str) -> JsonObject:
    if part.text is not None:
        return _plain(part.text)
    if part.data is None or mime_type == "application/pdf":
        return _source(part, mime_type, own=own, path=path, model=model)
    if mime_type is not None and (mime_type.startswith("text/") or mime_type in _MORE_TEXT):
        try:
            return _plain(base64.b64decode(part.data).decode())
        except ValueError:
            raise UnsupportedParameter(f"the {mime_type} file is not UTF-8 text in base64", param=path) from None
    if own:
        return _source(part, mime_type, own=own, path=path, model=model)
    raise UnsupportedParameter(f"{model} takes documents as PDF or text, not {mime_type or 'an unnamed type'}", param=path)


def _plain(text: str) -> JsonObject:
    return {"type": "text", "media_type": "text/plain", "data": text}
