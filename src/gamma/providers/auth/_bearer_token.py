"""Schemes that send a short-lived token, which is got from a longer-lived credential."""

from __future__ import annotations

from gamma.providers.auth._token import Token, TokenCache
from gamma.providers.auth.base import Credentials
from gamma.types.http import HttpRequest


class TokenAuth:
    """Adds `authorization: Bearer TOKEN`.

    Args:
        credentials: what `fetch` draws on.
    """

    static = False

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._tokens = TokenCache(self.fetch)

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Nothing: the token changes."""
        return ()

    async def authorise(self, request: HttpRequest) -> HttpRequest:
        """The request with a valid token."""
        headers = (*request.headers, ("authorization", f"Bearer {await self._tokens.get()}"))
        return HttpRequest(request.origin, request.method, request.target, headers, request.body)

    async def fetch(self) -> Token:
        """A new token from its issuer; each scheme has its own."""
        raise TypeError(f"{type(self).__name__} must say how its token is fetched")
