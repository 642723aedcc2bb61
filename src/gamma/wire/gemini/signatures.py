"""Reasoning through `thoughtSignature`: Google's own goes as it came, another vendor's travels in a wrapper.

A caller who speaks this dialect has one opaque place to keep proof of reasoning. It returns that place unread (official
clients decode and encode its base64), so signatures of other vendors survive there as base64 of `gamma:` and JSON.
"""

from __future__ import annotations

import base64
import binascii

import msgspec
from msgspec import Struct

from gamma.types.chat import Reasoning
from gamma.wire.gemini.names import DIALECT

_MARK = b"gamma:"
_MARK_BASE64 = base64.b64encode(_MARK).decode()  # six bytes make eight characters, the same whatever follows


class _Wrapped(Struct, frozen=True, omit_defaults=True):
    dialect: str
    signature: str | None = None
    encrypted: str | None = None
    id: str | None = None


_WRAPPED = msgspec.json.Decoder(_Wrapped)


def render_signature(part: Reasoning) -> str | None:
    """What goes into `thoughtSignature` beside this reasoning; None when nothing needs to come back."""
    if part.signature is None and part.encrypted is None:
        return None
    if part.dialect in ("", DIALECT):
        return part.signature or part.encrypted  # resellers hand out Google's signatures as encrypted reasoning
    wrapped = _Wrapped(part.dialect, part.signature, part.encrypted, part.id)
    return base64.b64encode(_MARK + msgspec.json.encode(wrapped)).decode()


def holds_foreign(body: bytes) -> bool:
    """Whether a caller's body holds another vendor's proof, so that it cannot be passed on to Google as it is."""
    return _MARK_BASE64.encode() in body


def parse_reasoning(text: str, signature: str | None) -> Reasoning:
    """A thought part that came from a caller or from the provider."""
    if signature is not None and signature.startswith(_MARK_BASE64):
        try:
            raw = base64.b64decode(signature.replace("-", "+").replace("_", "/") + "=" * (-len(signature) % 4))
            wrapped = _WRAPPED.decode(raw[len(_MARK) :])
        except (binascii.Error, msgspec.DecodeError):
            return Reasoning(text=text)
        return Reasoning(
            text=text,
            signature=wrapped.signature,
            encrypted=wrapped.encrypted,
            id=wrapped.id,
            dialect=wrapped.dialect,
        )
    return Reasoning(text=text, signature=signature, dialect=DIALECT if signature else "")
