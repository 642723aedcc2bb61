"""Which deployment answers, how often it is tried, and who stands in for it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from difflib import get_close_matches
from typing import Protocol

from gamma import plugins
from gamma.errors import ContextLengthExceeded, GammaError, UnknownModel
from gamma.routing.balancers.base import Balancer, Outcome
from gamma.routing.deployment import Deployment

_BACKOFF_S = 0.25
_BACKOFF_CAP_S = 8.0


class Exchange(Protocol):
    """A caller's request on its way: the router decides who answers it, the exchange does the talking."""

    committed: bool
    """Whether any byte of an answer has reached the caller: from then on nothing may be tried again silently."""

    async def attempt(self, model: Model, deployment: Deployment) -> Outcome:
        """Tries to answer as a model by one of its deployments.

        Raises:
            GammaError: it failed; `retryable` and `fault` say what that means.
        """


class Model:
    """A public name, compiled: its deployments, and who balances them.

    Args:
        name: the public name.
        deployments: at least one.
        balancer: file name under `gamma.routing.balancers`.
        fallbacks: public names that stand in, in order.
        retries: attempts after the first.
    """

    def __init__(
        self,
        name: str,
        deployments: tuple[Deployment, ...],
        *,
        balancer: str = "round_robin",
        fallbacks: tuple[str, ...] = (),
        retries: int = 2,
    ) -> None:
        self.name = name
        self.deployments = deployments
        self.balancer: Balancer = plugins.load("gamma.routing.balancers", balancer)()
        self.fallbacks = fallbacks
        self.retries = retries


class Router:
    """Chooses deployments, retries with jittered back-off, and falls back.

    Args:
        models: by public name.
        address: makes a Model of a `provider/model` name that has no entry; None when no such provider is on.
        sleep: waits between attempts (tests pass their own).
    """

    def __init__(
        self,
        models: Mapping[str, Model],
        address: Callable[[str], Model | None] = lambda _: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.models = models
        self._address = address
        self._sleep = sleep
        self._random = random.Random()  # noqa: S311  # spreads retries, guards nothing

    def find(self, name: str) -> Model:
        """The model of a public name or a `provider/model` address.

        Raises:
            UnknownModel: with the nearest names.
        """
        model = self.models.get(name) or self._address(name)
        if model is None:
            near = get_close_matches(name, list(self.models), n=3, cutoff=0.5)
            hint = f"; did you mean {' or '.join(near)}?" if near else "; GET /v1/models lists what is on"
            raise UnknownModel(f"no model {name!r}{hint}", param="model")
        return model

    async def send(self, model: Model, exchange: Exchange) -> None:
        """Has a request answered by the model or, when it cannot, by its fallbacks in order.

        Raises:
            GammaError: the first model's error when nobody could answer: later ones would only confuse the caller.
        """
        try:
            await self._send_to(model, exchange)
        except GammaError as error:
            await self._fall_back(model, exchange, error)

    async def _fall_back(self, model: Model, exchange: Exchange, first: GammaError) -> None:
        error = first
        for name in model.fallbacks:
            if exchange.committed or not stands_in(error):
                break
            try:
                await self._send_to(self.models[name], exchange)
            except GammaError as again:
                error = again
            else:
                return
        raise first

    async def _send_to(self, model: Model, exchange: Exchange) -> None:
        """Tries a model's deployments: each once before any a second time, and a wait before every further round."""
        deployments = model.deployments
        deployment = deployments[0] if len(deployments) == 1 else model.balancer.choose(deployments)
        try:
            await self._attempt(model, deployment, exchange)
        except GammaError as error:
            await self._send_again(model, exchange, deployment, error)

    async def _send_again(self, model: Model, exchange: Exchange, failed: Deployment, error: GammaError) -> None:
        """What follows a first attempt that failed; raises the last error when nothing helped."""
        tries = dict.fromkeys(model.deployments, 0)
        tries[failed] = 1
        limit = max((model.retries, *(d.retries for d in model.deployments)))
        while True:
            able = [d for d in model.deployments if tries[d] <= d.retries]
            if exchange.committed or not able or sum(tries.values()) > limit:
                raise error
            fewest = min(tries[d] for d in able)
            if not (error.retryable or (fewest == 0 and error.fault in ("credential", "model"))):
                raise error
            if fewest:
                await self._back_off(error, sum(tries.values()))
            candidates = [d for d in able if tries[d] == fewest]
            deployment = candidates[0] if len(candidates) == 1 else model.balancer.choose(candidates)
            tries[deployment] += 1
            try:
                await self._attempt(model, deployment, exchange)
                return
            except GammaError as again:
                error = again

    async def _attempt(self, model: Model, deployment: Deployment, exchange: Exchange) -> None:
        deployment.in_flight += 1
        try:
            outcome = await exchange.attempt(model, deployment)
        except GammaError as error:
            model.balancer.update(deployment, Outcome(ok=False, fault=error.fault))
            raise
        finally:
            deployment.in_flight -= 1
        model.balancer.update(deployment, outcome)

    async def _back_off(self, error: GammaError, failures: int) -> None:
        """Waits before the same deployments are asked again.

        Exponential from 0.25 s to 8 s with full jitter; a provider's `retry-after` is honoured when it is at most 8 s,
        else waiting would hold the caller longer than it helps, so the error is passed on.
        """
        if error.retry_after_s is not None:
            if error.retry_after_s > _BACKOFF_CAP_S:
                raise error
            await self._sleep(error.retry_after_s + self._random.random() * _BACKOFF_S)
            return
        await self._sleep(self._random.random() * min(_BACKOFF_CAP_S, _BACKOFF_S * 2**failures))


def stands_in(error: GammaError) -> bool:
    """Whether a fallback may answer after this error: not when the request itself is at fault, for it would fail there too.

    A conversation that is too long for one model may fit another.
    """
    return error.fault not in ("caller", "policy") or isinstance(error, ContextLengthExceeded)
