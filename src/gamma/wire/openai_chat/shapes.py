"""The JSON shapes of answers in this dialect, read in one typed decode, and leniently where a vendor deviates.

A body that is JSON but breaks a type is read again field by field: what does not fit is dropped, never the whole.
"""

from __future__ import annotations

import types
import typing
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from gamma.errors import ProviderMalformed
from gamma.types.chat import JsonObject
from gamma.wire.openai_chat.usage import WireUsage

NAME = "openai_chat"
"""This dialect's name, as `ChatRequest.dialect` and opaque parts carry it."""

Shape = TypeVar("Shape")
_ABSENT: Any = object()


class CallFunction(Struct, gc=False):
    """A tool call's function; `arguments` is JSON text, from some servers an object."""

    name: str | None = None
    arguments: Any = None


class CallCustom(Struct, gc=False):
    """A free-text tool's call."""

    name: str | None = None
    input: str | None = None


class Call(Struct):
    """A tool call, whole or a fragment."""

    index: int | None = None
    id: str | None = None
    function: CallFunction | None = None
    custom: CallCustom | None = None
    extra_content: Any = None


class Spoken(Struct):
    """A message, or a stream's delta. `content` is text, or a list (mistral), or an object (cloudflare)."""

    content: Any = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[JsonObject] | None = None
    tool_calls: list[Call] | None = None
    function_call: CallFunction | None = None
    annotations: list[JsonObject] | None = None
    audio: JsonObject | None = None
    images: list[JsonObject] | None = None
    extra_content: Any = None

    def is_plain(self) -> bool:
        """Whether it holds nothing but content."""
        return (
            self.tool_calls is None
            and self.reasoning_content is None
            and self.reasoning is None
            and self.reasoning_details is None
            and self.refusal is None
            and self.function_call is None
            and self.annotations is None
            and self.audio is None
            and self.images is None
            and self.extra_content is None
        )


class Logprobs(Struct):
    """Log probabilities of a choice, one object a token."""

    content: list[JsonObject] | None = None


class ChunkChoice(Struct):
    """A choice of a stream's chunk. Perplexity's cumulative `message` beside `delta` is not read (providers.md 9)."""

    index: int | None = None
    delta: Spoken | None = None
    finish_reason: str | None = None
    logprobs: Logprobs | None = None
    error: Any = None


class WholeChoice(Struct):
    """A choice of a whole answer."""

    index: int | None = None
    message: Spoken | None = None
    delta: Spoken | None = None
    finish_reason: str | None = None
    logprobs: Logprobs | None = None
    error: Any = None


class GroqNote(Struct):
    """Groq's `x_groq`: usage of a stream, or an error in it."""

    usage: WireUsage | None = None
    error: Any = None


class Envelope(Struct):
    """What chunks and whole answers have in common."""

    id: str | None = None
    model: str | None = None
    created: int | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    object: str | None = None
    usage: WireUsage | None = None
    x_groq: GroqNote | None = None
    citations: list[Any] | None = None
    search_results: list[Any] | None = None
    cost: Any = None
    error: Any = None
    base_resp: Any = None
    message: Any = None
    detail: Any = None

    def is_error(self) -> bool:
        """Whether it reports a failure although the status was 200 (providers.md 2.1, 9)."""
        return bool(
            self.error
            or self.object == "error"
            or (isinstance(self.base_resp, dict) and self.base_resp.get("status_code"))
            or (self.x_groq is not None and self.x_groq.error)
        )


class Chunk(Envelope):
    """One event of a stream."""

    choices: list[ChunkChoice] | None = None


class Whole(Envelope):
    """A whole answer."""

    choices: list[WholeChoice] | None = None


def read(data: bytes, decoder: msgspec.json.Decoder[Shape]) -> Shape:
    """The typed value of a body.

    Raises:
        ProviderMalformed: it is not JSON, or no object.
    """
    try:
        return decoder.decode(data)
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderMalformed(f"The provider's answer is not JSON: {error}") from error
    value = msgspec.json.decode(data)
    if not isinstance(value, dict):
        raise ProviderMalformed("The provider's answer is no JSON object.")
    return typing.cast("Shape", _salvage(value, decoder.type))


def _salvage(value: Any, kind: Any) -> Any:
    """What of a decoded value fits a type; `_ABSENT` when nothing does."""
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        pass
    for member in typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,):
        if isinstance(value, dict) and isinstance(member, type) and issubclass(member, Struct):
            return _salvage_fields(value, member)
        if isinstance(value, list) and typing.get_origin(member) is list:
            inner = typing.get_args(member)[0]
            return [found for item in value if (found := _salvage(item, inner)) is not _ABSENT]
    return _ABSENT


def _salvage_fields(value: JsonObject, kind: type[Struct]) -> Struct:
    fields = {}
    for field in msgspec.structs.fields(kind):
        if field.name in value and (found := _salvage(value[field.name], field.type)) is not _ABSENT:
            fields[field.name] = found
    return kind(**fields)
