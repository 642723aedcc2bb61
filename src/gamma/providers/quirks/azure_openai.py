"""Azure: with an `api_version` the model is a deployment in the path, without one the paths are OpenAI's."""

from __future__ import annotations

from gamma.providers.base import Kind, Provider

_V1 = frozenset({"", "v1", "preview", "latest"})
_BY_DEPLOYMENT = {"openai_chat": "chat/completions", "openai_completions": "completions", "embeddings": "embeddings"}


class AzureOpenai(Provider):
    """Chooses between `/openai/v1` and `/openai/deployments/{model}` (providers.md 1)."""

    def base_url(self) -> str:
        """The resource's address; `/openai/v1` at its end, as clients are often given it, belongs to the paths."""
        base = super().base_url().rstrip("/")
        return base.removesuffix("/v1").removesuffix("/openai")

    def path(self, kind: Kind, wire: str, *, stream: bool, model: str = "") -> str:
        """The path by deployment where a dated `api_version` is set."""
        version = str(self.config.variables.get("api_version", ""))
        if version in _V1:
            path = super().path(kind, wire, stream=stream, model=model)
            return path + (f"?api-version={version}" if version in {"preview", "latest"} else "")
        if kind in {"rerank", "count_tokens"}:
            return super().path(kind, wire, stream=stream, model=model)
        end = _BY_DEPLOYMENT.get(wire if kind == "chat" else kind)
        if end is None:  # responses take the model in the body also with a version
            return f"/openai/responses?api-version={version}"
        return f"/openai/deployments/{{model}}/{end}?api-version={version}"
