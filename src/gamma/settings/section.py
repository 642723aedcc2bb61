"""A YAML file read key by key: each value is checked where it stands, and every fault is kept with its line."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, overload

import yaml

from gamma.providers.catalog import nearest
from gamma.types.secret import Secret

T = TypeVar("T")

_NULL, _BOOL, _INT, _FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))
_WORDS = {_NULL: "null", _BOOL: "true or false", _INT: "a whole number", _FLOAT: "a number"}


class Source:
    """Where values come from: one settings file and the environment.

    Args:
        path: the file; None stands for none, and faults are then said of the environment.
        environ: the environment.
    """

    def __init__(self, path: Path | None, environ: Mapping[str, str]) -> None:
        self.path = path
        self.environ = environ
        self.faults: list[tuple[int, str]] = []

    def fault(self, line: int, message: str) -> None:
        """Keeps a fault; 0 is the line of what the file does not say."""
        self.faults.append((line, message))

    def texts(self) -> tuple[str, ...]:
        """All faults in the order of their lines, each `file:line: message`."""
        name = str(self.path) if self.path else "environment"
        ordered = sorted(dict.fromkeys(self.faults), key=lambda fault: fault[0])
        return tuple(f"{name}:{line}: {text}" if line else f"{name}: {text}" for line, text in ordered)

    def resolve(self, text: str, line: int) -> str | None:
        """A value with `env:NAME` and `file:PATH` looked up; None after a fault. Paths are relative to the file."""
        if text.startswith("env:"):
            name = text.removeprefix("env:").strip()
            found = self.environ.get(name)
            if not found:
                self.fault(line, f"environment variable {name} is not set; set it, or write the value in its place")
                return None
            return found
        if text.startswith("file:"):
            path = Path(text.removeprefix("file:").strip()).expanduser()
            place = path if self.path is None else self.path.parent / path
            try:
                return place.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or "it is not UTF-8 text"
                self.fault(line, f"cannot read {place}: {why}; mend the path, or write the value in its place")
                return None
        return text

    def root(self) -> Section:
        """The file's top level, empty where there is no file, or after the fault that it cannot be read."""
        node: yaml.Node | None = None
        if self.path is not None:
            try:
                node = yaml.compose(self.path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
            except OSError as error:
                self.fault(0, f"cannot be read: {error.strerror}; mend the path given to --config")
            except UnicodeDecodeError:
                self.fault(0, "is not UTF-8 text; save it as UTF-8")
            except yaml.MarkedYAMLError as error:
                mark = error.problem_mark or error.context_mark
                self.fault(mark.line + 1 if mark else 0, f"not YAML: {error.problem}; mend the line")
            except yaml.YAMLError as error:
                self.fault(0, f"not YAML: {error}")
        return Section(self, node, "the settings")


class Value:
    """One value of the file."""

    def __init__(self, source: Source, node: yaml.Node, where: str) -> None:
        self.source = source
        self.node = node
        self.where = where
        self.line = node.start_mark.line + 1

    def fault(self, message: str) -> None:
        """Keeps a fault of this value."""
        self.source.fault(self.line, f"{self.where} {message}")

    def text(self) -> str | None:
        """A string, resolved; numbers count as strings, as people seldom quote them."""
        if isinstance(self.node, yaml.ScalarNode) and self.node.tag not in {_NULL, _BOOL}:
            return self.source.resolve(str(self.node.value), self.line)
        self.fault(f"must be text, not {self.kind}")
        return None

    def secret(self) -> Secret | None:
        """A credential, which is never repeated in a fault."""
        text = self.text()
        return Secret(text) if text else None

    def number(self, low: float, high: float, *, whole: bool = False) -> float | None:
        """A number within bounds, both included."""
        scalar = isinstance(self.node, yaml.ScalarNode) and self.node.tag not in {_NULL, _BOOL}
        text = self.source.resolve(str(self.node.value), self.line) if scalar else ""
        if text is None:
            return None
        what = "a whole number" if whole else "a number"
        try:
            value = int(text) if whole else float(text)
        except ValueError:
            self.fault(f"must be {what}, not {self.kind}")
            return None
        if math.isnan(value) or not low <= value <= high:
            self.fault(f"must be {what} from {low:g} to {high:g}, not {value:g}")
            return None
        return value

    def flag(self) -> bool | None:
        """True or false."""
        text = str(self.node.value).lower() if isinstance(self.node, yaml.ScalarNode) else ""
        resolved = self.source.resolve(text, self.line) if text.startswith(("env:", "file:")) else text
        if resolved is None:
            return None
        if resolved.lower() in {"true", "yes", "on", "1"}:
            return True
        if resolved.lower() in {"false", "no", "off", "0"}:
            return False
        self.fault(f"must be true or false, not {self.kind}")
        return None

    def items(self) -> list[Value]:
        """The members of a list; one value alone counts as a list of it."""
        if isinstance(self.node, yaml.SequenceNode):
            return [Value(self.source, node, f"{self.where}[{i}]") for i, node in enumerate(self.node.value)]
        if isinstance(self.node, yaml.ScalarNode) and self.node.tag != _NULL:
            return [self]
        self.fault(f"must be a list, not {self.kind}")
        return []

    def plain(self) -> Any:
        """JSON-like data, as YAML reads it."""
        return yaml.SafeLoader("").construct_object(self.node, deep=True)

    @property
    def kind(self) -> str:
        """What the value is, in words."""
        if isinstance(self.node, yaml.MappingNode):
            return "a mapping"
        if isinstance(self.node, yaml.SequenceNode):
            return "a list"
        return "nothing" if self.node.tag == _NULL else repr(self.node.value)


class Section:
    """One mapping of the file. Reading a key marks it as known; `close` faults the others.

    Args:
        source: where faults go.
        node: the mapping, or None where the file leaves it out.
        where: its path in the file, for messages.
        line: where its key stands.
    """

    def __init__(self, source: Source, node: yaml.Node | None, where: str, line: int = 0) -> None:
        self.source = source
        self.where = where
        self.line = line or (node.start_mark.line + 1 if node else 0)
        self._known: list[str] = []
        self._values: dict[str, Value] = {}
        self._lines: dict[str, int] = {}
        if node is not None and not (isinstance(node, yaml.ScalarNode) and node.tag == _NULL):
            self._read(node)

    def _read(self, node: yaml.Node) -> None:
        if not isinstance(node, yaml.MappingNode):
            value = Value(self.source, node, self.where)
            value.fault(f"must be a mapping of keys to values, not {value.kind}")
            return
        prefix = "" if self.where == "the settings" else f"{self.where}."
        for key_node, value_node in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in self._values:
                text = f"{prefix}{key} stands twice, first in line {self._lines[key]}; keep one"
                self.source.fault(line, text)
                continue
            self._values[key] = Value(self.source, value_node, f"{prefix}{key}")
            self._lines[key] = line

    def line_of(self, key: str) -> int:
        """The line of a key, or of the section where it lacks the key."""
        return self._lines.get(key, self.line)

    def keys(self) -> Sequence[str]:
        """The keys that are there."""
        return tuple(self._values)

    def take(self, key: str) -> Value | None:
        """A value, None where the key is missing or null."""
        self._known.append(key)
        value = self._values.get(key)
        return None if value is None or value.node.tag == _NULL else value

    @overload
    def get(self, key: str, read: Callable[[Value], T | None], default: T) -> T: ...
    @overload
    def get(self, key: str, read: Callable[[Value], T | None], default: None = None) -> T | None: ...
    def get(self, key: str, read: Callable[[Value], T | None], default: T | None = None) -> T | None:
        """A value as `read` understands it; the default where it is missing or faulty."""
        value = self.take(key)
        found = read(value) if value is not None else None
        return default if found is None else found

    def section(self, key: str) -> Section:
        """A mapping inside; an empty one where the key is missing."""
        value = self.take(key)
        prefix = "" if self.where == "the settings" else f"{self.where}."
        return Section(self.source, value.node if value else None, f"{prefix}{key}", self.line_of(key))

    def texts(self) -> dict[str, str]:
        """A mapping that holds nothing but text."""
        found = {key: self.get(key, Value.text) for key in self._values}
        return {key: text for key, text in found.items() if text is not None}

    def close(self) -> None:
        """Faults every key that nothing has read."""
        for key in self._values:
            if key not in self._known:
                near = nearest(key, self._known) or f"; known are {', '.join(sorted(self._known))}"
                self.source.fault(self._lines[key], f"{self._values[key].where} is not a setting{near}")
