"""Google's OpenAPI schemas to JSON Schema; the other way is not needed (`parametersJsonSchema`, `responseJsonSchema`)."""

from __future__ import annotations

from typing import Any

from gamma.types.chat import JsonObject

_RENAMED = {
    "any_of": "anyOf",
    "one_of": "oneOf",
    "all_of": "allOf",
    "prefix_items": "prefixItems",
    "additional_properties": "additionalProperties",
    "max_items": "maxItems",
    "min_items": "minItems",
    "max_length": "maxLength",
    "min_length": "minLength",
    "max_properties": "maxProperties",
    "min_properties": "minProperties",
    "property_ordering": "propertyOrdering",
    "defs": "$defs",
    "ref": "$ref",
}
_COUNTS = frozenset({"maxItems", "minItems", "maxLength", "minLength", "maxProperties", "minProperties"})
_MAPS = frozenset({"properties", "$defs", "definitions", "patternProperties"})
_LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_SCHEMAS = frozenset({"items", "additionalProperties", "not"})


def json_schema(schema: JsonObject) -> JsonObject:
    """A schema in JSON Schema's words; one that is JSON Schema already comes back the same.

    Upper-case types become lower-case, `nullable` becomes a type of null, `propertyOrdering` becomes the order of the
    properties, counts that travel as strings (protobuf's int64) become numbers.
    """
    out: JsonObject = {}
    for given, value in schema.items():
        if value is None and given != "default":
            continue
        key = _RENAMED.get(given, given)
        out[key] = _converted(key, value)
    ordering = out.pop("propertyOrdering", None)
    if isinstance(ordering, list) and isinstance(properties := out.get("properties"), dict):
        first = {name: properties[name] for name in ordering if isinstance(name, str) and name in properties}
        out["properties"] = {**first, **properties}
    if out.get("type") == "type_unspecified":
        del out["type"]
    if "example" in out:
        out.setdefault("examples", [out.pop("example")])
    if out.get("format") == "enum":
        del out["format"]
    return _nullable(out) if out.pop("nullable", False) is True else out


def _converted(key: str, value: Any) -> Any:
    if key == "type":
        return _lowered(value)
    if key in _MAPS and isinstance(value, dict):
        return {name: _sub(part) for name, part in value.items()}
    if key in _LISTS and isinstance(value, list):
        return [_sub(part) for part in value]
    if key in _SCHEMAS:
        return _sub(value)
    if key in _COUNTS and isinstance(value, str) and value.isdecimal():
        return int(value)
    return value


def _sub(value: Any) -> Any:
    return json_schema(value) if isinstance(value, dict) else value


def _lowered(value: Any) -> Any:
    if isinstance(value, str):
        return value.lower()
    return [_lowered(v) for v in value] if isinstance(value, list) else value


def _nullable(schema: JsonObject) -> JsonObject:
    if isinstance(kind := schema.get("type"), str):
        schema["type"] = [kind, "null"]
    elif isinstance(options := schema.get("anyOf"), list):
        schema["anyOf"] = [*options, {"type": "null"}]
    if isinstance(values := schema.get("enum"), list) and None not in values:
        schema["enum"] = [*values, None]
    return schema
