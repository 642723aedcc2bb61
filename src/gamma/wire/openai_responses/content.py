"""Content of messages and tool outputs: `input_text`, `input_image`, `input_file`, `output_text`, `refusal` and back."""

from __future__ import annotations

from typing import Any

from gamma.errors import InvalidRequest, InvalidType, MissingField
from gamma.types.chat import JsonObject, Media, Opaque, Part, Refusal, Text
from gamma.wire.fields import Fields, json_name
from gamma.wire.openai_responses.annotations import parse_annotations
from gamma.wire.openai_responses.names import NAME

_TEXT_TYPES = frozenset({"input_text", "output_text", "text", "summary_text"})
_MIME_OF_SUFFIX = {
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "html": "text/html",
    "json": "application/json",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_SUFFIX_OF_MIME = {mime: suffix for suffix, mime in _MIME_OF_SUFFIX.items()}


def parse_content(value: Any, path: str, *, phase: str | None = None) -> tuple[Part, ...]:
    """A string or a list of content parts; null gives none.

    Args:
        value: as the caller wrote it.
        path: where it stands in the request, for error messages.
        phase: of the assistant's message that holds it.

    Raises:
        InvalidType, MissingField, InvalidRequest: naming the part.
    """
    if value is None:
        return ()
    if isinstance(value, str):
        return (Text(value, phase=phase),)
    if not isinstance(value, list):
        raise InvalidType(f"`{path}` must be a string or a list, not {json_name(value)}", param=path)
    return tuple(_parse_part(Fields(part, f"{path}[{i}]"), phase) for i, part in enumerate(value))


def _parse_part(part: Fields, phase: str | None) -> Part:
    kind = part.text("type")
    if kind in _TEXT_TYPES:
        return Text(
            part.text("text"),
            citations=parse_annotations(part.opt_list("annotations")),
            signature=part.opt_text("thought_signature"),
            cache=_parse_breakpoint(part.opt_object("prompt_cache_breakpoint")),
            phase=phase,
        )
    if kind == "refusal":
        return Refusal(part.text("refusal"))
    if kind == "input_image":
        return _parse_image(part)
    if kind == "input_file":
        return _parse_file(part)
    if kind == "input_audio":
        return _parse_audio(part.object("input_audio"))
    return Opaque(NAME, {"type": kind, **part.rest()})


def _parse_image(part: Fields) -> Media:
    detail, cache = part.opt_text("detail"), _parse_breakpoint(part.opt_object("prompt_cache_breakpoint"))
    if (file_id := part.opt_text("file_id")) is not None:
        return Media(kind="image", file_id=file_id, detail=detail, cache=cache)
    value = part.raw("image_url")
    if isinstance(value, dict):  # the chat dialect's shape, sent by some clients
        value = value.get("url")
    if not isinstance(value, str):
        raise MissingField(f"`{part.at('image_url')}` or `file_id` is required", param=part.at("image_url"))
    mime, data = _split_data_url(value)
    if data is None:
        return Media(kind="image", url=value, detail=detail, cache=cache)
    return Media(kind="image", mime_type=mime, data=data, detail=detail, cache=cache)


def _parse_file(part: Fields) -> Media:
    filename, cache = part.opt_text("filename"), _parse_breakpoint(part.opt_object("prompt_cache_breakpoint"))
    if (file_id := part.opt_text("file_id")) is not None:
        return Media(kind="file", file_id=file_id, filename=filename, cache=cache)
    if (url := part.opt_text("file_url")) is not None:
        return Media(kind="file", url=url, filename=filename, mime_type=_mime_of_name(filename), cache=cache)
    value = part.opt_text("file_data")
    if value is None:
        raise MissingField(f"`{part.at('file_data')}`, `file_url` or `file_id` is required", param=part.at("file_data"))
    mime, data = _split_data_url(value)
    mime = mime or _mime_of_name(filename)
    return Media(kind="file", mime_type=mime, data=value if data is None else data, filename=filename, cache=cache)


def _parse_audio(audio: Fields) -> Media:
    form = audio.text("format")
    return Media(kind="audio", mime_type="audio/mpeg" if form == "mp3" else f"audio/{form}", data=audio.text("data"))


def _split_data_url(value: str) -> tuple[str | None, str | None]:
    """MIME type and base64 data of a `data:` URL; no data for anything else."""
    if not value.startswith("data:"):
        return None, None
    head, comma, data = value[5:].partition(",")
    mime, _, options = head.partition(";")
    return (mime or None, data) if comma and options.endswith("base64") else (None, None)


def _mime_of_name(filename: str | None) -> str | None:
    return _MIME_OF_SUFFIX.get(filename.rpartition(".")[2].lower()) if filename else None


def _parse_breakpoint(value: JsonObject | None) -> JsonObject | None:
    """OpenAI's `prompt_cache_breakpoint` in the canonical (Anthropic's) shape."""
    if value is None:
        return None
    return {"type": "ephemeral", "ttl": "1h"} if value.get("ttl") == "12h" else {"type": "ephemeral"}


def _render_breakpoint(cache: JsonObject) -> JsonObject:
    return {"mode": "explicit", "ttl": "12h"} if cache.get("ttl") == "1h" else {"mode": "explicit"}


def render_content(parts: tuple[Part, ...], *, flatten: bool, breakpoints: bool) -> str | list[JsonObject]:
    """Content of a message that is not the assistant's, or of a tool's output.

    Args:
        parts: Text, Media and Opaque; others are left out.
        flatten: text alone becomes one string.
        breakpoints: write `prompt_cache_breakpoint`, which older models refuse.
    """
    if flatten and all(isinstance(part, Text) for part in parts):
        return "\n".join(part.text for part in parts if isinstance(part, Text))
    content: list[JsonObject] = []
    for part in parts:
        value = _render_part(part)
        if value is None:
            continue
        cache = getattr(part, "cache", None)
        if breakpoints and cache is not None:
            value["prompt_cache_breakpoint"] = _render_breakpoint(cache)
        content.append(value)
    return content


def _render_part(part: Part) -> JsonObject | None:
    if isinstance(part, Text):
        return {"type": "input_text", "text": part.text}
    if isinstance(part, Media):
        return _render_media(part)
    if isinstance(part, Opaque) and part.dialect == NAME:
        return dict(part.value)
    return None


def _render_media(media: Media) -> JsonObject:
    if media.text is not None:
        return {"type": "input_text", "text": media.text}
    if media.kind == "image":
        return _render_image(media)
    if media.kind == "file":
        return _render_file(media)
    raise InvalidRequest(f"this dialect has no {media.kind} input")


def _render_image(media: Media) -> JsonObject:
    value: JsonObject = {"type": "input_image"}
    if media.file_id is not None:
        value["file_id"] = media.file_id
    else:
        value["image_url"] = media.url or f"data:{media.mime_type or 'image/png'};base64,{media.data or ''}"
    if media.detail is not None:
        value["detail"] = media.detail
    return value


def _render_file(media: Media) -> JsonObject:
    if media.file_id is not None:
        return {"type": "input_file", "file_id": media.file_id}
    if media.url is not None:
        return {"type": "input_file", "file_url": media.url}
    mime = media.mime_type or "application/pdf"
    name = media.filename or f"document.{_SUFFIX_OF_MIME.get(mime, 'bin')}"
    return {"type": "input_file", "filename": name, "file_data": f"data:{mime};base64,{media.data or ''}"}
