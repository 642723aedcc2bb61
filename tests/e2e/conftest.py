"""One gateway for all official clients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gamma.routing.config import DeploymentConfig, ModelConfig
from gamma.simulator.scenario import Scenario
from tests.integration.gateways import QUICK, Running, gateway

FAULTS: dict[str, dict[str, Any]] = {
    "groq": {"error_rate": 1.0, "errors": {"429": 1.0}},
    "deepseek": {"error_rate": 1.0, "errors": {"503": 1.0}},
    "xai": {"error_rate": 1.0, "errors": {"401": 1.0}},
    "together": {"cut_rate": 1.0},
    "fireworks": {"stall_rate": 1.0},
    "perplexity": {"first_token": {"median_ms": 5000, "p95_ms": 5000}},
}
"""Providers of the fleet that misbehave; all others do as they should."""


def once(name: str, provider: str) -> ModelConfig:
    """A public name that is tried once only, so that the client has something to retry."""
    return ModelConfig(name=name, deployments=(DeploymentConfig(provider=provider, model="m", retries=0),), retries=0)


MODELS = {
    "limited": once("limited", "groq"),
    "overloaded": once("overloaded", "deepseek"),
    "locked-out": once("locked-out", "xai"),
    "cut": once("cut", "together"),
    "slow": once("slow", "perplexity"),
    "tried-twice": ModelConfig(
        name="tried-twice", deployments=(DeploymentConfig(provider="deepseek", model="m"),), retries=1
    ),
}


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    scenario = Scenario(default=QUICK, providers=FAULTS)
    with gateway(tmp_path_factory.mktemp("e2e"), scenario, models=MODELS) as found:
        yield found
