"""Tables of the reference pages, made from the code they describe.

python -m tests.docs.reference    prints the table of providers and of their variables, to paste into docs/providers.md
"""

from __future__ import annotations

import types
import typing
from pathlib import Path
from typing import Any

import msgspec

from gamma.providers.catalog import Catalog
from gamma.types.secret import Secret

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md"), *(ROOT / "examples").glob("*.md")])
_WORDS = {bool: "true or false", int: "whole number", float: "number", str: "text", Secret: "secret", dict: "mapping"}


def page(name: str) -> str:
    """A page of docs/."""
    return (DOCS / name).read_text(encoding="utf-8")


def type_word(kind: Any) -> str:
    """A field's type, as a page says it."""
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        members = [type_word(member) for member in typing.get_args(kind) if member is not type(None)]
        return " or ".join(members)
    origin = typing.get_origin(kind) or kind
    if origin is typing.Annotated:
        return type_word(typing.get_args(kind)[0])
    if origin in (tuple, list, frozenset):
        return "list"
    if isinstance(origin, type) and issubclass(origin, msgspec.Struct):
        return "mapping"
    return _WORDS[origin]


def default_word(field: msgspec.structs.FieldInfo) -> str:
    """A field's default, as a page says it."""
    value = field.default if field.default is not msgspec.NODEFAULT else None
    if field.default is msgspec.NODEFAULT:
        if field.default_factory is msgspec.NODEFAULT:
            return "required"
        value = field.default_factory()
        return "empty" if not value else f"`{msgspec.json.encode(value).decode()}`"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, (int, float)):
        return f"`{value:g}`"
    if isinstance(value, str):
        return f"`{value}`"
    return "empty" if value in ((), {}, frozenset()) else "see its table"


def setting_rows(struct: type[msgspec.Struct], *, without: frozenset[str] = frozenset()) -> list[str]:
    """How the row of each field begins: key, type, default."""
    hints = typing.get_type_hints(struct)
    return [
        f"| `{field.name}` | {type_word(hints[field.name])} | {default_word(field)} | "
        for field in msgspec.structs.fields(struct)
        if field.name not in without
    ]


def provider_rows() -> list[str]:
    """One row per provider of the catalogue."""
    catalog = Catalog.builtin()
    rows = []
    for name in catalog.names():
        row = catalog.row(name)
        cells = (
            f"`{name}`",
            row.title,
            _codes(row.env),
            _codes((*row.on, *row.base_url_env)),
            _codes(row.wires),
            _codes((row.embeddings,) if row.embeddings else ()),
            _codes((row.rerank,) if row.rerank else ()),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def variable_rows() -> list[str]:
    """One row per variable of a provider."""
    catalog = Catalog.builtin()
    rows = []
    for name in catalog.names():
        for key, variable in catalog.row(name).variables.items():
            default = "required" if variable.default is None else f"`{variable.default}`" if variable.default else "none"
            rows.append(f"| `{name}` | `{key}` | {_codes(variable.env)} | {default} |")
    return rows


def _codes(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words) or "-"


if __name__ == "__main__":
    print("\n".join([*provider_rows(), "", *variable_rows()]))  # noqa: T201  # its output is what it is for
