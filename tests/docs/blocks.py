"""Code blocks of a page."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(Struct, frozen=True):
    """One fenced block.

    Attributes:
        page: where it stands.
        line: of its first line.
        language: the word behind the fence.
        text: what it holds.
    """

    page: Path
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """For test ids."""
        return f"{self.page.name}:{self.line}"


def blocks(pages: list[Path], language: str) -> list[Block]:
    """All blocks of a language."""
    found: list[Block] = []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        found.extend(
            Block(page, text.count("\n", 0, match.start()) + 2, match[1], match[2])
            for match in _BLOCK.finditer(text)
            if match[1] == language
        )
    return found
