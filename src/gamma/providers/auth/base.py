"""How a request is authorised. One scheme a file, named as `auth` in a row says, dashes as underscores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from gamma.transport.pool import Pool
from gamma.types.http import HttpRequest
from gamma.types.secret import Secret


class Credentials(Struct, frozen=True, kw_only=True):
    """What a scheme may draw on.

    Attributes:
        provider: the provider's name in the settings, for messages.
        key: the API key, if there is one.
        variables: the row's variables, resolved; secrets among them are `Secret`.
        pool: for schemes that fetch a token over HTTP.
        proxy: through which to fetch it.
    """

    provider: str
    pool: Pool
    key: Secret | None = None
    variables: Mapping[str, str | Secret] = {}
    proxy: str | None = None

    def text(self, name: str) -> str:
        """A variable in clear; empty when it is not set."""
        value = self.variables.get(name, "")
        return value.reveal() if isinstance(value, Secret) else value


class Auth(Protocol):
    """Adds what proves who we are."""

    static: bool
    """Whether it depends on the key alone, so that `headers` may be computed once."""

    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers of a static scheme; empty otherwise."""

    async def authorise(self, request: HttpRequest) -> HttpRequest:
        """The request with its credential.

        Raises:
            MissingExtra: a library is not installed.
            ProviderAuthFailed: there is no credential, or it was refused.
            ProviderUnreachable, ProviderTimeout: the token's issuer cannot be reached.
        """
