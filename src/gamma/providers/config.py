"""What the settings file says about providers and prices."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from gamma.types.secret import Secret
from gamma.types.timeouts import Timeouts


class PriceConfig(Struct, frozen=True, kw_only=True):
    """`price:` of a deployment or model: what the operator pays, in US dollars for a million tokens.

    Attributes:
        cache_read_per_mtok: None prices cache reads as fresh input.
        cache_write_per_mtok: None prices cache writes as fresh input.
    """

    input_per_mtok: float
    output_per_mtok: float
    cache_read_per_mtok: float | None = None
    cache_write_per_mtok: float | None = None


class ProviderConfig(Struct, frozen=True, kw_only=True):
    """One entry under `providers:`, or a catalogue row that the environment has switched on. Secrets are resolved.

    Attributes:
        name: what deployments and `provider/model` call it.
        like: the catalogue row that it takes dialect, paths, authentication and quirks from; None with `wire` alone.
        wire: the chat dialect, where no row says it.
        base_url: replaces the row's address.
        api_key: the credential; None where there is none (local servers, cloud credentials).
        variables: values for the row's `{variables}`, resolved from the file, the environment and the row's defaults.
        headers: extra headers for every request.
        embeddings: wire file for embeddings, where it differs from the row's.
        rerank: wire file for rerank, likewise.
        timeouts: deadlines for its deployments that set none; None takes the defaults.
        proxy: URL of the HTTP proxy to reach it through.
        verify_tls: whether its certificate is checked.
        traits: replaces single traits of the row, by their names in `wire.base.Traits`.
    """

    name: str
    like: str | None = None
    wire: str | None = None
    base_url: str | None = None
    api_key: Secret | None = None
    variables: dict[str, str | Secret] = {}
    headers: dict[str, str] = {}
    embeddings: str | None = None
    rerank: str | None = None
    timeouts: Timeouts | None = None
    proxy: str | None = None
    verify_tls: bool = True
    traits: dict[str, Any] = {}
