"""Some text of an answer, and lenient readers of the JSON that it stands in."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Piece(Struct, frozen=True):
    """Text of one choice; `finish` is the family's word where this is the last of it."""

    text: str = ""
    finish: str | None = None
    index: int = 0


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; empty for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text_in(value: Any, name: str) -> str | None:
    """A string member, None for anything else."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def count_in(value: Any, name: str) -> int | None:
    """A number as a count (Titan writes floats, recorded: bedrock-invoke), None for anything else."""
    found = value.get(name) if isinstance(value, dict) else None
    return int(found) if isinstance(found, int | float) and not isinstance(found, bool) else None
