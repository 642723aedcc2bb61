"""What an answer says, whatever dialect it came in: the form in which oracle and wires are compared."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from gamma.types.chat import ChatResponse, Choice, Reasoning, Refusal, Text, ToolCall
from gamma.types.usage import Usage

Count = tuple[int, int, int, int]
"""Input, output, cached and reasoning tokens."""


_DRAWN = re.compile(r"!\[[^\]]*\]\(data:[^)]*\)")  # an image, in dialects whose answers are text


class Said(msgspec.Struct, kw_only=True):
    """One choice. `calls` holds names and parsed arguments; free text where a custom tool takes it."""

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    calls: list[tuple[str, Any]] = []
    finish: str = "stop"


class Answer(msgspec.Struct, kw_only=True):
    """All of an answer. `usage` is None where the provider gave none; `failed` when it reports an error instead."""

    choices: list[Said] = []
    usage: Count | None = None
    failed: bool = False

    def choice(self, index: int) -> Said:
        """A choice to write into, made when it is not there yet."""
        while len(self.choices) <= index:
            self.choices.append(Said())
        return self.choices[index]


def arguments(value: Any) -> Any:
    """Tool arguments as values: JSON text is read, nothing means no arguments, other text stays."""
    if not isinstance(value, str):
        return value or {}
    try:
        return json.loads(value) or {} if value.strip() else {}
    except ValueError:
        return value


def meaning_of(response: ChatResponse) -> Answer:
    """A canonical answer in comparable form."""
    return Answer(choices=[_said(c) for c in response.choices], usage=count_of(response.usage))


def count_of(usage: Usage | None) -> Count | None:
    """Token counts in comparable form."""
    if usage is None:
        return None
    return (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.reasoning_tokens)


def _said(choice: Choice) -> Said:
    parts = choice.parts
    return Said(
        text=_DRAWN.sub("", "".join(p.text for p in parts if isinstance(p, Text))),
        reasoning="".join(p.text for p in parts if isinstance(p, Reasoning)),
        refusal="".join(p.text for p in parts if isinstance(p, Refusal)),
        calls=[
            (p.name, p.arguments if p.kind == "custom" else arguments(p.arguments)) for p in parts if isinstance(p, ToolCall)
        ],
        finish=choice.finish,
    )


def proofs_of(response: ChatResponse) -> list[tuple[str, str]]:
    """Signatures and encrypted reasoning, byte-exact and in order, each with the dialect family that issued it."""
    found: list[tuple[str, str]] = []
    for choice in response.choices:
        for part in choice.parts:
            if isinstance(part, Reasoning):
                found += [(part.dialect, proof) for proof in (part.signature, part.encrypted) if proof]
            elif isinstance(part, ToolCall) and part.signature:
                found.append(("gemini", part.signature))
    return found


def sources_of(response: ChatResponse) -> list[tuple[str | None, str | None]]:
    """Address and title of every citation of the first choice, in order."""
    parts = response.choices[0].parts if response.choices else ()
    return [(c.url, c.title or None) for part in parts if isinstance(part, Text) for c in part.citations]


def squeezed(text: str) -> str:
    """Text without white space: dialects join reasoning summaries differently."""
    return "".join(text.split())


def same_text(one: str, other: str) -> bool:
    """Whether two texts are equal, or are the same JSON object written differently."""
    if one == other:
        return True
    try:
        a, b = json.loads(one), json.loads(other)
    except ValueError:
        return False
    return isinstance(a, dict | list) and bool(a == b)


def assert_same(found: Answer, wanted: Answer, *, usage: bool = True) -> None:
    """Fails with the first difference between two answers."""
    assert len(found.choices) == len(wanted.choices), "choices"
    for a, b in zip(found.choices, wanted.choices, strict=True):
        assert same_text(a.text, b.text), f"text: {a.text!r} for {b.text!r}"
        assert squeezed(a.reasoning) == squeezed(b.reasoning), "reasoning"
        assert a.refusal == b.refusal, "refusal"
        assert a.calls == b.calls, "tool calls"
        assert a.finish == b.finish, "finish"
    if usage:
        assert found.usage == wanted.usage, "usage: input, output, cached, reasoning"


def joined(texts: Iterable[Any]) -> str:
    """Texts in a row; what is no text is left out."""
    return "".join(t for t in texts if isinstance(t, str))
