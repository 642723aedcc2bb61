"""Images, sounds, films and files: `inlineData` (base64) and `fileData` (an address) between Google's words and ours."""

from __future__ import annotations

from gamma.errors import UnsupportedParameter
from gamma.types.chat import JsonObject, Media, MediaKind
from gamma.wire.fields import Fields
from gamma.wire.gemini.names import camel_keys

_UPLOADED = "https://generativelanguage.googleapis.com/"  # files of Google's Files API are named by such an address
_SUFFIXES = {
    "aac": "audio/aac",
    "aiff": "audio/aiff",
    "avi": "video/x-msvideo",
    "bmp": "image/bmp",
    "csv": "text/csv",
    "flac": "audio/flac",
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "html": "text/html",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "m4a": "audio/mp4",
    "md": "text/markdown",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "ogg": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "txt": "text/plain",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
    "wmv": "video/x-ms-wmv",
}
_MAGIC = {
    "iVBORw0KGgo": "image/png",
    "/9j/": "image/jpeg",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp",
    "JVBERi": "application/pdf",
    "SUQz": "audio/mpeg",
}
_DEFAULTS: dict[MediaKind, str] = {
    "image": "image/png",
    "audio": "audio/wav",
    "video": "video/mp4",
    "file": "application/pdf",
}


def media_kind(mime_type: str | None) -> MediaKind:
    """What a MIME type holds; `file` for all but images, sounds and films."""
    match (mime_type or "").partition("/")[0]:
        case "image":
            return "image"
        case "audio":
            return "audio"
        case "video":
            return "video"
        case _:
            return "file"


def parse_inline(blob: Fields, options: JsonObject | None = None) -> Media:
    """A caller's `inlineData`."""
    mime_type = blob.opt_text("mimeType")
    return Media(
        kind=media_kind(mime_type),
        mime_type=mime_type,
        data=blob.text("data"),
        filename=blob.opt_text("displayName"),
        options=options,
    )


def parse_file(file: Fields, options: JsonObject | None = None) -> Media:
    """A caller's `fileData`."""
    uri = file.text("fileUri")
    mime_type = file.opt_text("mimeType") or _guess(uri)
    uploaded = uri.startswith(_UPLOADED)
    return Media(
        kind=media_kind(mime_type),
        mime_type=mime_type,
        url=None if uploaded else uri,
        file_id=uri if uploaded else None,
        filename=file.opt_text("displayName"),
        options=options,
    )


def render_media(part: Media) -> JsonObject:
    """A part that holds the medium.

    Raises:
        UnsupportedParameter: it is a file kept with another vendor.
    """
    if part.text is not None:
        return {"text": part.text}
    extra = _extra(part)
    if part.data is not None:
        return {"inlineData": {"mimeType": part.mime_type or _sniff(part), "data": part.data}, **extra}
    uri = part.url or part.file_id or ""
    if part.url is None and not uri.startswith((_UPLOADED, "files/", "gs://")):
        raise UnsupportedParameter("a file kept with another vendor cannot be sent; send its data instead", param="messages")
    mime_type = part.mime_type or _guess(uri) or (None if part.kind == "file" else _DEFAULTS[part.kind])
    return {"fileData": {"mimeType": mime_type, "fileUri": uri} if mime_type else {"fileUri": uri}, **extra}


def _extra(part: Media) -> JsonObject:
    options = camel_keys(part.options or {})
    return {key: options[key] for key in ("videoMetadata", "mediaResolution") if key in options}


def _guess(uri: str) -> str | None:
    path = uri.partition("?")[0].partition("#")[0].rpartition("/")[2]
    return _SUFFIXES.get(path.rpartition(".")[2].lower())


def _sniff(part: Media) -> str:
    data = part.data or ""
    by_name = _guess(part.filename) if part.filename else None
    return by_name or next((mime for magic, mime in _MAGIC.items() if data.startswith(magic)), _DEFAULTS[part.kind])
