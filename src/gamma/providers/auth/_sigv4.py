"""The side of AWS authentication that needs botocore; imported only where requests are signed."""

from __future__ import annotations

import hmac
from hashlib import sha256
from threading import Lock
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as StaticCredentials
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from gamma.errors import ProviderAuthFailed
from gamma.providers.auth.base import Credentials
from gamma.types.http import HttpRequest


class CachingSigner(SigV4Auth):  # type: ignore[misc]  # botocore ships no types
    """botocore's signer, with the derived key kept: it changes once a day, or with the credentials."""

    _cached: tuple[tuple[str, str], bytes] | None = None

    def signature(self, string_to_sign: str, request: Any) -> str:
        """The signature, in hexadecimal."""
        scope = (request.context["timestamp"][:8], self.credentials.secret_key)
        if self._cached is None or self._cached[0] != scope:
            key = f"AWS4{scope[1]}".encode()
            for part in (scope[0], self._region_name, self._service_name, "aws4_request"):
                key = hmac.new(key, part.encode(), sha256).digest()
            self._cached = (scope, key)
        return hmac.new(self._cached[1], string_to_sign.encode(), sha256).hexdigest()


class Signatures:
    """Signs requests with the settings' credentials, else with what botocore finds: profile, container, instance.

    Args:
        credentials: variables `region`, `access_key_id`, `secret_access_key`, `session_token`, `profile`.
        service: the service's name in signatures.

    Raises:
        ProviderAuthFailed: there are no credentials.
    """

    def __init__(self, credentials: Credentials, service: str) -> None:
        self._source = _find(credentials)
        self._signer = CachingSigner(None, service, credentials.text("region"))
        self._one_at_a_time = Lock()

    @property
    def stale(self) -> bool:
        """Whether signing would first fetch temporary credentials anew."""
        check = getattr(self._source, "refresh_needed", None)
        return bool(check and check())

    def sign(self, request: HttpRequest) -> tuple[tuple[str, str], ...]:
        """The headers that signing adds. May be called from several threads."""
        sent = dict(request.headers)
        signed = AWSRequest(request.method, request.url, sent, request.body)
        with self._one_at_a_time:
            self._signer.credentials = self._source.get_frozen_credentials()
            self._signer.add_auth(signed)
        return tuple((name.lower(), value) for name, value in signed.headers.items() if name not in sent)


def _find(credentials: Credentials) -> Any:
    text = credentials.text
    if text("access_key_id"):
        return StaticCredentials(text("access_key_id"), text("secret_access_key"), text("session_token") or None)
    try:
        source = Session(profile=text("profile") or None).get_credentials()
    except BotoCoreError as error:
        raise ProviderAuthFailed(f"no AWS credentials for {credentials.provider}: {error}") from error
    if source is None:
        raise ProviderAuthFailed(
            f"no AWS credentials for {credentials.provider}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,"
            " AWS_PROFILE or AWS_BEARER_TOKEN_BEDROCK"
        )
    return source
