"""Short-lived tokens: kept until shortly before they expire, fetched by one caller at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from msgspec import Struct

from gamma.errors import ProviderError

EARLY_S = 300.0
"""A token is renewed this long before it expires, so that none expires on its way."""


class Token(Struct, frozen=True):
    """A bearer token.

    Attributes:
        value: the token in clear.
        expires_at: seconds since 1970.
    """

    value: str
    expires_at: float


class TokenCache:
    """Keeps one token.

    Args:
        fetch: gets a new one.
        clock: seconds since 1970.
    """

    def __init__(self, fetch: Callable[[], Awaitable[Token]], clock: Callable[[], float] = time.time) -> None:
        self._fetch = fetch
        self._clock = clock
        self._token: Token | None = None
        self._lock = asyncio.Lock()

    async def get(self) -> str:
        """A token that is valid now.

        While one caller renews a token that is still valid, the others go on with it; if renewing fails, all do.

        Raises:
            ProviderError: there is no valid token and none can be got.
        """
        if self._fresh(EARLY_S) is None and not (self._lock.locked() and self._fresh(0.0)):
            async with self._lock:
                if self._fresh(EARLY_S) is None:
                    await self._renew()
        assert self._token is not None
        return self._token.value

    def _fresh(self, margin_s: float) -> Token | None:
        token = self._token
        return token if token is not None and self._clock() < token.expires_at - margin_s else None

    async def _renew(self) -> None:
        try:
            self._token = await self._fetch()
        except ProviderError:
            if self._fresh(0.0) is None:
                raise
