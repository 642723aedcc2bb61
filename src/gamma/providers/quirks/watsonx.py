"""watsonx.ai: every body names the project or space that is charged (providers.md 9)."""

from __future__ import annotations

from typing import Any

from gamma.providers.base import Provider


class Watsonx(Provider):
    """Adds `project_id` or `space_id`."""

    def adjust_body(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body with the first of the two that is set; one that the caller gave stays."""
        for name in ("project_id", "space_id"):
            if name not in body and self.config.variables.get(name):
                return {name: str(self.config.variables[name]), **super().adjust_body(body)}
        return super().adjust_body(body)
