"""Which family speaks: by the model's id when a body is written, by the body's shape when one is read (providers.md 7.3)."""

from __future__ import annotations

from gamma.errors import ProviderMalformed
from gamma.types.chat import JsonObject
from gamma.wire.bedrock_invoke.families.base import Family
from gamma.wire.bedrock_invoke.families.chat import Chat
from gamma.wire.bedrock_invoke.families.claude_text import ClaudeText
from gamma.wire.bedrock_invoke.families.cohere_chat import CohereChat
from gamma.wire.bedrock_invoke.families.cohere_command import CohereCommand
from gamma.wire.bedrock_invoke.families.completion import Completion
from gamma.wire.bedrock_invoke.families.jurassic import Jurassic
from gamma.wire.bedrock_invoke.families.llama import Llama, Llama2
from gamma.wire.bedrock_invoke.families.messages import Messages
from gamma.wire.bedrock_invoke.families.mistral import Mistral
from gamma.wire.bedrock_invoke.families.nova import Nova
from gamma.wire.bedrock_invoke.families.titan import Titan

CHAT: Family = Chat()
COMPLETION: Family = Completion()

MODELS: tuple[tuple[str, Family], ...] = (
    ("claude-instant", ClaudeText()),
    ("claude-v2", ClaudeText()),
    ("claude", Messages()),
    ("titan-text", Titan()),
    ("titan-tg1", Titan()),
    ("nova", Nova()),
    ("llama2", Llama2()),
    ("llama", Llama()),
    ("j2-", Jurassic()),
    ("command-r", CohereChat()),
    ("cohere.command", CohereCommand()),
    ("mistral-7b", Mistral()),
    ("mixtral", Mistral()),
    ("mistral-large-2402", Mistral()),
    ("mistral-small-2402", Mistral()),
    ("deepseek.r1", COMPLETION),
    (":sagemaker:", COMPLETION),
)
"""Part of a model's id -> its family; the first that fits counts, and who fits nowhere takes OpenAI's chat body."""

ANSWERS: tuple[tuple[str, Family], ...] = (
    ("content", Messages()),
    ("generation", Llama()),
    ("generations", CohereCommand()),
    ("results", Titan()),
    ("completions", Jurassic()),
    ("completion", ClaudeText()),
    ("outputs", Mistral()),
    ("output", Nova()),
    ("generation_id", CohereChat()),
    ("chat_history", CohereChat()),
)
"""Member of a whole answer -> the family that it betrays; `choices` has two."""

CHUNKS: tuple[tuple[str, Family], ...] = (
    ("type", Messages()),
    ("generation", Llama()),
    ("outputText", Titan()),
    ("completions", Jurassic()),
    ("completion", ClaudeText()),
    ("outputs", Mistral()),
    ("event_type", CohereChat()),
    ("is_finished", CohereCommand()),
    ("messageStart", Nova()),
    ("contentBlockStart", Nova()),
    ("contentBlockDelta", Nova()),
)
"""Member of a stream's first chunk -> the family that it betrays; `choices` has two."""


def family_of_model(model: str) -> Family:
    """The family of a model's id, ARN or inference profile."""
    return next((family for part, family in MODELS if part in model.lower()), CHAT)


def family_of_answer(answer: JsonObject) -> Family:
    """The family of a whole answer.

    Raises:
        ProviderMalformed: it has no family's shape.
    """
    return _family(answer, ANSWERS)


def family_of_chunk(chunk: JsonObject) -> Family:
    """The family of a stream's first chunk.

    Raises:
        ProviderMalformed: it has no family's shape.
    """
    return _family(chunk, CHUNKS)


def _family(found: JsonObject, table: tuple[tuple[str, Family], ...]) -> Family:
    choices = found.get("choices")
    if isinstance(choices, list):
        return COMPLETION if choices and isinstance(choices[0], dict) and "text" in choices[0] else CHAT
    for name, family in table:
        if name in found:
            return family
    raise ProviderMalformed("the provider's answer is of no known model family")
