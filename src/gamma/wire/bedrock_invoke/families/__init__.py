"""One model family a file: how its bodies are written and read (providers.md 7.3)."""
