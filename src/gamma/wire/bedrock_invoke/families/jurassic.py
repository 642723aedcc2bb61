"""AI21's Jurassic (providers.md 7.3; recorded: bedrock-invoke). Its answers hold every token, which are counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gamma.types.chat import FinishReason, JsonObject
from gamma.types.usage import Usage
from gamma.wire.bedrock_invoke.families.piece import Piece, objects, text_in
from gamma.wire.bedrock_invoke.families.text import TextFamily


class Jurassic(TextFamily):
    """`ai21.j2-*`."""

    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "max_tokens": ("maxTokens",),
        "temperature": ("temperature",),
        "top_p": ("topP",),
        "stop": ("stopSequences",),
        "n": ("numResults",),
        "presence_penalty": ("presencePenalty", "scale"),
        "frequency_penalty": ("frequencyPenalty", "scale"),
    }
    finishes: ClassVar[Mapping[str, FinishReason]] = {"endoftext": "stop", "stop": "stop", "length": "length"}

    def read_answer(self, answer: JsonObject) -> list[Piece]:
        """Completions, each with its data and its end."""
        pieces = []
        for i, completion in enumerate(objects(answer.get("completions"))):
            reason = text_in(completion.get("finishReason"), "reason")
            pieces.append(Piece(text_in(completion.get("data"), "text") or "", reason, i))
        return pieces

    def read_counts(self, answer: JsonObject) -> tuple[int | None, int | None]:
        """The lengths of the token lists."""
        written = [_tokens(completion.get("data")) for completion in objects(answer.get("completions"))]
        known = [count for count in written if count is not None]
        return _tokens(answer.get("prompt")), sum(known) if known else None

    def write_answer(self, piece: Piece, usage: Usage | None) -> JsonObject:
        """A whole answer; the tokens themselves are not known, only how many."""
        data: JsonObject = {"text": piece.text, "tokens": [{}] * usage.output_tokens if usage else None}
        return {
            "id": 1,
            "prompt": {"text": "", "tokens": [{}] * usage.input_tokens if usage else None},
            "completions": [{"data": data, "finishReason": {"reason": piece.finish}}],
        }


def _tokens(value: Any) -> int | None:
    tokens = value.get("tokens") if isinstance(value, dict) else None
    return len(tokens) if isinstance(tokens, list) else None
