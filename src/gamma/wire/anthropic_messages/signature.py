"""Other families' reasoning proofs, carried by a client of this dialect in the `signature` of a thinking block.

Clients return thinking blocks unmodified, so what OpenAI or Google issued survives a conversation held in this dialect. The
wrapped text begins with a mark that Claude's own base64 signatures cannot contain, and never reaches Claude.
"""

from __future__ import annotations

import base64

import msgspec

from gamma.types.chat import Reasoning

_MARK = "gamma:"


class _Wrapped(msgspec.Struct, frozen=True, omit_defaults=True):
    dialect: str = ""
    signature: str | None = None
    encrypted: str | None = None
    id: str | None = None


def wrap_signature(part: Reasoning) -> str:
    """What to show as the `signature` of another family's reasoning; empty when it has no proof to carry."""
    if not (part.signature or part.encrypted):
        return ""
    wrapped = _Wrapped(part.dialect, part.signature, part.encrypted, part.id)
    return _MARK + base64.urlsafe_b64encode(msgspec.json.encode(wrapped)).decode()


def unwrap_signature(text: str, signature: str, dialect: str) -> Reasoning:
    """The reasoning that a thinking block stands for.

    Args:
        text: the block's thinking.
        signature: the block's signature, maybe empty or wrapped.
        dialect: whose signature it is when it is not wrapped.
    """
    if not signature:
        return Reasoning(text=text)
    if not signature.startswith(_MARK):
        return Reasoning(text=text, signature=signature, dialect=dialect)
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(signature[len(_MARK) :]), type=_Wrapped)
    except ValueError:  # also msgspec's and binascii's errors: somebody changed it, so the proof is lost
        return Reasoning(text=text)
    return Reasoning(text=text, signature=found.signature, encrypted=found.encrypted, id=found.id, dialect=found.dialect)
