"""Content parts of messages: text, images, sound, films and files, both ways (providers.md 3)."""

from __future__ import annotations

from typing import Any

from gamma.errors import InvalidType, MissingField, UnsupportedParameter
from gamma.types.chat import JsonObject, Media, MediaKind, Opaque, Part, Reasoning, Refusal, Text
from gamma.wire.fields import Fields
from gamma.wire.openai_chat.shapes import NAME

_SOUND_MIMES = {"mp3": "audio/mpeg", "mpeg": "audio/mpeg"}
_SOUND_FORMATS = {"audio/mpeg": "mp3", "audio/x-wav": "wav", "audio/wave": "wav", "audio/mp3": "mp3"}


def parse_content(turn: Fields, name: str = "content") -> tuple[Part, ...] | None:
    """Parts of a message's content, None when absent.

    Raises:
        InvalidType: it is neither text nor a list of parts.
    """
    value = turn.raw(name)
    if value is None:
        return None
    if isinstance(value, str):
        return (Text(value),)
    if not isinstance(value, list):
        raise InvalidType(f"`{turn.at(name)}` must be a string or a list of parts", param=turn.at(name))
    return tuple(_parse_part(Fields(part, f"{turn.at(name)}[{i}]"), part) for i, part in enumerate(value))


def _parse_part(part: Fields, raw: JsonObject) -> Part:
    kind = part.text("type")
    cache = part.opt_object("cache_control")
    match kind:
        case "text" | "input_text" | "output_text":
            return Text(part.text("text"), cache=cache)
        case "refusal":
            return Refusal(part.text("refusal"))
        case "image_url" | "video_url":
            return _parse_visual(part, kind, cache)
        case "input_audio":
            sound = part.object("input_audio")
            form = sound.opt_text("format") or "wav"
            mime = _SOUND_MIMES.get(form, f"audio/{form}")
            return Media(kind="audio", data=sound.text("data"), mime_type=mime, cache=cache)
        case "file":
            return _parse_file(part, cache)
        case "document_url":  # mistral; kept whole for its own kind of target
            url, title = part.text("document_url"), part.opt_text("document_name")
            return media_of("file", url, filename=title, cache=cache, options=raw)
        case "thinking":  # mistral's returned reasoning
            return Reasoning(text=thinking_text(part.raw("thinking")))
        case _:
            return Opaque(NAME, raw)


def _parse_visual(part: Fields, kind: str, cache: JsonObject | None) -> Media:
    what: MediaKind = "video" if kind == "video_url" else "image"
    if isinstance(part.raw(kind), str):  # mistral takes the address itself
        return media_of(what, part.text(kind), cache=cache)
    inner = part.object(kind)
    return media_of(what, inner.text("url"), detail=inner.opt_text("detail"), cache=cache)


def _parse_file(part: Fields, cache: JsonObject | None) -> Media:
    inner = part.object("file")
    file_id, data, name = inner.opt_text("file_id"), inner.opt_text("file_data"), inner.opt_text("filename")
    if file_id is not None:
        return Media(kind="file", file_id=file_id, filename=name, cache=cache)
    if data is None:
        raise MissingField(f"`{inner.at('file_data')}` or `file_id` is required", param=inner.at("file_data"))
    if data.startswith(("data:", "http:", "https:", "gs:", "s3:")):
        return media_of("file", data, filename=name, cache=cache)
    return Media(kind="file", data=data, filename=name, cache=cache)


def media_of(kind: MediaKind, url: str, **fields: Any) -> Media:
    """A Media of an address; a `data:` URL is split into its type and its base64 text."""
    if not url.startswith("data:"):
        return Media(kind=kind, url=url, **fields)
    head, _, data = url.removeprefix("data:").partition(",")
    return Media(kind=kind, mime_type=head.split(";")[0] or None, data=data, **fields)


def thinking_text(value: object) -> str:
    """The text of a thinking chunk: a string, or a list of text chunks (recorded: mistral)."""
    if isinstance(value, str):
        return value
    chunks = value if isinstance(value, list) else []
    return "".join(c["text"] for c in chunks if isinstance(c, dict) and isinstance(c.get("text"), str))


def render_part(part: Part, param: str, *, caching: bool = False, own: bool = False) -> JsonObject | None:
    """A content part, None for what content cannot hold.

    Args:
        part: Text, Media, Refusal, or Opaque of this dialect.
        param: where it stands in the caller's request, for errors.
        caching: send cache marks along.
        own: the caller wrote this dialect, so parts in its own shape are sent as they came.

    Raises:
        UnsupportedParameter: media in a form that this dialect cannot express.
    """
    match part:
        case Text():
            value: JsonObject | None = {"type": "text", "text": part.text}
        case Refusal():
            value = {"type": "refusal", "refusal": part.text}
        case Media():
            value = dict(part.options) if own and part.options and "type" in part.options else render_media(part, param)
        case Opaque(dialect, raw):
            value = raw if dialect == NAME and "fields" not in raw else None
        case _:
            value = None
    if caching and isinstance(part, Text | Media) and part.cache is not None and value is not None:
        value["cache_control"] = part.cache
    return value


def render_media(media: Media, param: str) -> JsonObject:
    """An image, sound, film or file as a content part.

    Raises:
        UnsupportedParameter: this dialect has no form for it.
    """
    if media.text is not None:
        title = f"{media.filename}\n\n" if media.filename else ""
        return {"type": "text", "text": title + media.text}
    if media.kind == "file":
        return {"type": "file", "file": _render_file(media)}
    if media.kind == "audio" and media.data is not None:
        mime = media.mime_type or "audio/wav"
        form = _SOUND_FORMATS.get(mime) or mime.partition("/")[2]
        return {"type": "input_audio", "input_audio": {"data": media.data, "format": form}}
    if media.kind in ("image", "video") and (media.url or media.data):
        inner: JsonObject = {"url": media.url or data_url(media)}
        if media.detail is not None:
            inner["detail"] = media.detail
        name = f"{media.kind}_url"
        return {"type": name, name: inner}
    given = "an address" if media.url else "a file id"
    raise UnsupportedParameter(f"{media.kind} input by {given} cannot be sent to this model; send its data", param=param)


def data_url(media: Media) -> str:
    """The media's data as a `data:` URL."""
    defaults = {"image": "image/png", "file": "application/pdf", "audio": "audio/wav", "video": "video/mp4"}
    return f"data:{media.mime_type or defaults[media.kind]};base64,{media.data}"


def _render_file(media: Media) -> JsonObject:
    if media.file_id is not None:
        return {"file_id": media.file_id}
    inner: JsonObject = {"file_data": media.url or data_url(media)}
    if media.filename is not None or media.url is None:  # OpenAI requires a name beside data
        inner["filename"] = media.filename or "file"
    return inner
