"""Google Cloud: a service account's or the machine's own credential is exchanged for an OAuth token by google-auth."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

from gamma.errors import MissingExtra, ProviderAuthFailed, ProviderUnreachable
from gamma.providers.auth._bearer_token import TokenAuth
from gamma.providers.auth._token import Token

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


class Google(TokenAuth):
    """`authorization: Bearer OAUTH_TOKEN`; an `api_key` in the settings is taken for such a token and never renewed."""

    _source: Any = None

    async def fetch(self) -> Token:
        """A new OAuth token, fetched in a thread because google-auth blocks.

        Raises:
            MissingExtra: google-auth is not installed.
            ProviderAuthFailed: there is no credential, or Google refused it.
            ProviderUnreachable: Google's token service cannot be reached.
        """
        if self._credentials.key is not None:
            return Token(self._credentials.key.reveal(), float("inf"))
        return await asyncio.to_thread(self._refresh)

    def _refresh(self) -> Token:
        try:
            from google.auth import exceptions  # noqa: PLC0415 - heavy and optional
            from google.auth.transport.requests import Request  # noqa: PLC0415 - as above
        except ImportError:
            raise MissingExtra("Vertex AI needs google-auth: pip install 'gamma[vertex]'") from None
        try:
            if self._source is None:
                self._source = _source(self._credentials.text("credentials"))
            self._source.refresh(Request())
        except exceptions.TransportError as error:
            raise ProviderUnreachable(f"Google's token service cannot be reached: {error}") from error
        except (exceptions.GoogleAuthError, OSError, ValueError) as error:
            raise ProviderAuthFailed(f"no Google credential for {self._credentials.provider}: {error}") from error
        expiry = self._source.expiry  # naive, in UTC
        return Token(self._source.token, expiry.replace(tzinfo=UTC).timestamp() if expiry else time.time() + 3600)


def _source(text: str) -> Any:
    """google-auth's credential object for a key file's text, its path, or what the machine provides."""
    import google.auth  # noqa: PLC0415 - heavy and optional
    from google.auth import identity_pool  # noqa: PLC0415 - as above
    from google.oauth2 import credentials, service_account  # noqa: PLC0415 - as above

    if not text:
        found, _ = google.auth.default(scopes=_SCOPES)
        return found
    key = json.loads(text if text.lstrip().startswith("{") else Path(text).expanduser().read_text(encoding="utf-8"))
    makers: dict[str, Callable[..., Any]] = {
        "service_account": service_account.Credentials.from_service_account_info,
        "authorized_user": credentials.Credentials.from_authorized_user_info,
        "external_account": identity_pool.Credentials.from_info,
    }
    kind = key.get("type") if isinstance(key, dict) else None
    if kind not in makers:
        raise ValueError(f"the key file is of type {kind!r}, not one of {', '.join(makers)}")
    return makers[kind](key, scopes=_SCOPES)
