"""Arguments that Vertex streams value by value (`streamFunctionCallArguments`), put together again."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import msgspec

from gamma.types.chat import JsonObject
from gamma.wire.gemini.shapes import FunctionCall, PartialArg

_STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d{1,6})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]""")  # RFC 9535, one value
_MAX_GAP = 1_000  # an index further past the end of its list is no honest answer


class StreamedArguments:
    """One call's arguments while they arrive; strings of the same path are appended."""

    def __init__(self) -> None:
        self._value: JsonObject = {}

    def add(self, call: FunctionCall) -> None:
        """Takes the values of the next piece."""
        if bytes(call.args):
            whole = msgspec.json.decode(call.args)
            if isinstance(whole, dict):
                self._value.update(whole)
        for piece in call.partial_args or ():
            self._put(piece)

    def text(self) -> str:
        """The arguments so far, as JSON."""
        return msgspec.json.encode(self._value).decode()

    def _put(self, piece: PartialArg) -> None:
        steps = [_step(match) for match in _STEP.finditer(piece.json_path.removeprefix("$"))]
        if not steps:
            return
        place: Any = self._value
        for step, following in pairwise(steps):
            place = _enter(place, step, [] if isinstance(following, int) else {})
            if place is None:
                return
        _set(place, steps[-1], _value(piece))


def _step(match: re.Match[str]) -> str | int:
    if match[2] is not None:
        return int(match[2])
    return next(group for group in (match[1], match[3], match[4]) if group is not None)


def _enter(place: Any, step: str | int, fresh: Any) -> Any:
    if isinstance(place, dict) and isinstance(step, str):
        return place.setdefault(step, fresh)
    if isinstance(place, list) and isinstance(step, int) and _reach(place, step):
        if place[step] is None:
            place[step] = fresh
        return place[step]
    return None


def _set(place: Any, step: str | int, value: Any) -> None:
    if isinstance(place, dict) and isinstance(step, str):
        before = place.get(step)
    elif isinstance(place, list) and isinstance(step, int) and _reach(place, step):
        before = place[step]
    else:
        return
    place[step] = before + value if isinstance(before, str) and isinstance(value, str) else value


def _reach(place: list[Any], index: int) -> bool:
    if index - len(place) > _MAX_GAP:
        return False
    place.extend([None] * (index + 1 - len(place)))
    return True


def _value(piece: PartialArg) -> Any:
    if piece.string_value is not None:
        return piece.string_value
    if piece.bool_value is not None:
        return piece.bool_value
    if piece.number_value is not None:
        return int(piece.number_value) if piece.number_value.is_integer() else piece.number_value
    return None
