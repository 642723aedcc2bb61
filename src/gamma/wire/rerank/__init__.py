"""Documents in order of relevance: one dialect a file, all meeting in `types.rerank` (providers.md 13)."""
