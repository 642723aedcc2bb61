"""OpenAI's official Python client sees Gamma's errors as its own classes, and retries when it should and only then."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from gamma.providers.config import ProviderConfig
from tests.e2e.conftest import tried
from tests.integration.gateways import ADMIN_KEY, Running, gateway
from tests.integration.upstream import Exchange, Upstream, upstream

ASK: Any = [{"role": "user", "content": "Say something about rivers."}]
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "At last."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}
FAILURES = {429: "429 Too Many Requests", 503: "503 Service Unavailable", 500: "500 Internal Server Error"}


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{running.url}/v1", api_key=ADMIN_KEY, max_retries=0, timeout=20) as found:
        yield found


def body_of(error: openai.APIStatusError) -> dict[str, Any]:
    """OpenAI's error object; the client unwraps it."""
    assert isinstance(error.body, dict)
    assert {"message", "type", "param", "code"} <= error.body.keys()
    assert error.request_id
    return error.body


def test_a_wrong_key_is_an_authentication_error(running: Running) -> None:
    wrong = openai.OpenAI(base_url=f"{running.url}/v1", api_key="sk-wrong", max_retries=0)
    with wrong as client, pytest.raises(openai.AuthenticationError) as found:
        client.chat.completions.create(model="openai/gpt-4o-mini", messages=ASK)
    assert body_of(found.value)["code"] == "caller_unauthenticated"


@pytest.mark.parametrize("name", ["nobody", "nobody/gpt-4o-mini"])
def test_an_unknown_model_is_not_found(client: openai.OpenAI, name: str) -> None:
    for stream in (False, True):
        with pytest.raises(openai.NotFoundError) as found:
            client.chat.completions.create(model=name, messages=ASK, stream=stream)
        assert body_of(found.value)["param"] == "model"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve(name)


@pytest.mark.parametrize("target", ["openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5"])
@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": "hello"}, "messages"),
        ({"messages": []}, "messages"),
        ({"temperature": "hot"}, "temperature"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"tools": {"name": "x"}}, "tools"),
    ],
)
def test_a_bad_type_is_a_bad_request(client: openai.OpenAI, target: str, change: Any, param: str) -> None:
    with pytest.raises(openai.BadRequestError) as found:
        client.chat.completions.create(**{"model": target, "messages": ASK, **change})
    assert body_of(found.value)["param"] == param
    assert body_of(found.value)["type"] == "invalid_request_error"


def test_a_path_that_is_not_served_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as found:
        client.files.list()
    assert body_of(found.value)["code"] == "caller_unknown_path"


@pytest.mark.parametrize("stream", [False, True])
def test_a_rate_limit_is_a_rate_limit_error(client: openai.OpenAI, stream: bool) -> None:
    with pytest.raises(openai.RateLimitError) as found:
        client.chat.completions.create(model="limited", messages=ASK, stream=stream)
    assert body_of(found.value)["code"] == "provider_rate_limited"
    assert int(found.value.response.headers["retry-after"]) >= 1


@pytest.mark.parametrize("stream", [False, True])
def test_a_provider_out_of_capacity_is_an_internal_server_error(client: openai.OpenAI, stream: bool) -> None:
    with pytest.raises(openai.InternalServerError) as found:
        client.chat.completions.create(model="overloaded", messages=ASK, stream=stream)
    assert found.value.status_code == 503
    assert body_of(found.value)["code"] == "provider_overloaded"


def test_a_credential_of_ours_that_fails_is_not_the_callers_fault(client: openai.OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as found:
        client.chat.completions.create(model="locked-out", messages=ASK)
    assert found.value.status_code == 502


def test_a_stream_that_is_cut_ends_in_an_error(client: openai.OpenAI) -> None:
    seen: list[Any] = []
    with pytest.raises(openai.APIError) as found:
        seen.extend(client.chat.completions.create(model="cut", messages=ASK, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in seen if chunk.choices)
    assert not any(choice.finish_reason for chunk in seen for choice in chunk.choices)
    assert "provider" in str(found.value.body)


def test_a_stream_that_falls_silent_ends_in_an_error(client: openai.OpenAI) -> None:
    began = time.monotonic()
    seen: list[Any] = []
    with pytest.raises(openai.APIError) as found:
        seen.extend(client.chat.completions.create(model="stalled", messages=ASK, stream=True))
    assert seen
    assert "provider_timeout" in str(found.value.body)
    assert time.monotonic() - began < 5


def test_the_clients_own_timeout_is_kept(client: openai.OpenAI) -> None:
    began = time.monotonic()
    with pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(model="slow", messages=ASK, timeout=0.3)
    assert time.monotonic() - began < 3


class Failing:
    """A provider that fails so often, then answers; each client call begins anew.

    Attributes:
        statuses: what is still to fail with.
    """

    def __init__(self) -> None:
        self.statuses: list[int] = []

    async def __call__(self, exchange: Exchange) -> None:
        """Answers one request."""
        if not self.statuses:
            await exchange.answer(json.dumps(ANSWER).encode())
            return
        status = self.statuses.pop(0)
        await exchange.answer(b'{"error":{"message":"not now","type":"x","param":null,"code":null}}', FAILURES[status])


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Failing, Upstream, Running]]:
    script = Failing()
    with upstream(script) as up:
        own = ProviderConfig(name="own", wire="openai_chat", base_url=up.url)
        models = {"once": tried("once", "own"), "twice": tried("twice", "own", retries=1)}
        with gateway(tmp_path_factory.mktemp("retries"), providers={"own": own}, models=models) as running:
            yield script, up, running


@pytest.mark.parametrize("status", [429, 503, 500])
def test_the_client_retries_what_gamma_did_not(failing: tuple[Failing, Upstream, Running], status: int) -> None:
    script, up, running = failing
    script.statuses = [status]
    before = len(up.exchanges)
    with openai.OpenAI(base_url=f"{running.url}/v1", api_key=ADMIN_KEY, max_retries=2) as client:
        answer = client.chat.completions.create(model="once", messages=ASK)
    assert answer.choices[0].message.content == "At last."
    assert len(up.exchanges) - before == 2


def test_gamma_retries_without_the_client_seeing_it(failing: tuple[Failing, Upstream, Running]) -> None:
    script, up, running = failing
    script.statuses = [503]
    before = len(up.exchanges)
    with openai.OpenAI(base_url=f"{running.url}/v1", api_key=ADMIN_KEY, max_retries=0) as client:
        raw = client.chat.completions.with_raw_response.create(model="twice", messages=ASK)
    assert raw.headers["x-gamma-attempts"] == "2"
    assert len(up.exchanges) - before == 2


def test_the_client_does_not_retry_what_gamma_has_retried(failing: tuple[Failing, Upstream, Running]) -> None:
    script, up, running = failing
    script.statuses = [503] * 9
    before = len(up.exchanges)
    with (
        openai.OpenAI(base_url=f"{running.url}/v1", api_key=ADMIN_KEY, max_retries=3) as client,
        pytest.raises(openai.InternalServerError) as found,
    ):
        client.chat.completions.create(model="twice", messages=ASK)
    assert found.value.response.headers["x-should-retry"] == "false"
    assert len(up.exchanges) - before == 2
    script.statuses = []


def test_nothing_listens_is_a_connection_error(tmp_path: Path) -> None:
    with gateway(tmp_path) as running:
        url = running.url
    with (
        openai.OpenAI(base_url=f"{url}/v1", api_key=ADMIN_KEY, max_retries=0) as client,
        pytest.raises(openai.APIConnectionError),
    ):
        client.models.list()
