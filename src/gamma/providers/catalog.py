"""The catalogue of vendors: rows read from TOML, checked when they are loaded."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any, Self

import msgspec

from gamma import plugins
from gamma.errors import SettingsError
from gamma.providers.row import Row

BUILTIN = Path(__file__).with_name("providers.toml")
KINDS = ("embeddings", "rerank", "count_tokens")
"""What a provider is asked for besides chat; also keys of `paths`."""

_IN_PATHS = frozenset({"model", "origin"})
_NOT_DIALECTS = frozenset({"embeddings", "rerank"})


@cache
def dialects() -> tuple[str, ...]:
    """Names of the chat dialects: the packages below `gamma.wire`, sorted."""
    root = Path(plugins.__file__).with_name("wire")
    found = {path.parent.name for path in root.glob("*/__init__.py")}
    return tuple(sorted(found - _NOT_DIALECTS))


def formats(kind: str) -> tuple[str, ...]:
    """Names of the files below `gamma.wire.embeddings` or `gamma.wire.rerank`."""
    return plugins.names(f"gamma.wire.{kind}")


def nearest(name: str, known: Iterable[str]) -> str:
    """A half sentence of help: ` (did you mean 'groq'?)`, or empty when nothing is near."""
    found = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" (did you mean {found[0]!r}?)" if found else ""


def braces(text: str) -> frozenset[str]:
    """Names that stand in braces in an address, path or header.

    Raises:
        ValueError: a brace is left open.
    """
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


class Catalog:
    """Rows by name.

    Args:
        rows: already checked; `read` and `builtin` do so.
    """

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self._rows = dict(rows)

    @classmethod
    def builtin(cls) -> Self:
        """The rows that Gamma ships.

        Raises:
            SettingsError: a row is wrong; its tests keep that from happening.
        """
        return cls({}).read(BUILTIN)

    def read(self, path: Path) -> Self:
        """This catalogue with the rows of a TOML file added; a row of the same name is replaced.

        Raises:
            SettingsError: the file cannot be read, is no TOML, or holds wrong rows; every fault is named.
        """
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise SettingsError((f"{path}: cannot be read: {error.strerror}",)) from None
        except ValueError as error:
            raise SettingsError((f"{path}: not TOML: {error}",)) from None
        rows, faults = dict(self._rows), []
        for name, table in tables.items():
            try:
                rows[name] = row = msgspec.convert(table, Row)
            except msgspec.ValidationError as error:
                faults.append(f"{path}: row {name}: {_plain(error, table)}")
            else:
                faults += [f"{path}: row {name}: {fault}" for fault in row_faults(row)]
        if faults:
            raise SettingsError(tuple(faults))
        return type(self)(rows)

    def row(self, name: str) -> Row:
        """The row of that name.

        Raises:
            LookupError: there is none; the message names the nearest.
        """
        try:
            return self._rows[name]
        except KeyError:
            raise LookupError(f"no provider {name!r} in the catalogue{nearest(name, self._rows)}") from None

    def names(self) -> tuple[str, ...]:
        """All row names, sorted."""
        return tuple(sorted(self._rows))

    def __contains__(self, name: object) -> bool:
        return name in self._rows


def row_faults(row: Row) -> list[str]:
    """What is wrong with a row beyond its types, one sentence each."""
    faults = [f"unknown wire {wire!r}{nearest(wire, dialects())}" for wire in row.wires if wire not in dialects()]
    for kind in ("embeddings", "rerank"):
        name = getattr(row, kind)
        if name is not None and name not in formats(kind):
            faults.append(f"unknown {kind} wire {name!r}{nearest(name, formats(kind))}")
    known = plugins.names("gamma.providers.auth")
    if row.auth.replace("-", "_") not in known:
        faults.append(f"unknown auth {row.auth!r}{nearest(row.auth, known)}")
    faults += [f"exact names {wire!r}, which is not among its wires" for wire in sorted(row.exact - set(row.wires))]
    if not (row.wires or row.embeddings or row.rerank):
        faults.append("it has no wires, no embeddings and no rerank")
    return faults + _path_faults(row)


def _path_faults(row: Row) -> list[str]:
    faults = []
    places = {name.removesuffix(".stream") for name in row.paths}
    faults += [f"paths has {name!r}, which it does not speak" for name in sorted(places - {*row.wires, *KINDS})]
    for where, text in [("base_url", row.base_url), *row.paths.items(), *row.headers.items()]:
        try:
            unknown = braces(text) - row.variables.keys() - (_IN_PATHS if where in row.paths else set())
        except ValueError:
            faults.append(f"{where}: a brace is left open in {text!r}")
            continue
        faults += [f"{where}: {{{name}}} is not among its variables" for name in sorted(unknown)]
    for where, text in [("base_url", row.base_url), *row.paths.items()]:
        if not text.startswith(
            ("https://", "http://") if where == "base_url" else ("/", "{origin}/", "https://", "http://")
        ):
            faults.append(f"{where}: {text!r} is no address")
    return faults


def _plain(error: msgspec.ValidationError, table: Any) -> str:
    """The decoder's sentence, with the nearest field where an unknown one is named."""
    text = str(error)
    if isinstance(table, dict) and "unknown field" in text:
        known = Row.__struct_fields__
        return "; ".join(f"unknown field {key!r}{nearest(key, known)}" for key in table if key not in known) or text
    return text
