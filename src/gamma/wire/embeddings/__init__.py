"""Texts to vectors: one dialect a file, all meeting in `types.embedding` (providers.md 13)."""
