"""IBM Cloud: an API key is exchanged for an IAM token that lives about an hour (providers.md 1, watsonx)."""

from __future__ import annotations

import time
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from gamma.errors import ProviderAuthFailed, ProviderMalformed, ProviderServerError
from gamma.providers.auth._bearer_token import TokenAuth
from gamma.providers.auth._token import Token
from gamma.transport.pool import Channel
from gamma.types.http import HttpRequest, Origin
from gamma.types.timeouts import Timeouts

_GRANT = "urn:ibm:params:oauth:grant-type:apikey"
_TIMEOUTS = Timeouts(connect_s=5, first_token_s=15, stall_s=15, total_s=20)


class _Grant(Struct):
    access_token: str
    expires_in: float = 3600.0


class Ibm(TokenAuth):
    """`authorization: Bearer IAM_TOKEN`."""

    async def fetch(self) -> Token:
        """A new IAM token.

        Raises:
            ProviderAuthFailed: the key was refused, or there is none.
            ProviderServerError, ProviderUnreachable, ProviderTimeout: IAM does not answer as it should.
        """
        credentials = self._credentials
        if credentials.key is None:
            raise ProviderAuthFailed(f"provider {credentials.provider} has no api_key")
        origin, target = Origin.parse(credentials.text("iam_url"))
        body = urlencode({"grant_type": _GRANT, "apikey": credentials.key.reveal()}).encode()
        headers = (("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json"))
        request = HttpRequest(origin, "POST", target, headers, body)
        reply = await credentials.pool.send(Channel(origin, credentials.proxy), request.encode(), _TIMEOUTS)
        if reply.status in {400, 401, 403}:
            raise ProviderAuthFailed("IBM IAM refused the API key", provider_status=reply.status)
        if reply.status != 200:
            raise ProviderServerError(f"IBM IAM answered {reply.status}", provider_status=reply.status)
        try:
            grant = msgspec.json.decode(reply.body, type=_Grant)
        except msgspec.DecodeError:
            raise ProviderMalformed("IBM IAM answered no token") from None
        return Token(grant.access_token, time.time() + grant.expires_in)
