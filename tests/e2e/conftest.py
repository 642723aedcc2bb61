"""One gateway for all official clients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gamma.routing.config import DeploymentConfig, ModelConfig
from gamma.simulator.scenario import Scenario
from gamma.types.timeouts import Timeouts
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


def tried(name: str, provider: str, retries: int = 0, timeouts: Timeouts = Timeouts()) -> ModelConfig:
    """A public name that Gamma tries once only, so that the client has something to retry, or as often as said."""
    deployment = DeploymentConfig(provider=provider, model="m", retries=retries, timeouts=timeouts)
    return ModelConfig(name=name, deployments=(deployment,), retries=retries)


MODELS = {
    model.name: model
    for model in (
        tried("limited", "groq"),
        tried("overloaded", "deepseek"),
        tried("locked-out", "xai"),
        tried("cut", "together"),
        tried("stalled", "fireworks", timeouts=Timeouts(stall_s=0.3)),
        tried("slow", "perplexity"),
        tried("tried-twice", "deepseek", retries=1),
    )
}


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    scenario = Scenario(default=QUICK, providers=FAULTS)
    with gateway(tmp_path_factory.mktemp("e2e"), scenario, models=MODELS) as found:
        yield found
