"""Claude on Vertex AI: Anthropic's body with the model in the path and the version in the body (providers.md 5)."""

from __future__ import annotations

from typing import Any

from gamma.providers.quirks.vertex import Vertex

_VERSION = "vertex-2023-10-16"
_IN_PATH = frozenset({"model", "stream"})


class VertexAnthropic(Vertex):
    """Moves the model out of the body, except where tokens are counted, whose path names no model."""

    def adjust_body(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body without `model` and `stream` and with `anthropic_version`."""
        kept = {key: value for key, value in body.items() if key not in _IN_PATH}
        if "max_tokens" not in body and "model" in body:  # only counting goes without a length
            kept["model"] = body["model"]
        return {"anthropic_version": _VERSION, **kept}
