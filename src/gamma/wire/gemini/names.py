"""Google's JSON is protobuf's: every field may be spelt camelCase or snake_case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gamma.wire.fields import Fields

DIALECT = "gemini"
"""This wire's name, and the family of its thought signatures."""

_SNAKE = re.compile(r"_+([a-z0-9])")
_MADE_ID = re.compile(r"call_[0-9a-f]{18}")


def camel_keys(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same object with camelCase keys, this level only."""
    if not any("_" in key for key in value):
        return value
    return {_SNAKE.sub(lambda match: match[1].upper(), key): item for key, item in value.items()}


def proto_fields(value: object, path: str = "") -> Fields:
    """A caller's object, ready to be read by camelCase names whichever way it is spelt.

    Raises:
        InvalidType: `value` is not an object.
    """
    return Fields(camel_keys(value) if isinstance(value, Mapping) else value, path)


def is_made(call_id: str) -> bool:
    """Whether an id was made by `wire.call_ids`, so that no provider ever saw it."""
    return _MADE_ID.fullmatch(call_id) is not None
