"""What the embeddings dialects share: typed decoding, vectors as base64, texts of a request."""

from __future__ import annotations

import base64
import binascii
import sys
from array import array
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from gamma.errors import InvalidType, ProviderMalformed, UnsupportedParameter
from gamma.types.chat import JsonObject
from gamma.types.embedding import EmbeddingRequest, InputType
from gamma.wire.fields import Fields, json_name
from gamma.wire.provider_errors import parse_error

T = TypeVar("T")
Vector = tuple[float, ...]

HINTS = frozenset({"truncate", "truncation", "autoTruncate", "keep_alive", "options", "normalized", "priority", "user"})
"""Fields of one dialect that another may leave out: they tune the server or say what to do with texts too long."""
_LEAST, _MOST = 1e-25, 1e6  # float32 components of real embeddings lie between, or are 0; no number compares false
_TOLD_BY = 64  # components that are looked at


def decode(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """A provider's answer, typed.

    Raises:
        ProviderMalformed: it is not JSON or not of this shape.
        ProviderError: it is an error object.
    """
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise_error_object(body)
        raise ProviderMalformed(f"The provider's answer holds no vectors: {error}.") from error


def raise_error_object(body: bytes) -> None:
    """Raises what an error object says; does nothing for any other body.

    Raises:
        ProviderError: the body is an error object.
    """
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    if isinstance(value, dict) and not {"error", "errors", "message", "detail"}.isdisjoint(value):
        raise parse_error(200, {}, body)


def encode_vector(vector: Iterable[float]) -> str:
    """A vector as base64 of little-endian float32."""
    values = array("f", vector)
    if sys.byteorder == "big":
        values.byteswap()
    return base64.b64encode(values).decode()


def decode_vector(text: str) -> Vector:
    """A vector from base64: little-endian float32, or one signed byte per dimension (recorded: perplexity).

    The encoding is not declared, so bytes that make no sense as float32 are read as int8: nearly every group of four small
    integers is no number or has an exponent that no component of an embedding has.

    Raises:
        ProviderMalformed: it is not base64.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProviderMalformed(f"The provider's vector is not base64: {error}.") from error
    if len(data) % 4 == 0:
        values = array("f", data)
        if sys.byteorder == "big":
            values.byteswap()
        if all(v == 0 or _LEAST < abs(v) < _MOST for v in values[:_TOLD_BY]):
            return tuple(values)
    return tuple(map(float, array("b", data)))


def input_texts(fields: Fields, name: str) -> tuple[str, ...]:
    """A required string or list of strings, at least one.

    Raises:
        MissingField: it is absent.
        InvalidType: it is something else, or empty.
    """
    if not fields.has(name):
        fields.text(name)  # raises: it is absent
    texts = fields.texts(name)
    if not texts:
        raise InvalidType(f"`{fields.at(name)}` must hold at least one text", param=fields.at(name))
    return texts


def token_inputs(fields: Fields, name: str) -> tuple[str | tuple[int, ...], ...]:
    """A required string, list of strings, list of token ids, or list of lists of token ids."""
    value = fields.raw(name)
    if isinstance(value, list) and value and all(map(_is_token, value)):
        return (tuple(value),)
    if isinstance(value, list) and value and all(isinstance(v, list) and v and all(map(_is_token, v)) for v in value):
        return tuple(tuple(tokens) for tokens in value)
    if value is not None and not isinstance(value, str | list):
        where = fields.at(name)
        raise InvalidType(f"`{where}` must be texts or token ids, not {json_name(value)}", param=where)
    return input_texts(fields, name)


def _is_token(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def texts_of(request: EmbeddingRequest, model: str) -> list[str]:
    """The texts to embed.

    Raises:
        UnsupportedParameter: some are token ids, which only OpenAI's dialect carries.
    """
    texts = [text for text in request.inputs if isinstance(text, str)]
    if len(texts) != len(request.inputs):
        raise UnsupportedParameter(f"{model} takes texts, not token ids; send the text itself", param="input")
    return texts


def carried_extra(request: EmbeddingRequest, model: str, *dialects: str) -> JsonObject:
    """The caller's own fields, where the caller spoke one of these dialects.

    Raises:
        UnsupportedParameter: the caller spoke another dialect, and a field is no mere hint.
    """
    if request.dialect in dialects:
        return request.extra
    if odd := sorted(request.extra.keys() - HINTS):
        raise UnsupportedParameter(f"{model} cannot take `{odd[0]}`; leave it out", param=odd[0])
    return {}


def task(value: str | None, tasks: dict[InputType, str]) -> InputType | None:
    """The canonical input type of a dialect's word for it, None when the word has no counterpart."""
    return next((ours for ours, theirs in tasks.items() if theirs == value), None)
