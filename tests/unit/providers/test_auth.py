"""Each scheme proves who we are, and says plainly when it cannot."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as AwsCredentials

from gamma import plugins
from gamma.errors import MissingExtra, ProviderAuthFailed, ProviderMalformed, ProviderServerError, ProviderUnreachable
from gamma.providers.auth._token import EARLY_S, Token, TokenCache
from gamma.providers.auth.base import Credentials
from gamma.transport.connection import Reply
from gamma.transport.pool import Pool
from gamma.types.http import HttpRequest, Origin
from gamma.types.secret import Secret

REQUEST = HttpRequest(
    Origin("https", "bedrock-runtime.eu-west-1.amazonaws.com", 443),
    "POST",
    "/model/us.anthropic.claude%3A0/converse",
    (("content-type", "application/json"),),
    b'{"messages":[]}',
)
WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def scheme(name, pool=None, key=None, **variables):
    credentials = Credentials(provider="p", pool=pool or Pool(), key=Secret(key) if key else None, variables=variables)
    return plugins.load("gamma.providers.auth", name)(credentials)


def authorise(auth, request=REQUEST):
    return asyncio.run(auth.authorise(request))


@pytest.fixture
def at(monkeypatch):
    """Sets botocore's clock."""

    def at(when):
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: when)

    at(WHEN)
    return at


def aws(**more):
    variables = {"access_key_id": Secret("AKIAX"), "secret_access_key": Secret("shh"), "region": "eu-west-1", **more}
    return scheme("aws", **variables)


def reference(token=None):
    signed = AWSRequest("POST", REQUEST.url, dict(REQUEST.headers), REQUEST.body)
    SigV4Auth(AwsCredentials("AKIAX", "shh", token), "bedrock", "eu-west-1").add_auth(signed)
    return {name.lower(): value for name, value in signed.headers.items()}


@pytest.mark.usefixtures("at")
@pytest.mark.parametrize("token", [None, "session"])
def test_signatures_equal_those_of_botocore(token):
    auth = aws(session_token=Secret(token)) if token else aws()
    assert dict(authorise(auth).headers) == reference(token)


def test_a_kept_signing_key_is_renewed_with_the_day(at):
    auth = aws()
    first = authorise(auth)
    at(WHEN + timedelta(days=1))
    second = authorise(auth)
    assert dict(second.headers) == reference()
    assert first.headers != second.headers


@pytest.mark.usefixtures("at")
def test_a_signed_request_keeps_what_is_sent():
    signed = authorise(aws())
    assert (signed.body, signed.target, signed.headers[:1]) == (REQUEST.body, REQUEST.target, REQUEST.headers)


@pytest.mark.usefixtures("at")
def test_large_bodies_are_signed_off_the_loop(monkeypatch):
    seen = []
    real = asyncio.to_thread

    async def to_thread(function, *args):
        seen.append(function)
        return await real(function, *args)

    monkeypatch.setattr(asyncio, "to_thread", to_thread)
    auth = aws()
    authorise(auth)
    authorise(auth)
    assert len(seen) == 1
    authorise(auth, HttpRequest(REQUEST.origin, "POST", "/", (), bytes(300_000)))
    assert len(seen) == 2


def test_an_api_key_goes_before_a_signature():
    auth = scheme("aws", key="bedrock-key", access_key_id=Secret("AKIAX"))
    assert auth.static
    assert dict(authorise(auth).headers)["authorization"] == "Bearer bedrock-key"


def test_missing_aws_credentials_say_what_to_set(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(ProviderAuthFailed, match="set AWS_ACCESS_KEY_ID"):
        authorise(scheme("aws", region="eu-west-1"))
    with pytest.raises(ProviderAuthFailed, match="no AWS credentials for p"):
        authorise(scheme("aws", region="eu-west-1", profile="absent"))


def test_without_botocore_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    monkeypatch.delitem(sys.modules, "gamma.providers.auth._sigv4", raising=False)
    with pytest.raises(MissingExtra, match=r"pip install 'gamma\[bedrock\]'"):
        authorise(aws())


def test_without_google_auth_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.auth", None)
    with pytest.raises(MissingExtra, match=r"pip install 'gamma\[vertex\]'"):
        authorise(scheme("google"))


def test_a_google_token_of_the_settings_is_used_as_it_is():
    assert dict(authorise(scheme("google", key="ya29")).headers)["authorization"] == "Bearer ya29"


def test_google_credentials_are_refreshed_and_kept():
    class Source:
        token = None
        expiry = None
        calls = 0

        def refresh(self, request):
            del request
            self.calls += 1
            self.token = f"t{self.calls}"
            self.expiry = datetime.now(tz=UTC).replace(tzinfo=None) + timedelta(hours=1)

    async def twice(auth):
        return [await auth.authorise(REQUEST) for _ in range(2)]

    auth = scheme("google")
    auth._source = Source()
    assert [dict(r.headers)["authorization"] for r in asyncio.run(twice(auth))] == ["Bearer t1", "Bearer t1"]


def test_a_broken_google_key_file_is_an_auth_failure(tmp_path):
    path = tmp_path / "key.json"
    path.write_text("{}")
    with pytest.raises(ProviderAuthFailed, match="no Google credential for p"):
        authorise(scheme("google", credentials=Secret(str(path))))
    with pytest.raises(ProviderAuthFailed):
        authorise(scheme("google", credentials=Secret("{broken")))
    with pytest.raises(ProviderAuthFailed, match="absent"):
        authorise(scheme("google", credentials=Secret(str(tmp_path / "absent.json"))))


def test_google_being_unreachable_is_told_apart():
    from google.auth.exceptions import TransportError  # noqa: PLC0415 - only here

    auth = scheme("google")
    auth._source = SimpleNamespace(refresh=lambda _: (_ for _ in ()).throw(TransportError("no route")))
    with pytest.raises(ProviderUnreachable):
        authorise(auth)


class StubPool:
    """Answers each request with the same reply."""

    def __init__(self, status, body):
        self.reply = Reply(status, [], body)
        self.asked = []

    async def send(self, channel, request, timeouts, sink=None):
        del timeouts, sink
        self.asked.append((channel.origin.host, request))
        return self.reply


def ibm(pool, key="k"):
    return scheme("ibm", pool=pool, key=key, iam_url="https://iam.example/identity/token")


def test_ibm_keys_are_exchanged_for_a_token():
    pool = StubPool(200, b'{"access_token":"tok","expires_in":3600}')

    async def twice(auth):
        return [await auth.authorise(REQUEST) for _ in range(2)]

    headers = [dict(r.headers)["authorization"] for r in asyncio.run(twice(ibm(pool)))]
    assert headers == ["Bearer tok", "Bearer tok"]
    assert len(pool.asked) == 1
    host, (head, body) = pool.asked[0]
    assert host == "iam.example"
    assert head.startswith(b"POST /identity/token HTTP/1.1\r\nhost: iam.example\r\n")
    assert b"apikey=k" in body


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [(400, b"{}", ProviderAuthFailed), (500, b"{}", ProviderServerError), (200, b"<html>", ProviderMalformed)],
)
def test_ibms_refusals_are_told_apart(status, body, error):
    with pytest.raises(error):
        authorise(ibm(StubPool(status, body)))


def test_ibm_needs_a_key():
    with pytest.raises(ProviderAuthFailed, match="has no api_key"):
        authorise(ibm(StubPool(200, b""), key=None))


class Issuer:
    """Gives tokens that live 1,000 s, until told to fail."""

    def __init__(self):
        self.now = 0.0
        self.calls = 0
        self.failing = False
        self.cache = TokenCache(self.fetch, lambda: self.now)

    async def fetch(self):
        self.calls += 1
        await asyncio.sleep(0)
        if self.failing:
            raise ProviderUnreachable("down")
        return Token(f"t{self.calls}", self.now + 1000)


def test_one_caller_fetches_while_the_others_wait():
    async def many(issuer):
        return await asyncio.gather(*(issuer.cache.get() for _ in range(20)))

    issuer = Issuer()
    assert asyncio.run(many(issuer)) == ["t1"] * 20
    assert issuer.calls == 1


def test_a_token_is_renewed_before_it_expires():
    async def run(issuer):
        first = await issuer.cache.get()
        issuer.now = 1000 - EARLY_S + 1
        renewed = await asyncio.gather(*(issuer.cache.get() for _ in range(3)))
        return first, renewed

    first, renewed = asyncio.run(run(Issuer()))
    assert first == "t1"
    assert sorted(renewed) == ["t1", "t1", "t2"]  # one renews, the others go on with the old one


def test_a_valid_token_outlives_a_failing_issuer():
    async def run(issuer):
        await issuer.cache.get()
        issuer.now, issuer.failing = 900.0, True
        kept = await issuer.cache.get()
        issuer.now = 1001.0
        with pytest.raises(ProviderUnreachable):
            await issuer.cache.get()
        return kept

    assert asyncio.run(run(Issuer())) == "t1"
