"""OpenAI's older completions: DeepSeek R1 and models on SageMaker endpoints (recorded: bedrock-invoke)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from gamma.types.chat import FinishReason, JsonObject
from gamma.types.usage import Usage
from gamma.wire.bedrock_invoke.families.piece import Piece, count_in, objects, text_in
from gamma.wire.bedrock_invoke.families.text import TextFamily


class Completion(TextFamily):
    """A prompt in, choices with a text out."""

    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "max_tokens": ("max_tokens",),
        "temperature": ("temperature",),
        "top_p": ("top_p",),
        "stop": ("stop",),
    }
    finishes: ClassVar[Mapping[str, FinishReason]] = {
        "stop": "stop",
        "eos_token": "stop",
        "stop_sequence": "stop",
        "length": "length",
    }

    def read_answer(self, answer: JsonObject) -> list[Piece]:
        """Choices in a list; the word for the end has two names."""
        return [
            Piece(text_in(choice, "text") or "", text_in(choice, "finish_reason") or text_in(choice, "stop_reason"), i)
            for i, choice in enumerate(objects(answer.get("choices")))
        ]

    def read_counts(self, answer: JsonObject) -> tuple[int | None, int | None]:
        """OpenAI's names."""
        usage = answer.get("usage")
        return count_in(usage, "prompt_tokens"), count_in(usage, "completion_tokens")

    def write_answer(self, piece: Piece, usage: Usage | None) -> JsonObject:
        """A whole answer."""
        answer: JsonObject = {
            "object": "text_completion",
            "choices": [{"index": 0, "text": piece.text, "finish_reason": piece.finish}],
        }
        if usage is not None:
            answer["usage"] = {
                "prompt_tokens": usage.input_tokens,
                "completion_tokens": usage.output_tokens,
                "total_tokens": usage.total_tokens,
            }
        return answer
