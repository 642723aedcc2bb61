"""The simulator's faults, seen through the gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from gamma.simulator.scenario import Behaviour, Latency, Scenario
from tests.integration.gateways import ADMIN_KEY, gateway

HEADERS = {"x-api-key": ADMIN_KEY}
CHAT = "/v1/chat/completions"


def behaviour(**more: Any) -> Scenario:
    return Scenario(default=Behaviour(first_token=Latency(1, 2), per_token=Latency(), output_tokens=30, **more))


def ask(model: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 50, **more}


@pytest.mark.parametrize(
    "model", ["openai/gpt-4o", "anthropic/claude", "gemini/gemini-2.5-flash", "bedrock/anthropic.claude"]
)
def test_a_simulated_cut_is_told_to_be_one(tmp_path: Path, model: str) -> None:
    with gateway(tmp_path, behaviour(cut_rate=1.0)) as running:
        answer = httpx.post(running.url + CHAT, json=ask(model, stream=True), headers=HEADERS)
    assert '"error"' in answer.text
    assert "[DONE]" not in answer.text


@pytest.mark.parametrize("model", ["openai/gpt-4o", "anthropic/claude"])
def test_a_simulated_limit_refuses_with_a_wait(tmp_path: Path, model: str) -> None:
    with gateway(tmp_path, behaviour(requests_per_minute=1)) as running:
        first = httpx.post(running.url + CHAT, json=ask(model), headers=HEADERS)
        second = httpx.post(running.url + CHAT, json=ask(model), headers=HEADERS)
    assert first.status_code == 200
    assert second.status_code == 429
    assert 50 <= int(second.headers["retry-after"]) <= 60
    assert second.json()["error"]["code"] == "provider_rate_limited"


def test_most_requests_survive_a_provider_that_fails_often(tmp_path: Path) -> None:
    with gateway(tmp_path, behaviour(error_rate=0.3, errors={"500": 1, "503": 1})) as running:
        answers = [httpx.post(running.url + CHAT, json=ask("groq/m"), headers=HEADERS, timeout=30) for _ in range(20)]
    assert sum(a.status_code == 200 for a in answers) >= 18
    assert any(int(a.headers["x-gamma-attempts"]) > 1 for a in answers)
