"""Tables of the reference pages, made from the code they describe.

python -m tests.docs.reference    prints the tables of docs/providers.md and of what dialects refuse (docs/surfaces.md)
"""

from __future__ import annotations

import types
import typing
from pathlib import Path
from typing import Any

import msgspec

from gamma import plugins
from gamma.errors import UnsupportedParameter
from gamma.providers.catalog import Catalog, dialects
from gamma.types.chat import ChatRequest, Media, Message, Part, ReasoningOptions, ResponseFormat, Text, Tool
from gamma.types.secret import Secret
from gamma.wire.base import Target

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md"), *(ROOT / "examples").glob("*.md")])
BY_MODEL = frozenset({"bedrock_invoke"})
"""Dialects whose abilities depend on the model."""

_DATA = "aGVsbG8="
ASKED: dict[str, Any] = {
    "tools": (Tool(name="t", parameters={"type": "object", "properties": {}}),),
    "response_format": ResponseFormat(kind="json_object"),
    "reasoning": ReasoningOptions(effort="low"),
    "temperature": 0.5,
    "top_p": 0.5,
    "top_k": 5,
    "min_p": 0.1,
    "n": 2,
    "stop": ("end",),
    "seed": 7,
    "presence_penalty": 0.5,
    "frequency_penalty": 0.5,
    "logit_bias": {"5": 1.0},
    "logprobs": True,
    "modalities": ("text", "audio"),
    "web_search": {},
    "previous_response_id": "resp_1",
    "suffix": "end",
}
CONTENT: dict[str, Part] = {
    "images": Media(kind="image", mime_type="image/png", data=_DATA),
    "images by address": Media(kind="image", url="https://example.com/a.png"),
    "audio": Media(kind="audio", mime_type="audio/wav", data=_DATA),
    "files": Media(kind="file", mime_type="application/pdf", data=_DATA, filename="a.pdf"),
    "video": Media(kind="video", mime_type="video/mp4", data=_DATA),
}
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


def refused_rows() -> list[str]:
    """One row per dialect: the fields and kinds of content that it refuses to be sent, tried out one by one."""
    rows = []
    for name in dialects():
        if name not in BY_MODEL:
            fields = tuple(field for field, value in ASKED.items() if refuses(name, field, value))
            kinds = tuple(kind for kind, part in CONTENT.items() if refuses(name, "messages", _turn(Text("x"), part)))
            rows.append(f"| `{name}` | {_codes(fields)} | {', '.join(kinds) or '-'} |")
    return rows


def refuses(dialect: str, field: str, value: Any) -> bool:
    """Whether a request with that field cannot be rendered in a dialect."""
    request = ChatRequest(**{"model": "m", "messages": _turn(Text("x")), field: value})
    try:
        plugins.load("gamma.wire", dialect)().render_request(request, Target(model="m"))
    except UnsupportedParameter:
        return True
    return False


def _turn(*parts: Part) -> tuple[Message, ...]:
    return (Message(role="user", parts=parts),)


def _codes(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words) or "-"


if __name__ == "__main__":
    print("\n".join([*provider_rows(), "", *variable_rows(), "", *refused_rows()]))  # noqa: T201  # its output is what it is for
