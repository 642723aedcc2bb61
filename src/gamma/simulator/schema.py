"""Values that satisfy a JSON Schema, for structured output and tool arguments."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from gamma.errors import InvalidRequest

_MAX_DEPTH = 12
_MAX_ITEMS, _MAX_CHARS = 100, 10_000  # however large a schema's least sizes are
_WORDS = ("amber", "basil", "cedar", "delta", "ember", "fjord", "grove", "harbor", "indigo", "juniper", "krypton", "lagoon")
_FORMATS = {
    "date": "2026-03-14",
    "date-time": "2026-03-14T09:26:53Z",
    "time": "09:26:53Z",
    "duration": "PT5M",
    "email": "ada@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.7",
    "ipv6": "2001:db8::7",
    "uri": "https://example.com/a",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
}


def example(schema: Mapping[str, Any] | None, rng: random.Random) -> Any:
    """A value that the schema accepts.

    Args:
        schema: JSON Schema; None stands for an object without properties. Understands type, enum, const, properties,
            required, items, prefixItems, bounds of numbers, strings and lists, format, anyOf, oneOf, allOf, $ref and $defs.

    Raises:
        InvalidRequest: it is no JSON Schema; a provider would refuse it too.
    """
    try:
        return _value(dict(schema or {"type": "object"}), dict(schema or {}), rng, 0)
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise InvalidRequest(f"the schema is not a valid JSON Schema: {error}") from None


def _value(schema: Any, root: Mapping[str, Any], rng: random.Random, depth: int) -> Any:
    if not isinstance(schema, Mapping) or depth > _MAX_DEPTH:
        return rng.choice(_WORDS)
    if "$ref" in schema:
        return _value(_resolve(str(schema["$ref"]), root), root, rng, depth + 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return rng.choice(list(schema["enum"]))
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            options = [o for o in schema[key] if not (isinstance(o, Mapping) and o.get("type") == "null")]
            return _value((options or schema[key])[0], root, rng, depth + 1)
    if schema.get("allOf"):
        rest = {key: value for key, value in schema.items() if key != "allOf"}
        return _value(_merged([*(_flat(part, root) for part in schema["allOf"]), rest]), root, rng, depth + 1)
    return _typed(_type(schema), schema, root, rng, depth)


def _typed(kind: str, schema: Mapping[str, Any], root: Mapping[str, Any], rng: random.Random, depth: int) -> Any:
    match kind:
        case "object":
            properties = schema.get("properties") or {}
            optional = depth < _MAX_DEPTH // 2
            names = [n for n in properties if optional or n in (schema.get("required") or ())]
            return {name: _value(properties[name], root, rng, depth + 1) for name in names}
        case "array":
            fixed = schema.get("prefixItems")
            if fixed:
                return [_value(item, root, rng, depth + 1) for item in fixed]
            least = min(int(schema.get("minItems", 0)), _MAX_ITEMS)
            count = least if depth > _MAX_DEPTH // 2 else max(least, min(2, int(schema.get("maxItems", 2))))
            return [_value(schema.get("items", {"type": "string"}), root, rng, depth + 1) for _ in range(count)]
        case "integer":
            low, high = _bounds(schema, 1, 100)
            step = int(schema.get("multipleOf", 1)) or 1
            return -(-int(low) // step) * step if step > 1 else rng.randint(int(low), max(int(low), int(high)))
        case "number":
            low, high = _bounds(schema, 0.0, 100.0)
            return round(rng.uniform(low, high), 2) if high - low > 0.02 else (low + high) / 2
        case "boolean":
            return rng.random() < 0.5
        case "null":
            return None
        case _:
            return _text(schema, rng)


def _text(schema: Mapping[str, Any], rng: random.Random) -> str:
    if schema.get("format") in _FORMATS:
        return _FORMATS[str(schema["format"])]
    text = rng.choice(_WORDS)
    while len(text) < min(int(schema.get("minLength", 0)), _MAX_CHARS):
        text += " " + rng.choice(_WORDS)
    return text[: int(schema["maxLength"])] if "maxLength" in schema else text


def _type(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), "null")
    if kind is None:
        kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(kind).lower()


def _bounds(schema: Mapping[str, Any], low: float, high: float) -> tuple[float, float]:
    step = 1 if _type(schema) == "integer" else 0.01
    given_low, given_high = schema.get("minimum"), schema.get("maximum")
    if "exclusiveMinimum" in schema:
        given_low = float(schema["exclusiveMinimum"]) + step
    if "exclusiveMaximum" in schema:
        given_high = float(schema["exclusiveMaximum"]) - step
    if given_low is None and given_high is None:
        return low, high
    if given_low is None:
        return min(low, float(given_high or 0)), float(given_high or 0)
    return float(given_low), float(given_high) if given_high is not None else float(given_low) + 10


def _merged(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """One schema that asks for what all of them ask: properties and required names together, else the last word."""
    merged: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            if key == "properties":
                merged[key] = {**merged.get(key, {}), **value}
            elif key == "required":
                merged[key] = [*merged.get(key, []), *value]
            else:
                merged[key] = value
    return merged


def _flat(schema: Any, root: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(schema, Mapping) and "$ref" in schema:
        return dict(_resolve(str(schema["$ref"]), root))
    return dict(schema) if isinstance(schema, Mapping) else {}


def _resolve(reference: str, root: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(step, {}) if isinstance(found, Mapping) and step else found
    return found if isinstance(found, Mapping) else {}
