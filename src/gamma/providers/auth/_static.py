"""Schemes that are one header with the key in it."""

from __future__ import annotations

from typing import ClassVar

from gamma.providers.auth.base import Credentials
from gamma.types.http import HttpRequest


class StaticAuth:
    """One header; without a key none, for servers that ask for none.

    Args:
        credentials: only the key is used.
    """

    header: ClassVar[str]
    prefix: ClassVar[str] = ""
    static = True

    def __init__(self, credentials: Credentials) -> None:
        self._key = credentials.key

    def headers(self) -> tuple[tuple[str, str], ...]:
        """The header, or nothing without a key."""
        return ((self.header, self.prefix + self._key.reveal()),) if self._key else ()

    async def authorise(self, request: HttpRequest) -> HttpRequest:
        """The request with `headers` added."""
        return HttpRequest(request.origin, request.method, request.target, request.headers + self.headers(), request.body)
