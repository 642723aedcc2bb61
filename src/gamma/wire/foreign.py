"""Marks of other vendors' proofs in a caller's body, for bodies that would otherwise pass through unread.

A conversation may move from one vendor to another between turns. What the first one signed then stands in the caller's body,
in a place that the dialect's own vendor would refuse or misread; such a body is translated, which leaves it out.
"""

from __future__ import annotations

_MARKS: dict[str, tuple[bytes, ...]] = {
    "openai_chat": (b'"reasoning_details"', b'"thought_signature"'),
    "openai_responses": (b'"gamma.', b'"rs_gamma_', b'"thought_signature"'),
    "anthropic_messages": (b'"gamma:', b'"thought_signature"'),
    "gemini": (b"Z2FtbWE6",),  # base64 of `gamma:`
}


def holds_foreign(dialect: str, body: bytes) -> bool:
    """Whether a request in a dialect carries what only Gamma put there; it may say yes too often, never too seldom."""
    return any(mark in body for mark in _MARKS.get(dialect, ()))
