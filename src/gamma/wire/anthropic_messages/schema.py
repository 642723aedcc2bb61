"""JSON Schema as Claude's structured output takes it."""

from __future__ import annotations

from typing import Any

from gamma.types.chat import JsonObject

_REFUSED = frozenset(
    {
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "maxItems",
        "uniqueItems", "minProperties", "maxProperties",
    }
)  # fmt: skip  # a set of words reads better in rows
"""Keywords that structured output answers with 400 (S: the official client moves them into the description)."""

_MAPS = frozenset({"properties", "$defs", "definitions"})


def object_schema(schema: JsonObject | None) -> JsonObject:
    """A schema whose top is an object, as `input_schema` must be (400 otherwise, recorded: anthropic)."""
    if not schema:
        return {"type": "object", "properties": {}}
    return schema if schema.get("type") == "object" else {**schema, "type": "object"}


def closed_schema(schema: Any) -> Any:
    """The schema with every object closed and refused keywords told in words instead.

    Args:
        schema: a schema written for another dialect.
    """
    if isinstance(schema, list):
        return [closed_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed: JsonObject = {}
    told: list[str] = []
    for key, value in schema.items():
        if key in _REFUSED or (key == "minItems" and value not in (0, 1)):
            told.append(f"{key}: {value}")
        elif key in _MAPS and isinstance(value, dict):
            closed[key] = {name: closed_schema(inner) for name, inner in value.items()}
        elif key in {"enum", "const", "default", "examples", "required"}:
            closed[key] = value
        else:
            closed[key] = closed_schema(value)
    if told:
        closed["description"] = " ".join(filter(None, (closed.get("description"), f"({', '.join(told)})")))
    if closed.get("type") == "object" or "properties" in closed:
        closed["additionalProperties"] = False
    return closed
