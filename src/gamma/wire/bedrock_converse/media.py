"""Images, documents, sounds and films: Converse names formats where others name media types (providers.md 7.1)."""

from __future__ import annotations

import re

from gamma.errors import UnsupportedParameter
from gamma.types.chat import JsonObject, Media, MediaKind
from gamma.wire.fields import Fields

_FORMATS: dict[str, dict[str, str]] = {
    "image": {"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"},
    "document": {
        "pdf": "application/pdf",
        "csv": "text/csv",
        "doc": "application/msword",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls": "application/vnd.ms-excel",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "html": "text/html",
        "txt": "text/plain",
        "md": "text/markdown",
    },
    "video": {
        "mkv": "video/x-matroska",
        "mov": "video/quicktime",
        "mp4": "video/mp4",
        "webm": "video/webm",
        "flv": "video/x-flv",
        "mpeg": "video/mpeg",
        "mpg": "video/mpg",
        "wmv": "video/x-ms-wmv",
        "three_gp": "video/3gpp",
    },
    "audio": {
        "mp3": "audio/mpeg",
        "opus": "audio/opus",
        "wav": "audio/wav",
        "aac": "audio/aac",
        "flac": "audio/flac",
        "mp4": "audio/mp4",
        "ogg": "audio/ogg",
        "mka": "audio/x-matroska",
        "m4a": "audio/m4a",
        "pcm": "audio/pcm",
        "webm": "audio/webm",
    },
}
_ALIASES = {
    "image/jpg": "jpeg",
    "audio/mp3": "mp3",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/x-m4a": "m4a",
    "video/mov": "mov",
    "application/json": "txt",
}
_MAGIC = {"iVBOR": "png", "/9j/": "jpeg", "R0lGOD": "gif", "UklGR": "webp", "JVBER": "pdf"}  # first bytes, as base64
_FORMAT_OF = {member: {mime: name for name, mime in table.items()} for member, table in _FORMATS.items()}
_MEMBER: dict[MediaKind, str] = {"image": "image", "file": "document", "video": "video", "audio": "audio"}
_KIND: dict[str, MediaKind] = {member: kind for kind, member in _MEMBER.items()}
MEMBERS = tuple(_KIND)
"""Union members of a content block that hold media."""

_ODD_NAME_CHARACTERS = re.compile(r"[^A-Za-z0-9 ()\[\]-]+")
_SPACES = re.compile(r"\s+")


def parse_media(member: str, block: Fields) -> Media | None:
    """What an `image`, `document`, `video` or `audio` block holds; None where its source has no canonical form."""
    value = block.object(member)
    source = value.object("source")
    format_name = value.opt_text("format") or ("txt" if source.has("text") else "")
    options = {name: value.raw(name) for name in ("citations", "context") if value.has(name)}
    location = source.opt_object("s3Location") or {}
    if owner := location.get("bucketOwner"):
        options["bucketOwner"] = owner
    media = Media(
        kind=_KIND[member],
        mime_type=_FORMATS[member].get(format_name),
        data=source.opt_text("bytes"),
        url=location.get("uri"),
        text=source.opt_text("text"),
        filename=value.opt_text("name"),
        options=options or None,
    )
    return media if media.data or media.url or media.text is not None else None


def render_media(media: Media, names: set[str], where: str) -> JsonObject:
    """A content block.

    Args:
        media: what to send.
        names: document names used so far in this request; a new one is added (they must differ).
        where: the request field at fault, should it not be possible.

    Raises:
        UnsupportedParameter: an address outside S3, a file id, or a format that Converse has no word for.
    """
    member = _MEMBER[media.kind]
    options = media.options or {}
    value: JsonObject = {"format": _format(media, member, where), "source": _source(media, options, where)}
    if member == "document":
        value["name"] = _name(media.filename, names)
        value |= {key: options[key] for key in ("context", "citations") if options.get(key)}
    return {member: value}


def _source(media: Media, options: JsonObject, where: str) -> JsonObject:
    if media.data:
        return {"bytes": media.data}
    if media.text is not None and media.kind == "file":
        return {"text": media.text}
    if media.url and media.url.startswith("s3://"):
        owner = {"bucketOwner": options["bucketOwner"]} if options.get("bucketOwner") else {}
        return {"s3Location": {"uri": media.url, **owner}}
    what = "by file id" if media.file_id else "by address, except s3://"
    raise UnsupportedParameter(f"this model cannot take {media.kind} input {what}; send its data instead", param=where)


def _format(media: Media, member: str, where: str) -> str:
    mime = (media.mime_type or "").partition(";")[0].strip().lower()
    table = _FORMATS[member]
    found = _FORMAT_OF[member].get(mime) or (alias if (alias := _ALIASES.get(mime)) in table else None)
    if found is None and media.data:
        found = next((name for magic, name in _MAGIC.items() if name in table and media.data.startswith(magic)), None)
    if found is None:
        extension = (media.filename or media.url or "").rpartition(".")[2].lower()
        found = extension if extension in table else None
    if found is None and member == "document" and (media.text is not None or mime.startswith("text/")):
        found = "txt"
    if found is None:
        known = ", ".join(table)
        raise UnsupportedParameter(
            f"this model takes {media.kind} input only as {known}, not {mime or 'untyped'}", param=where
        )
    return found


def _name(filename: str | None, names: set[str]) -> str:
    """A document name of the characters that Converse allows, different from those before it."""
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", filename or "document")
    base = _SPACES.sub(" ", _ODD_NAME_CHARACTERS.sub(" ", stem)).strip()[:190] or "document"
    name, count = base, 1
    while name in names:
        count += 1
        name = f"{base} ({count})"
    names.add(name)
    return name
