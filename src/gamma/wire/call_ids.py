"""Ids for tool calls that came without one."""

from __future__ import annotations

import hashlib


def call_id(seed: str, index: int, name: str) -> str:
    """An id made from where the call stands; the same call always gets the same."""
    return "call_" + hashlib.blake2b(f"{seed}/{index}/{name}".encode(), digest_size=9).hexdigest()
