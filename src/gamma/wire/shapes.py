"""The outline of each served dialect's request: one fast typed read before bytes are passed through untouched.

Checks what every provider of the dialect would refuse (missing fields, wrong JSON types) and reads what the gateway itself
needs; contents are skipped, not built. Requests that are translated are read in full by their wire instead.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct, field

from gamma.errors import CallerError, InvalidType, MalformedJson, MissingField

_Some = Meta(min_length=1)


class _Message(Struct):
    role: str
    content: Raw = field(default_factory=Raw)


class Shape(Struct):
    """What the gateway reads of any request."""

    model: str = ""
    stream: bool | None = None
    stream_options: Raw = field(default_factory=Raw)  # a plain default could not be described in the JSON Schema

    @property
    def continued(self) -> bool:
        """Whether an answer of an earlier turn may be among the messages."""
        messages = getattr(self, "messages", None)
        return messages is None or any(message.role == "assistant" for message in messages)


class _ChatShape(Shape, kw_only=True):
    model: str
    messages: Annotated[list[_Message], _Some]
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    n: int | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    tools: list[Raw] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None


class _CompletionsShape(Shape, kw_only=True):
    model: str
    prompt: str | list[Any]
    max_tokens: int | None = None
    temperature: float | None = None
    stop: str | list[str] | None = None


class _ResponsesShape(Shape, kw_only=True):
    model: str
    input: Raw = field(default_factory=Raw)
    max_output_tokens: int | None = None
    temperature: float | None = None
    tools: list[Raw] | None = None


class _AnthropicShape(Shape, kw_only=True):
    model: str
    messages: Annotated[list[_Message], _Some]
    max_tokens: Annotated[int, Meta(ge=1)]
    temperature: float | None = None
    stop_sequences: list[str] | None = None
    tools: list[Raw] | None = None


class _GeminiShape(Shape, kw_only=True):
    contents: Raw


class _AnyShape(Shape):
    pass


_DECODERS: dict[str, msgspec.json.Decoder[Shape]] = {
    "openai_chat": msgspec.json.Decoder(_ChatShape),
    "openai_completions": msgspec.json.Decoder(_CompletionsShape),
    "openai_responses": msgspec.json.Decoder(_ResponsesShape),
    "anthropic_messages": msgspec.json.Decoder(_AnthropicShape),
    "gemini": msgspec.json.Decoder(_GeminiShape),
}
_ANY = msgspec.json.Decoder(_AnyShape)

_WHERE = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]+)`")


def outline(dialect: str, body: bytes) -> Shape:
    """The outline of a request.

    Args:
        dialect: a served wire's name; others are read for `model` and `stream` alone.

    Raises:
        MalformedJson: the body is not JSON.
        MissingField, InvalidType: naming the field in `param`.
    """
    try:
        return _DECODERS.get(dialect, _ANY).decode(body)
    except msgspec.ValidationError as error:
        raise caller_error(error) from None
    except msgspec.DecodeError as error:
        raise MalformedJson(f"the body is not valid JSON: {error}") from None
    except (RecursionError, UnicodeDecodeError) as error:
        raise MalformedJson(f"the body is not acceptable JSON: {error}") from None


def caller_error(error: msgspec.ValidationError) -> CallerError:
    """A typed decoder's complaint in the caller's terms."""
    found = _WHERE.match(str(error))
    what, path = (found["what"], found["path"] or "") if found else (str(error), "")
    missing = _MISSING.match(what)
    if missing:
        param = f"{path}.{missing['name']}" if path else missing["name"]
        return MissingField(f"`{param}` is required", param=param)
    where = f"`{path}`" if path else "the request body"
    return InvalidType(f"{where}: {what[:1].lower()}{what[1:]}", param=path or None)


def schema(dialect: str) -> dict[str, Any]:
    """JSON Schema of what is checked of a dialect's request; further fields are allowed."""
    decoder = _DECODERS.get(dialect, _ANY)
    (root,), components = msgspec.json.schema_components([decoder.type], ref_template="#/components/schemas/{name}")
    resolved: dict[str, Any] = _resolve(root, components)
    return resolved


def _resolve(value: Any, components: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        if "$ref" in value:
            return _resolve(components[value["$ref"].rsplit("/", 1)[1]], components)
        return {k: _resolve(v, components) for k, v in value.items() if k != "title"}
    return [_resolve(v, components) for v in value] if isinstance(value, list) else value
