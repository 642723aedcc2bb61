"""Other dialects' proofs of reasoning inside `encrypted_content`, the one field that clients of this dialect return.

`gamma.<dialect>.<n>.<data>`: the first n characters of data are the signature, what follows is encrypted reasoning.
"""

from __future__ import annotations

from gamma.types.chat import Reasoning
from gamma.wire.openai_responses.names import NAME

_MARK = "gamma."


def seal(reasoning: Reasoning) -> str | None:
    """What to write in `encrypted_content`; None when there is nothing to keep."""
    if reasoning.dialect == NAME:
        return reasoning.encrypted
    signature, encrypted = reasoning.signature or "", reasoning.encrypted or ""
    if not signature and not encrypted:
        return None
    return f"{_MARK}{reasoning.dialect}.{len(signature)}.{signature}{encrypted}"


def unseal(content: str) -> tuple[str, str | None, str | None]:
    """Dialect, signature and encrypted reasoning of an `encrypted_content`."""
    if content.startswith(_MARK):
        dialect, _, rest = content[len(_MARK) :].partition(".")
        length, dot, data = rest.partition(".")
        if dot and length.isdecimal():
            n = int(length)
            return dialect, data[:n] or None, data[n:] or None
    return NAME, None, content or None
