"""Amazon: an API key as bearer, or Signature Version 4 by botocore."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gamma.errors import MissingExtra
from gamma.providers.auth.base import Credentials
from gamma.types.http import HttpRequest

if TYPE_CHECKING:
    from gamma.providers.auth._sigv4 import Signatures

_SERVICE = "bedrock"
_INLINE_BYTES = 256 * 1024  # hashing this much takes 0.2 ms; more goes to a thread


class Aws:
    """`authorization: Bearer KEY` where there is an API key, else a signature over the whole request.

    Args:
        credentials: the key, or the variables that `Signatures` reads.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._signatures: Signatures | None = None
        self.static = credentials.key is not None

    def headers(self) -> tuple[tuple[str, str], ...]:
        """The bearer header, or nothing where requests are signed."""
        key = self._credentials.key
        return (("authorization", f"Bearer {key.reveal()}"),) if key else ()

    async def authorise(self, request: HttpRequest) -> HttpRequest:
        """The request with its signature; off the loop where credentials are fetched or the body is large.

        Raises:
            MissingExtra: botocore is not installed.
            ProviderAuthFailed: there are no credentials.
        """
        if self.static:
            added = self.headers()
        elif self._signatures is None or self._signatures.stale or len(request.body) > _INLINE_BYTES:
            added = await asyncio.to_thread(self._sign, request)
        else:
            added = self._signatures.sign(request)
        return HttpRequest(request.origin, request.method, request.target, request.headers + added, request.body)

    def _sign(self, request: HttpRequest) -> tuple[tuple[str, str], ...]:
        if self._signatures is None:
            try:
                from gamma.providers.auth._sigv4 import Signatures  # noqa: PLC0415 - botocore is heavy and optional
            except ImportError:
                raise MissingExtra("Bedrock with AWS credentials needs botocore: pip install 'gamma[bedrock]'") from None
            self._signatures = Signatures(self._credentials, _SERVICE)
        return self._signatures.sign(request)
