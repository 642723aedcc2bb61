"""Who is tried, how often, after how long, and who stands in."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from gamma.errors import (
    ContextLengthExceeded,
    GammaError,
    InvalidRequest,
    ProviderAuthFailed,
    ProviderRateLimited,
    ProviderServerError,
    UnknownModel,
)
from gamma.routing.balancers.base import Outcome
from gamma.routing.deployment import Deployment
from gamma.routing.router import Model, Router


class Stand:
    """A deployment as far as the router looks at it."""

    def __init__(self, name: str, retries: int) -> None:
        self.name = name
        self.weight = 1.0
        self.in_flight = 0
        self.retries = retries


def model(name: str, *deployments: str, retries: int = 2, fallbacks: tuple[str, ...] = ()) -> Model:
    stands = tuple(cast(Deployment, Stand(d, retries)) for d in deployments)
    return Model(name, stands, retries=retries, fallbacks=fallbacks)


class Script:
    """An exchange that fails as told."""

    def __init__(self, *errors: GammaError | None, commits: bool = False) -> None:
        self.committed = False
        self.tried: list[str] = []
        self._errors = list(errors)
        self._commits = commits

    async def attempt(self, model: Model, deployment: Deployment) -> Outcome:
        self.tried.append(f"{model.name}:{deployment.name}")
        self.committed = self._commits
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error
        return Outcome(ok=True)


def run(script: Script, first: Model, *others: Model) -> list[float]:
    """Sends a request.

    Returns:
        How long the router waited between attempts, in seconds.
    """
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    router = Router({m.name: m for m in (first, *others)}, sleep=sleep)
    asyncio.run(router.send(first, script))
    return waits


def test_a_failed_deployment_is_replaced_by_another_at_once() -> None:
    script = Script(ProviderServerError("x"))
    waits = run(script, model("m", "a", "b"))
    assert script.tried == ["m:a", "m:b"]
    assert waits == []


def test_the_same_deployment_is_tried_again_only_after_a_jittered_wait() -> None:
    script = Script(ProviderServerError("x"), ProviderServerError("x"))
    waits = run(script, model("m", "a"))
    assert script.tried == ["m:a"] * 3
    assert len(waits) == 2
    assert 0 <= waits[0] <= 0.5
    assert 0 <= waits[1] <= 1.0


def test_a_providers_wait_is_honoured() -> None:
    waits = run(Script(ProviderRateLimited("x", retry_after_s=3)), model("m", "a"))
    assert 3 <= waits[0] <= 3.25


def test_a_wait_that_is_too_long_is_passed_on() -> None:
    script = Script(ProviderRateLimited("x", retry_after_s=30))
    with pytest.raises(ProviderRateLimited):
        run(script, model("m", "a"))
    assert len(script.tried) == 1


def test_a_long_wait_leads_to_the_fallback() -> None:
    script = Script(ProviderRateLimited("x", retry_after_s=30))
    run(script, model("m", "a", fallbacks=("n",)), model("n", "b"))
    assert script.tried == ["m:a", "n:b"]


def test_attempts_are_bounded_by_retries() -> None:
    script = Script(*[ProviderServerError("x")] * 9)
    with pytest.raises(ProviderServerError):
        run(script, model("m", "a", "b", retries=3))
    assert len(script.tried) == 4


def test_a_deployments_own_retries_win_over_the_models() -> None:
    pool = model("m", "a", "b", retries=1)
    pool.deployments[0].retries = 0
    pool.deployments[1].retries = 3
    script = Script(*[ProviderServerError("x")] * 9)
    with pytest.raises(ProviderServerError):
        run(script, pool)
    assert sorted(script.tried) == ["m:a", "m:b", "m:b", "m:b"]


def test_a_callers_mistake_is_never_repeated_and_never_falls_back() -> None:
    script = Script(InvalidRequest("x"))
    with pytest.raises(InvalidRequest):
        run(script, model("m", "a", "b", fallbacks=("n",)), model("n", "c"))
    assert script.tried == ["m:a"]


def test_a_conversation_that_is_too_long_may_fit_a_fallback() -> None:
    script = Script(ContextLengthExceeded("x"))
    run(script, model("m", "a", fallbacks=("n",)), model("n", "c"))
    assert script.tried == ["m:a", "n:c"]


def test_a_bad_credential_leads_to_another_deployment_not_to_the_same() -> None:
    script = Script(ProviderAuthFailed("x"))
    run(script, model("m", "a", "b"))
    assert script.tried == ["m:a", "m:b"]
    alone = Script(ProviderAuthFailed("x"))
    with pytest.raises(ProviderAuthFailed):
        run(alone, model("m", "a"))
    assert alone.tried == ["m:a"]


def test_nothing_is_tried_again_once_the_caller_has_bytes() -> None:
    script = Script(ProviderServerError("x"), commits=True)
    with pytest.raises(ProviderServerError):
        run(script, model("m", "a", "b", fallbacks=("n",)), model("n", "c"))
    assert script.tried == ["m:a"]


def test_when_everyone_fails_the_first_models_error_is_told() -> None:
    script = Script(ProviderServerError("first"), ProviderServerError("second"))
    with pytest.raises(ProviderServerError, match="first"):
        run(script, model("m", "a", retries=0, fallbacks=("n",)), model("n", "c", retries=0))


def test_in_flight_is_counted_while_an_attempt_runs() -> None:
    seen: list[int] = []

    class Look(Script):
        async def attempt(self, model: Model, deployment: Deployment) -> Outcome:
            seen.append(deployment.in_flight)
            return await super().attempt(model, deployment)

    pool = model("m", "a")
    with pytest.raises(ProviderServerError):
        run(Look(*[ProviderServerError("x")] * 3), pool)
    assert seen == [1, 1, 1]
    assert pool.deployments[0].in_flight == 0


def test_an_unknown_model_names_the_nearest() -> None:
    router = Router({"fast": model("fast", "a"), "smart": model("smart", "a")})
    with pytest.raises(UnknownModel, match="did you mean fast"):
        router.find("fasd")
    with pytest.raises(UnknownModel, match="GET /v1/models"):
        router.find("zzzzzz")
