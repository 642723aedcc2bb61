"""One provider, one of its models and a credential: what can answer a request."""

from __future__ import annotations

from collections.abc import Iterable

from gamma.providers.base import Kind, Provider
from gamma.providers.prices import Price
from gamma.routing.config import DeploymentConfig
from gamma.transport.pool import Channel
from gamma.types.http import HttpRequest
from gamma.wire.base import Target


class Deployment:
    """A deployment, compiled for serving.

    Args:
        provider: who hosts it.
        config: the settings' words on it.
        price: what its tokens cost; None when unknown.
        context_window: most input tokens that the model takes, None when unknown.

    Attributes:
        name: `provider/model`.
        in_flight: attempts running now.
        retries: how often it may be tried again for one request.
    """

    __slots__ = (
        "_heads",
        "config",
        "context_window",
        "in_flight",
        "name",
        "price",
        "provider",
        "retries",
        "target",
        "weight",
    )

    def __init__(
        self, provider: Provider, config: DeploymentConfig, price: Price | None, context_window: int | None = None
    ) -> None:
        self.provider = provider
        self.config = config
        self.price = price
        self.context_window = context_window
        self.name = f"{provider.name}/{config.model}"
        self.weight = config.weight
        self.in_flight = 0
        self.retries = config.retries
        self.target = Target(
            model=config.model,
            traits=provider.traits,
            drop_unsupported=config.drop_unsupported,
        )
        self._heads: dict[tuple[Kind, str, bool], tuple[Channel, bytes]] = {}

    async def request(
        self, kind: Kind, wire: str, *, stream: bool, body: bytes, headers: tuple[tuple[str, str], ...] = ()
    ) -> tuple[Channel, tuple[bytes, ...]]:
        """Where to send a body, and the bytes to send.

        Args:
            kind: `chat`, `embeddings`, `rerank` or `count_tokens`.
            wire: the dialect of the body.
            headers: the caller's own headers that belong to the dialect, such as `anthropic-beta`.
        """
        key = (kind, wire, stream)
        ready = self._heads.get(key)
        if ready is None or headers:
            ready = await self._head(key, body, headers)
            if self.provider.static_auth and not headers:
                self._heads[key] = ready
        return ready[0], (ready[1], b"content-length: %d\r\n\r\n" % len(body), body)

    def ready(self, kind: Kind, wire: str, *, stream: bool, body: bytes) -> tuple[Channel, tuple[bytes, ...]] | None:
        """The same where nothing has to be waited for; None until the first `request`, or when every one is signed."""
        head = self._heads.get((kind, wire, stream))
        return None if head is None else (head[0], (head[1], b"content-length: %d\r\n\r\n" % len(body), body))

    async def _head(
        self, key: tuple[Kind, str, bool], body: bytes, headers: tuple[tuple[str, str], ...]
    ) -> tuple[Channel, bytes]:
        kind, wire, stream = key
        provider = self.provider
        origin, path = provider.url(kind, wire, self.config.model, stream=stream)
        own = provider.headers(stream=stream)
        names = {name for name, _ in headers}
        merged = (*((k, v) for k, v in own if k not in names), *headers)
        request = await provider.authorise(HttpRequest(origin, "POST", path, merged, body))
        return provider.channel(request.origin), render_head(request)

    def __repr__(self) -> str:
        return f"Deployment({self.name!r})"


def render_head(request: HttpRequest) -> bytes:
    """Request line and headers, without content-length and the blank line.

    Raises:
        ValueError: a header holds a line end.
    """
    lines: list[str] = [f"{request.method} {request.target} HTTP/1.1", f"host: {request.origin.authority}"]
    lines.extend(_header_lines(request.headers))
    return ("\r\n".join(lines) + "\r\n").encode("latin-1")


def _header_lines(headers: Iterable[tuple[str, str]]) -> Iterable[str]:
    for name, value in headers:
        if "\r" in value or "\n" in value:
            raise ValueError(f"header {name} holds a line end")
        if name.lower() not in ("host", "content-length", "connection"):
            yield f"{name}: {value}"
