"""A request's body: read once in outline, in full only when it is translated, and forwarded byte for byte."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw

from gamma.errors import InvalidType, MalformedJson, UnsupportedParameter
from gamma.providers.base import Provider
from gamma.wire.shapes import Shape, outline
from gamma.wire.support import HINTS

_fields = msgspec.json.Decoder(dict[str, Raw])
_encode = msgspec.json.encode
_NEXT_KEY = re.compile(rb'[\s,{]*"(?:[^"\\]|\\.)*"\s*:\s*')
_MODEL_FIRST = re.compile(rb'\s*\{\s*"model"\s*:\s*')
_USAGE_OPTION = b'"stream_options":{"include_usage":true}'


class Body:
    """A JSON request body.

    Args:
        data: the bytes as they came.
        dialect: the served wire's name.

    Attributes:
        shape: its outline.

    Raises:
        CallerError: as `wire.shapes.outline`.
    """

    __slots__ = ("_value", "data", "shape")

    def __init__(self, data: bytes, dialect: str) -> None:
        self.data = data
        self.shape: Shape = outline(dialect, data)
        self._value: dict[str, Any] | None = None

    @property
    def value(self) -> Mapping[str, Any]:
        """The whole body, decoded."""
        if self._value is None:
            try:
                value = msgspec.json.decode(self.data)
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
                raise MalformedJson(f"the body is not valid JSON: {error}") from None
            if not isinstance(value, dict):
                raise InvalidType("the request body must be an object")
            self._value = value
        return self._value

    def forward(self, provider: Provider, model: str, *, drop: bool, ask_usage: bool) -> bytes:
        """The bytes for a provider of the same dialect: as they came, with its own name of the model.

        Args:
            model: the provider's name of the model; empty when the path carries it.
            drop: leave out fields that the provider cannot take instead of refusing.
            ask_usage: a stream's token counts must be asked for, and the caller has not.

        Raises:
            UnsupportedParameter: the provider cannot take a field.
        """
        if provider.edits_body:
            data = self._edited(provider, model, drop=drop)
        elif model and model != self.shape.model:
            data = self._with_model(model)
        else:
            data = self.data
        if ask_usage:
            end = data.rindex(b"}")
            data = b"%b,%b%b" % (data[:end], _USAGE_OPTION, data[end:])
        return data

    def _with_model(self, model: str) -> bytes:
        """The body with another model; every other byte stays."""
        data, name = self.data, _encode(model)
        first = _MODEL_FIRST.match(data)
        if first is not None and data.startswith(old := _encode(self.shape.model), first.end()):
            return b"%b%b%b" % (data[: first.end()], name, data[first.end() + len(old) :])
        fields = _fields.decode(data)
        span = _span("model", data, fields)
        if span is not None:
            return b"%b%b%b" % (data[: span[0]], name, data[span[1] :])
        fields["model"] = Raw(name)  # a key stands twice: the last one counts, as for every JSON reader
        return _encode(fields)

    def _edited(self, provider: Provider, model: str, *, drop: bool) -> bytes:
        fields: dict[str, Any] = dict(_fields.decode(self.data))
        for name in sorted(fields.keys() & provider.traits.unsupported):
            if not drop and name not in HINTS and bytes(fields[name]) not in (b"null", b"false"):
                raise UnsupportedParameter(
                    f"{model} cannot take `{name}`; leave it out, or set drop_unsupported: true on the model", param=name
                )
            del fields[name]
        if model:
            fields["model"] = Raw(_encode(model))
        return _encode(provider.adjust_body(fields))


def _span(wanted: str, data: bytes, fields: Mapping[str, Raw]) -> tuple[int, int] | None:
    """Where a top-level value stands, found by stepping from value to value.

    Returns:
        Start and end, or None when the steps do not meet (a key that stands twice).
    """
    position = 0
    for name, value in fields.items():
        key = _NEXT_KEY.match(data, position)
        if key is None:
            return None
        position = key.end() + memoryview(value).nbytes
        if name == wanted:
            return (key.end(), position) if data.startswith(bytes(value), key.end()) else None
    return None
