"""Vertex AI: the location `global` has a host of its own (providers.md 1)."""

from __future__ import annotations

from gamma.providers.base import Provider


class Vertex(Provider):
    """Leaves the location out of the host where it is `global`."""

    def base_url(self) -> str:
        """The row's address, with the host that serves the location."""
        return super().base_url().replace("https://global-aiplatform.", "https://aiplatform.", 1)
