"""Plausible answers: text of the asked length, tool calls, structured output, reasoning, token counts."""

from __future__ import annotations

import json
import random
import re

import msgspec

from gamma.errors import InvalidRequest
from gamma.simulator.schema import example
from gamma.types.chat import (
    ChatRequest,
    ChatResponse,
    Choice,
    FinishReason,
    Media,
    Part,
    Reasoning,
    ResponseFormat,
    Text,
    TokenLogprob,
    Tool,
    ToolCall,
    ToolResult,
)
from gamma.types.usage import Usage

_SUBJECTS = (
    "The river",
    "A small team",
    "This approach",
    "The report",
    "Our model",
    "The garden",
    "An old map",
    "The answer",
)
_VERBS = ("shows", "follows", "explains", "carries", "improves", "reveals", "connects", "balances")
_OBJECTS = ("the main idea", "a clear path", "several details", "the known facts", "a steady rhythm", "what was asked")
_ENDINGS = ("in plain words", "step by step", "without haste", "as expected", "for most readers", "over time")
_ONE_JSON = re.compile(r"Answer with one (valid )?JSON (object|value)")
_JSON_MODE = ResponseFormat(kind="json_object")
_SCHEMA_FOLLOWS = "JSON Schema:\n"
_json = json.JSONDecoder()  # reads a value and leaves the text after it
_CHARS_PER_TOKEN = 4
_IMAGE_TOKENS = 300


class Writer:
    """Writes answers.

    Args:
        rng: makes them repeatable.
        output_tokens: about how long a text is where the request does not say.
    """

    def __init__(self, rng: random.Random, output_tokens: int) -> None:
        self._rng = rng
        self._tokens = output_tokens

    def answer(self, request: ChatRequest, number: int) -> ChatResponse:
        """The whole answer to a request.

        Args:
            number: of this answer; makes its id.
        """
        choices = tuple(self._choice(request, index, number) for index in range(request.n or 1))
        thought = sum(_size(p.text) for c in choices for p in c.parts if isinstance(p, Reasoning))
        written = sum(_part_tokens(p) for c in choices for p in c.parts)
        usage = Usage(input_tokens=count_input(request), output_tokens=written, reasoning_tokens=thought)
        return ChatResponse(choices=choices, id=f"sim-{number:08x}", model=request.model, created=1_780_000_000, usage=usage)

    def _choice(self, request: ChatRequest, index: int, number: int) -> Choice:
        parts: list[Part] = []
        if request.reasoning is not None and request.reasoning.effort != "none" and request.reasoning.budget_tokens != 0:
            parts.append(Reasoning(text=self._sentences(12), signature=f"c2ln{number:08x}", dialect=request.dialect))
        tool = self._wanted_tool(request)
        if tool is not None:
            value = example(tool.parameters, self._rng)
            if not isinstance(value, dict):
                raise InvalidRequest(f"the parameters of tool {tool.name!r} must be a schema of type object")
            arguments = msgspec.json.encode(value).decode()
            call = ToolCall(id=f"call_{number:08x}{index}", name=tool.name, arguments=arguments)
            return Choice(parts=(*parts, call), finish="tool_calls", index=index)
        text, finish, stop = self._text(request)
        logprobs = _logprobs(text, self._rng) if request.logprobs else None
        return Choice(parts=(*parts, Text(text)), finish=finish, stop_sequence=stop, index=index, logprobs=logprobs)

    def _wanted_tool(self, request: ChatRequest) -> Tool | None:
        """The tool that a model would call: the one it must, or any before results have come back."""
        tools = [t for t in request.tools if t.kind == "function"]
        choice = request.tool_choice
        if not tools or (choice is not None and choice.mode == "none"):
            return None
        if choice is not None and choice.mode in ("named", "allowed"):
            tools = [t for t in tools if t.name in choice.names] or tools
        elif request.messages and any(isinstance(p, ToolResult) for p in request.messages[-1].parts):
            return None
        return self._rng.choice(tools)

    def _text(self, request: ChatRequest) -> tuple[str, FinishReason, str | None]:
        wanted = request.response_format or _asked_in_words(request)
        if wanted is not None and wanted.kind != "text":
            value = example(wanted.schema, self._rng) if wanted.schema else {"answer": self._sentences(8)}
            return msgspec.json.encode(value).decode(), "stop", None
        text = self._sentences(max(1, int(self._rng.gauss(self._tokens, self._tokens / 5))))
        for stop in request.stop:
            if stop and stop in text:
                return text[: text.index(stop)], "stop", stop
        if request.max_tokens is not None and _size(text) > request.max_tokens:
            return text[: request.max_tokens * _CHARS_PER_TOKEN], "length", None
        return text, "stop", None

    def _sentences(self, tokens: int) -> str:
        choose = self._rng.choice
        text = ""
        while not text or _size(text) < tokens:
            text += f"{choose(_SUBJECTS)} {choose(_VERBS)} {choose(_OBJECTS)} {choose(_ENDINGS)}. "
        return text.rstrip()


def _asked_in_words(request: ChatRequest) -> ResponseFormat | None:
    """Structured output that the system text asks for, as models without a field for it are asked."""
    parts = [p for m in request.messages if m.role in ("system", "developer") for p in m.parts]
    text = "\n".join(p.text for p in parts if isinstance(p, Text))
    if _ONE_JSON.search(text) is None:
        return None
    _, _, rest = text.partition(_SCHEMA_FOLLOWS)
    try:
        schema, _ = _json.raw_decode(rest)
    except ValueError:
        schema = None
    return ResponseFormat(kind="json_schema", schema=schema) if isinstance(schema, dict) else _JSON_MODE


def count_input(request: ChatRequest) -> int:
    """About how many tokens a request has."""
    characters = sum(len(msgspec.json.encode(t.parameters)) for t in request.tools if t.parameters)
    tokens = 3 * len(request.messages)
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, ToolResult):
                characters += sum(len(p.text) for p in part.parts if isinstance(p, Text))
            else:
                tokens += _part_tokens(part)
    return tokens + characters // _CHARS_PER_TOKEN


def pieces(text: str) -> list[str]:
    """A text cut as a model would stream it: words with the space before them."""
    words = text.split(" ")
    return [words[0], *(f" {word}" for word in words[1:])]


def _part_tokens(part: Part) -> int:
    match part:
        case Text() | Reasoning():
            return _size(part.text)
        case ToolCall():
            return _size(part.name + part.arguments)
        case Media():
            return _IMAGE_TOKENS
        case _:
            return 0


def _size(text: str) -> int:
    return -(-len(text) // _CHARS_PER_TOKEN)


def _logprobs(text: str, rng: random.Random) -> tuple[TokenLogprob, ...]:
    return tuple(
        TokenLogprob(token=piece, logprob=-round(rng.expovariate(2), 4), utf8=tuple(piece.encode()))
        for piece in pieces(text)
    )
