"""Whether two request bodies of one dialect ask for the same, though written differently."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]

AS_WRITTEN = frozenset(
    {"parameters", "input_schema", "schema", "json", "args", "input", "parametersJsonSchema", "responseSchema", "metadata"}
    | {"responseJsonSchema", "response", "format", "parameters_json_schema"}
)
"""Fields whose content is the caller's own data: compared as it is."""


def differences(dialect: str, wanted: Json, found: Json) -> list[str]:
    """Paths at which two bodies differ in meaning; empty when they ask for the same."""
    return _compare(_plain(_neutral(dialect, wanted, wanted)), _plain(_neutral(dialect, found, wanted)), "")


def _neutral(dialect: str, body: Json, wanted: Json) -> Json:
    body = dict(body)
    if dialect == "openai_responses":
        body["input"] = _items(body.get("input"))
    if dialect == "gemini":
        body = _gemini(body)
        body["contents"] = _merged([{"role": "user", **c} for c in body["contents"]], "parts")
    elif isinstance(body.get("messages"), list) and dialect in {"anthropic_messages", "bedrock_converse", "bedrock_invoke"}:
        body["messages"] = _merged(body["messages"], "content")
    if "random_seed" in body:  # Mistral's word for seed
        body["seed"] = body.pop("random_seed")
    if body.get("tool_choice") == "any":  # Mistral's word for required
        body["tool_choice"] = "required"
    for name in ("stop", "stop_sequences"):
        if isinstance(body.get(name), str):
            body[name] = [body[name]]
    if isinstance(body.get("systemInstruction"), dict):
        body["systemInstruction"] = {"parts": body["systemInstruction"].get("parts")}
    if dialect == "ollama":
        body.setdefault("stream", True)
    elif not body.get("stream"):
        body.pop("stream", None)
    if "anthropic_version" in wanted:  # Vertex and Bedrock: the provider adds the version and moves the model to the path
        body = {k: v for k, v in body.items() if k not in {"anthropic_version", "model", "stream"}}
    return body


def _gemini(value: Any) -> Any:
    """Proto JSON: camelCase or snake_case, and schemas of two kinds in two fields each."""
    if isinstance(value, list):
        return [_gemini(v) for v in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for key, content in value.items():
        first, *rest = key.split("_")
        name = first + "".join(word.capitalize() for word in rest)
        name = {"parametersJsonSchema": "parameters", "responseJsonSchema": "responseSchema"}.get(name, name)
        if name in {"parameters", "responseSchema"}:
            made[name] = _schema(content)
        else:
            made[name] = content if name in {"args", "response"} else _gemini(content)
        if name == "thinkingLevel":
            made[name] = str(content).lower()
    return made


def _schema(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        if value.get("nullable") is True and isinstance(value.get("type"), str):
            value = {k: v for k, v in value.items() if k != "nullable"} | {"type": [value["type"], "null"]}
        return {k: _schema(v, k) for k, v in value.items() if k not in {"property_ordering", "propertyOrdering"} and v != []}
    if isinstance(value, list):
        return [_schema(v, name) for v in value]
    return value.lower() if name == "type" and isinstance(value, str) else value


def _items(value: Any) -> Any:
    items = [{"role": "user", "content": value}] if isinstance(value, str) else value or []
    return [{"type": "message", **i} if "role" in i else i for i in items]


def _merged(messages: list[Json], field: str) -> list[Json]:
    merged: list[Json] = []
    for message in messages:
        content = message.get(field)
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else list(content or [])
        role = {"function": "user"}.get(message["role"], message["role"])
        if merged and merged[-1]["role"] == role:
            merged[-1][field] = merged[-1][field] + parts
        else:
            merged.append({"role": role, field: parts})
    return merged


def _plain(value: Any, name: str = "") -> Any:
    if name == "schema" and isinstance(value, str):
        return json.loads(value)
    if name in AS_WRITTEN and not isinstance(value, list):
        return value
    if isinstance(value, dict):
        if value.get("type") == "document" and isinstance(value.get("document"), dict) and "data" in value["document"]:
            value = {"type": "text", "text": _compact(value["document"]["data"])}  # Cohere: a tool's answer as a document
        if value.keys() == {"json"}:  # Converse: a tool's answer as JSON
            value = {"text": _compact(value["json"])}
        if value.get("reasoning_content") == value.get("reasoning"):
            value = {k: v for k, v in value.items() if k != "reasoning"}
        if isinstance(value.get("image_url"), str) and value.get("type") == "image_url":
            value = {**value, "image_url": {"url": value["image_url"]}}  # Mistral
        made = {k: _plain(v, k) for k, v in value.items()}
        return {k: v for k, v in made.items() if v is not None and v not in ({}, [], "") and not _said_anyway(k, value)}
    if isinstance(value, list):
        items = [_plain(v) for v in value]
        if len(items) == 1 and isinstance(items[0], dict) and items[0].keys() <= {"type", "text"} and "text" in items[0]:
            return items[0]["text"]
        return items
    if name == "arguments" and isinstance(value, str):
        try:
            return json.loads(value or "{}")
        except ValueError:
            return value
    return value


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _said_anyway(name: str, value: Json) -> bool:
    """Whether a field only repeats what holds without it."""
    return (
        (name == "type" and value[name] == "function" and "function" in value)
        or (name == "status" and value[name] in {"success", "completed"})
        or (name == "n" and value[name] == 1)
        or (
            name in {"id", "index"}
            and ("function" in value or value.get("type") == "function_call" or "tool_call_id" in value)
        )  # call_id counts
        or (name in {"thought", "willContinue"} and value[name] is False)
        or (name == "is_error" and value[name] is False)
    )


def _compare(wanted: Any, found: Any, path: str) -> list[str]:
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [
            d
            for key in sorted(wanted.keys() | found.keys())
            for d in _compare(wanted.get(key), found.get(key), f"{path}.{key}")
        ]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        return [d for i, (a, b) in enumerate(zip(wanted, found, strict=True)) for d in _compare(a, b, f"{path}[{i}]")]
    return [] if wanted == found else [f"{path}: {json.dumps(found)[:200]} for {json.dumps(wanted)[:200]}"]
