"""What the rerank dialects share: typed decoding, documents of a request, documents beside results."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from gamma.errors import InvalidType, ProviderMalformed, UnsupportedParameter
from gamma.types.chat import JsonObject
from gamma.types.rerank import Ranked, RerankRequest
from gamma.wire.fields import Fields, json_name
from gamma.wire.provider_errors import parse_error

T = TypeVar("T")

HINTS = frozenset({"truncation", "priority", "parameters", "user"})
"""Fields of one dialect that another may leave out."""


def decode(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """A provider's answer, typed.

    Raises:
        ProviderMalformed: it is not JSON or not of this shape.
        ProviderError: it is an error object.
    """
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _raise_error_object(body)
        raise ProviderMalformed(f"The provider's answer holds no results: {error}.") from error


def _raise_error_object(body: bytes) -> None:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    if isinstance(value, dict) and not {"error", "errors", "message", "detail"}.isdisjoint(value):
        raise parse_error(200, {}, body)


def documents(fields: Fields, name: str) -> tuple[str, ...]:
    """A required list of texts, or of objects with a `text`.

    Raises:
        MissingField: it is absent.
        InvalidType: an item is something else, or there is none.
    """
    items = fields.list_(name)
    if not items:
        raise InvalidType(f"`{fields.at(name)}` must hold at least one document", param=fields.at(name))
    return tuple(_document(item, f"{fields.at(name)}[{i}]") for i, item in enumerate(items))


def _document(item: object, path: str) -> str:
    if isinstance(item, str):
        return item
    text = text_of(item)
    if text is None:
        raise InvalidType(f"`{path}` must be a string or an object with `text`, not {json_name(item)}", param=path)
    return text


def text_of(document: Any) -> str | None:
    """A document's text as answers hold it: a string, or an object with `text`."""
    if isinstance(document, dict):
        document = document.get("text")
    return document if isinstance(document, str) else None


def carried_extra(request: RerankRequest, model: str, *dialects: str) -> JsonObject:
    """The caller's own fields, where the caller spoke one of these dialects.

    Raises:
        UnsupportedParameter: the caller spoke another dialect, and a field is no mere hint.
    """
    if request.dialect in dialects:
        return request.extra
    if odd := sorted(request.extra.keys() - HINTS):
        raise UnsupportedParameter(f"{model} cannot take `{odd[0]}`; leave it out", param=odd[0])
    return {}


def ordered(results: Iterable[Ranked]) -> tuple[Ranked, ...]:
    """The most relevant first; equal scores keep their order."""
    return tuple(sorted(results, key=lambda result: -result.score))


def document_of(result: Ranked, request: RerankRequest) -> str | None:
    """The document to show beside a result, None when the caller did not ask or the index is foreign."""
    if not request.return_documents:
        return None
    if result.document is not None:
        return result.document
    return request.documents[result.index] if 0 <= result.index < len(request.documents) else None
