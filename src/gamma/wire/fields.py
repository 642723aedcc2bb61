"""Reading a caller's JSON object field by field, with errors that name the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gamma.errors import InvalidType, MissingField
from gamma.types.chat import JsonObject

_JSON_NAMES = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", int: "a number", float: "a number"}


def json_name(value: object) -> str:
    """What a decoded JSON value is called in an error message."""
    return "null" if value is None else _JSON_NAMES.get(type(value), type(value).__name__)


class Fields:
    """A JSON object being read. Null counts as absent. What nobody asked for is left in `rest()`.

    Args:
        value: the decoded value, which must be an object.
        path: where it stands in the request, such as `messages[2].content[0]`; empty for the body itself.

    Raises:
        InvalidType: `value` is not an object.
    """

    __slots__ = ("_path", "_seen", "_value")

    def __init__(self, value: object, path: str = "") -> None:
        if not isinstance(value, Mapping):
            where = f"`{path}`" if path else "the request body"
            raise InvalidType(f"{where} must be an object, not {json_name(value)}", param=path or None)
        self._value = value
        self._path = path
        self._seen: set[str] = set()

    def at(self, name: str) -> str:
        """The full path of a field."""
        return f"{self._path}.{name}" if self._path else name

    def raw(self, name: str) -> Any:
        """The field as it came, None when absent."""
        self._seen.add(name)
        return self._value.get(name)

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._value.get(name) is not None

    def rest(self) -> JsonObject:
        """Fields that were not read, nulls left out."""
        return {k: v for k, v in self._value.items() if k not in self._seen and v is not None}

    def text(self, name: str) -> str:
        """A required string."""
        value = self.opt_text(name)
        if value is None:
            raise MissingField(f"`{self.at(name)}` is required", param=self.at(name))
        return value

    def opt_text(self, name: str) -> str | None:
        """A string, or None when absent."""
        value: str | None = self._typed(name, str, "a string")
        return value

    def opt_bool(self, name: str) -> bool | None:
        """A boolean, or None when absent."""
        value: bool | None = self._typed(name, bool, "a boolean")
        return value

    def opt_object(self, name: str) -> JsonObject | None:
        """An object, or None when absent."""
        value: JsonObject | None = self._typed(name, dict, "an object")
        return value

    def opt_list(self, name: str) -> list[Any] | None:
        """A list, or None when absent."""
        value: list[Any] | None = self._typed(name, list, "a list")
        return value

    def list_(self, name: str) -> list[Any]:
        """A required list."""
        value = self.opt_list(name)
        if value is None:
            raise MissingField(f"`{self.at(name)}` is required", param=self.at(name))
        return value

    def opt_int(self, name: str, *, low: int | None = None, high: int | None = None) -> int | None:
        """A whole number within bounds, or None when absent. `5.0` counts as 5."""
        value = self.opt_number(name, low=low, high=high)
        if value is None:
            return None
        if value != int(value):
            raise self._wrong(name, "a whole number", value)
        return int(value)

    def opt_number(self, name: str, *, low: float | None = None, high: float | None = None) -> float | None:
        """A finite number within bounds, or None when absent."""
        value = self.raw(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(name, "a number", value)
        if (low is not None and value < low) or (high is not None and value > high):
            bounds = f"at least {low}" if high is None else f"at most {high}" if low is None else f"between {low} and {high}"
            raise InvalidType(f"`{self.at(name)}` must be {bounds}, not {value}", param=self.at(name))
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A string or a list of strings, as a tuple; empty when absent."""
        value = self.raw(name)
        if value is None:
            return ()
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
            raise self._wrong(name, "a string or a list of strings", value)
        return tuple(values)

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str | None:
        """A string of a closed list, or None when absent."""
        value = self.opt_text(name)
        if value is not None and value not in allowed:
            raise InvalidType(f"`{self.at(name)}` must be one of {', '.join(allowed)}, not {value!r}", param=self.at(name))
        return value

    def objects(self, name: str, *, required: bool = False) -> list[Fields]:
        """A list of objects, each ready to be read; empty when absent and not required."""
        values = self.list_(name) if required else self.opt_list(name) or []
        return [Fields(value, f"{self.at(name)}[{i}]") for i, value in enumerate(values)]

    def object(self, name: str) -> Fields:
        """A required object, ready to be read."""
        value = self.opt_object(name)
        if value is None:
            raise MissingField(f"`{self.at(name)}` is required", param=self.at(name))
        return Fields(value, self.at(name))

    def _typed(self, name: str, kind: type, wanted: str) -> Any:
        value = self.raw(name)
        if value is not None and not isinstance(value, kind):
            raise self._wrong(name, wanted, value)
        return value

    def _wrong(self, name: str, wanted: str, value: Any) -> InvalidType:
        return InvalidType(f"`{self.at(name)}` must be {wanted}, not {json_name(value)}", param=self.at(name))
