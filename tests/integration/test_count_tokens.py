"""Counting: by the provider where it can, else estimated and marked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from gamma.providers.config import ProviderConfig
from gamma.types.secret import Secret
from tests.integration.gateways import ADMIN_KEY, gateway
from tests.integration.upstream import Exchange, upstream

HEADERS = {"x-api-key": ADMIN_KEY}
ASK: dict[str, Any] = {"messages": [{"role": "user", "content": "How many tokens is this sentence?"}]}


def test_a_provider_that_counts_is_asked(tmp_path: Path) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.answer(b'{"input_tokens": 41}')

    with upstream(script) as up:
        claude = ProviderConfig(name="claude", like="anthropic", base_url=up.url, api_key=Secret("x"))
        with gateway(tmp_path, providers={"claude": claude}) as running:
            body = {"model": "claude/m", **ASK}
            answer = httpx.post(f"{running.url}/v1/messages/count_tokens", json=body, headers=HEADERS)
    assert answer.json() == {"input_tokens": 41}
    assert "x-gamma-estimated" not in answer.headers
    assert up.exchanges[0].head.startswith(b"POST /v1/messages/count_tokens ")


@pytest.mark.parametrize("model", ["groq/llama", "openai/gpt-4o"])
def test_where_nobody_counts_the_answer_is_marked_as_an_estimate(tmp_path: Path, model: str) -> None:
    with gateway(tmp_path) as running:
        answer = httpx.post(f"{running.url}/v1/messages/count_tokens", json={"model": model, **ASK}, headers=HEADERS)
        google = httpx.post(
            f"{running.url}/v1beta/models/{model}:countTokens",
            json={"contents": [{"role": "user", "parts": [{"text": "How many tokens is this sentence?"}]}]},
            headers=HEADERS,
        )
    assert 5 < answer.json()["input_tokens"] < 20
    assert answer.headers["x-gamma-estimated"] == "true"
    assert google.json()["totalTokens"] == answer.json()["input_tokens"]


def test_a_bad_request_is_not_estimated(tmp_path: Path) -> None:
    with gateway(tmp_path) as running:
        answer = httpx.post(f"{running.url}/v1/messages/count_tokens", json={"model": "groq/x"}, headers=HEADERS)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
