"""A provider: a catalogue row with its credential and variables filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from msgspec.structs import replace

from gamma import plugins
from gamma.errors import UnsupportedParameter
from gamma.providers.auth.base import Auth, Credentials
from gamma.providers.catalog import Catalog
from gamma.providers.config import ProviderConfig
from gamma.providers.row import Row
from gamma.providers.standard import standard_row
from gamma.transport.connection import Reply
from gamma.transport.pool import Channel, Pool
from gamma.types.chat import ChatRequest
from gamma.types.http import HttpRequest, Origin
from gamma.types.timeouts import Timeouts
from gamma.wire.base import Traits

Kind = Literal["chat", "embeddings", "rerank", "count_tokens"]

_FIELDS = frozenset(ChatRequest.__struct_fields__)


class Provider:
    """One provider that is on. A quirk subclasses it in `gamma.providers.quirks`, in the file named as the row.

    Args:
        row: its catalogue row, or one made from `wire`.
        config: what the settings say of it.
        pool: for authentication and answers that need further requests.

    Attributes:
        name: what deployments call it.
        row: as given.
        traits: the row's, with the settings' replaced.
        edits_body: whether a body of its own dialect has to be looked at before it is forwarded.
        static_auth: whether `headers` already holds the credential, so that `authorise` adds nothing.
        settles: whether answers come through `settle`, always whole, also where a stream was asked for.
    """

    settles: ClassVar[bool] = False

    def __init__(self, row: Row, config: ProviderConfig, pool: Pool) -> None:
        self.name = config.name
        self.row = row
        self.config = config
        self.traits: Traits = replace(row.flavour, **config.traits)
        self.embeddings = config.embeddings or row.embeddings
        self.rerank = config.rerank or row.rerank
        own = type(self).adjust_body is not Provider.adjust_body
        self.edits_body = bool(own or row.drop or row.rename or self.traits.unsupported & _FIELDS)
        self._pool = pool
        self._auth = self._load_auth(pool)
        self._values = {k: v for k, v in config.variables.items() if isinstance(v, str)}
        self._base = self.base_url().rstrip("/")
        self._values["origin"] = str(Origin.parse(self._base)[0])

    @property
    def static_auth(self) -> bool:
        """Whether the credential is part of `headers`."""
        return self._auth.static

    def base_url(self) -> str:
        """The address that paths are below: the settings', else the row's."""
        return self.config.base_url or fill(self.row.base_url, self._values)

    def wire_for(self, served: str) -> str:
        """The dialect to call it in: the caller's own when it speaks that, else its preferred one.

        Raises:
            UnsupportedParameter: it answers no chat at all.
        """
        if served in self.row.wires:
            return served
        if not self.row.wires:
            raise UnsupportedParameter(f"{self.name} answers no chat, only embeddings or rerank", param="model")
        return self.row.wires[0]

    def embedding_wire(self) -> str:
        """The format of its embeddings.

        Raises:
            UnsupportedParameter: it offers none.
        """
        return self._offered("embeddings", self.embeddings)

    def rerank_wire(self) -> str:
        """The format of its rerank.

        Raises:
            UnsupportedParameter: it offers none.
        """
        return self._offered("rerank", self.rerank)

    def _offered(self, kind: str, wire: str | None) -> str:
        if not wire:
            raise UnsupportedParameter(f"{self.name} offers no {kind}", param="model")
        return wire

    def exact(self, wire: str) -> bool:
        """Whether its answers in that dialect satisfy the strict types of the official SDK and may pass untouched."""
        return wire in self.row.exact

    def url(self, kind: Kind, wire: str, model: str, *, stream: bool = False) -> tuple[Origin, str]:
        """Where a request goes.

        Args:
            kind: what is asked.
            wire: the dialect, for chat; ignored otherwise.
            model: the provider's name of the model.
            stream: whether a stream is asked.

        Raises:
            UnsupportedParameter: it does not offer this kind.
        """
        path = self.path(kind, wire, stream=stream, model=model)
        filled = fill(path, {**self._values, "model": self.quote_model(model)})
        return Origin.parse(filled if "://" in filled else self._base + filled)

    def path(self, kind: Kind, wire: str, *, stream: bool, model: str = "") -> str:
        """The path's template: the row's, else the dialect's own.

        Raises:
            UnsupportedParameter: it does not offer this kind.
        """
        key = wire if kind == "chat" else kind
        paths = self.row.paths
        found = (paths.get(f"{key}.stream") if stream else None) or paths.get(key)
        if found is not None:
            return found
        if kind == "chat":
            dialect = plugins.load("gamma.wire", wire)
            return str(dialect.stream_path if stream else dialect.path)
        if kind == "embeddings":
            return str(plugins.load("gamma.wire.embeddings", self.embedding_wire())().path_for(model))
        if kind == "rerank":
            return str(plugins.load("gamma.wire.rerank", self.rerank_wire()).path)
        raise UnsupportedParameter(f"{self.name} does not count tokens", param="model")

    def quote_model(self, model: str) -> str:
        """The model's name for a path: one segment, `@` left as it is (recorded: vertex-anthropic)."""
        return quote(model, safe="@")

    def channel(self, origin: Origin) -> Channel:
        """How the transport reaches an origin of this provider."""
        return Channel(origin, self.config.proxy, self.config.verify_tls)

    def headers(self, *, stream: bool = False) -> tuple[tuple[str, str], ...]:
        """All headers that are the same for every request, a static credential included; names in lower case."""
        merged = {
            "content-type": "application/json",
            "accept": "text/event-stream" if stream else "application/json",
            **{name.lower(): fill(value, self._values) for name, value in self.row.headers.items()},
            **dict(self._auth.headers()),
            **{name.lower(): value for name, value in self.config.headers.items()},
        }
        return tuple(merged.items())

    async def authorise(self, request: HttpRequest) -> HttpRequest:
        """A request ready to send; the same one where the credential is static and so among `headers` already.

        Raises:
            MissingExtra: a library is not installed.
            ProviderAuthFailed: there is no credential, or its issuer refused it.
            ProviderUnreachable, ProviderTimeout: the issuer of tokens cannot be reached.
        """
        return request if self._auth.static else await self._auth.authorise(request)

    def adjust_body(self, body: dict[str, Any]) -> dict[str, Any]:
        """A rendered body in this provider's spelling. Looks at top-level keys only, so values may be `msgspec.Raw`."""
        row = self.row
        if not row.drop and not row.rename:
            return body
        adjusted = {key: value for key, value in body.items() if key not in row.drop}
        for key, spelling in row.rename.items():
            if key in adjusted:
                adjusted[spelling] = adjusted.pop(key)
        return adjusted

    async def settle(self, reply: Reply, timeouts: Timeouts) -> Reply:
        """The final answer behind a first one, for providers whose work is asynchronous (`settles`).

        Args:
            reply: the provider's first answer.
            timeouts: `total_s` bounds the waiting.

        Raises:
            ProviderError: it failed, or did not end in time.
        """
        del timeouts
        return reply

    def _load_auth(self, pool: Pool) -> Auth:
        config = self.config
        scheme = plugins.load("gamma.providers.auth", self.row.auth.replace("-", "_"))
        auth: Auth = scheme(
            Credentials(provider=config.name, pool=pool, key=config.api_key, variables=config.variables, proxy=config.proxy)
        )
        return auth


def fill(template: str, values: Mapping[str, str]) -> str:
    """A template with its `{variables}` replaced."""
    return template.format_map(values) if "{" in template else template


def row_for(config: ProviderConfig, catalog: Catalog) -> tuple[str, Row]:
    """The row that a provider's settings refer to, and that row's name; a made one, named empty, for a bare `wire`.

    Raises:
        LookupError: the catalogue lacks the row.
    """
    if config.like is not None:
        return config.like, catalog.row(config.like)
    if config.wire is not None:
        return "", standard_row(config.name, config.wire, config.base_url or "")
    return config.name, catalog.row(config.name)


def build_providers(configs: Mapping[str, ProviderConfig], catalog: Catalog, pool: Pool) -> dict[str, Provider]:
    """Every provider that is on, with its quirks, by name.

    Args:
        configs: `Settings.providers`.
        catalog: rows that they refer to.
        pool: shared by all.
    """
    built = {}
    for name, config in configs.items():
        like, row = row_for(config, catalog)
        quirks = plugins.names("gamma.providers.quirks")
        kind = plugins.load("gamma.providers.quirks", like) if like in quirks else Provider
        built[name] = kind(row, config, pool)
    return built
