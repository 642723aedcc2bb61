"""What a dialect can say at all: the expected answer after a trip through it."""

from __future__ import annotations

import msgspec

from gamma.types.chat import ChatResponse, ToolCall
from tests.contract.meaning import Answer, Said, proofs_of

SEVERAL = frozenset({"openai_chat", "openai_completions", "gemini"})
"""Dialects with several choices; the others carry the first."""

REFUSES = frozenset({"openai_chat", "openai_responses"})
"""Dialects with a place for a stated refusal; in the others it is text."""

COUNTS_REASONING = frozenset(
    {"anthropic_messages", "cohere_v2", "gemini", "openai_chat", "openai_completions", "openai_responses"}
    | {"cohere_v1", "dashscope", "watsonx"}
)
"""Dialects that tell reasoning tokens apart."""

COUNTS_CACHE = frozenset(
    {
        "anthropic_messages",
        "bedrock_converse",
        "bedrock_invoke",
        "cohere_v2",
        "gemini",
        "openai_chat",
        "openai_completions",
        "openai_responses",
    }
)
"""Dialects that tell cached tokens apart."""

ALWAYS_COUNTS = frozenset({"anthropic_messages", "bedrock_converse", "cohere_v2", "ollama"})
"""Dialects whose answers must hold counts: zeros where nobody counted."""

NO_WORD = {
    ("anthropic_messages", "error"): "stop",
    ("ollama", "content_filter"): "stop",
    ("ollama", "error"): "stop",
}
"""Ends that a dialect has no word for, and what is read instead."""


UNCOUNTED_STREAMS = frozenset({"replicate"})
"""Dialects whose streams hold no counts."""


def carried(answer: Answer, dialect: str, *, streamed: bool = False) -> Answer:
    """The part of an answer that a dialect can say."""
    choices = answer.choices if dialect in SEVERAL else answer.choices[:1]
    usage = answer.usage or ((0, 0, 0, 0) if dialect in ALWAYS_COUNTS else None)
    if streamed and dialect in UNCOUNTED_STREAMS:
        usage = None
    if usage is not None:
        gave, wrote, cached, thought = usage
        usage = (gave, wrote, cached if dialect in COUNTS_CACHE else 0, thought if dialect in COUNTS_REASONING else 0)
    return Answer(choices=[_said(c, dialect) for c in choices], usage=usage)


def _said(said: Said, dialect: str) -> Said:
    finish = NO_WORD.get((dialect, said.finish), said.finish)
    if dialect in REFUSES or not said.refusal:
        return msgspec.structs.replace(said, finish=finish)
    return msgspec.structs.replace(said, text=said.text + said.refusal, refusal="", finish=finish)


KEEPS_IDS = frozenset({"anthropic_messages", "gemini", "openai_chat", "openai_responses"})
"""Dialects that hand a tool call's id on as it is."""


def assert_proofs(found: ChatResponse, answer: ChatResponse, dialect: str) -> None:
    """Fails when a signature that the dialect carries is lost, or one is passed off as another family's."""
    choices = answer.choices if dialect in SEVERAL else answer.choices[:1]
    proofs = proofs_of(msgspec.structs.replace(answer, choices=choices))
    back = proofs_of(found)
    own = [p for p in proofs if dialect == "openai_chat" or _family(dialect) == _family(p[0])]
    wrapped = [p for p in back if p not in proofs]
    assert [p for p in back if p in own] == own, "signatures are kept byte-exact"
    assert all(proof.startswith(("gamma.", "gamma:")) for _, proof in wrapped), "a foreign signature is marked as such"


def assert_ids(found: ChatResponse, answer: ChatResponse, dialect: str) -> None:
    """Fails when a tool call's id, by which its result is told, is changed; made-up ones need only differ."""
    calls, back = ([p for p in r.choices[0].parts if isinstance(p, ToolCall)] if r.choices else [] for r in (answer, found))
    assert len({c.id for c in back}) == len(back), "every call has an id of its own"
    if dialect in KEEPS_IDS:
        assert [c.id for c in back] == [c.id for c in calls]


def _family(dialect: str) -> str:
    return {"bedrock_converse": "anthropic_messages", "bedrock_invoke": "anthropic_messages"}.get(dialect, dialect)
