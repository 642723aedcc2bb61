"""Builds every part once and hands it to the next: the only file that knows them all."""

from __future__ import annotations

import asyncio
import socket
from functools import cached_property
from pathlib import Path

from gamma.database.usage_log import UsageLog
from gamma.dataplane.gateway import Gateway
from gamma.dataplane.parts import Parts
from gamma.dataplane.routes import SERVED
from gamma.dataplane.server import Server
from gamma.dataplane.steps import Authenticate, RefuseWhileDraining
from gamma.providers.base import Provider, build_providers
from gamma.providers.prices import FREE, Price, context_window, known_models, load_prices, price_for, price_of
from gamma.routing.config import DeploymentConfig, ModelConfig
from gamma.routing.deployment import Deployment
from gamma.routing.router import Model, Router
from gamma.security.keys import Keys
from gamma.settings import Settings
from gamma.telemetry.metrics import Metrics
from gamma.transport.pool import Pool
from gamma.types.timeouts import Timeouts

PRICES_HOLD_S = 900.0
"""How long a compiled price is used before it is looked up again."""
MAX_ADDRESSED = 4096
"""Models addressed as `provider/model` that are kept compiled; the longest unused one is given up first."""


class App:
    """The gateway, built from settings and ready to be started in a running event loop.

    Args:
        settings: validated settings.
        admin: digest of the admin key; None when authentication is off.
        data: folder for what must outlive the process.
    """

    def __init__(self, settings: Settings, *, admin: bytes | None, data: Path) -> None:
        self.pool = Pool()
        self.providers: dict[str, Provider] = build_providers(settings.providers, settings.catalog, self.pool)
        self._addressed: dict[str, Model] = {}
        self._clock: asyncio.TimerHandle | None = None
        if any(provider.row.prices for provider in self.providers.values()):
            load_prices()
        models = {name: self._model(config) for name, config in settings.models.items()}
        self.router = Router(models, self._address)
        self.usage_log = UsageLog(data / "usage")
        self.parts = Parts(self.router, self.pool, Metrics(), lambda: self.listing)
        keys = Keys(settings.auth.keys, admin) if settings.auth.enabled else None
        steps = (Authenticate(keys), RefuseWhileDraining(lambda: not self.parts.ready))
        self.gateway = Gateway(self.parts, steps, self.usage_log)
        self.server = Server(settings.server, self.gateway.answer)

    async def start(self, sock: socket.socket) -> None:
        """Begins to answer requests on a bound socket."""
        self.parts.wires.load({*SERVED, *(wire for provider in self.providers.values() for wire in provider.row.wires)})
        self.usage_log.start()
        self._clock = asyncio.get_running_loop().call_later(PRICES_HOLD_S, self._reprice)
        await self.server.start(sock)

    async def stop(self) -> None:
        """Stops gracefully: readiness fails first, running answers finish, records are written."""
        self.parts.ready = False
        if self._clock is not None:
            self._clock.cancel()
        await self.server.stop()
        await self.usage_log.stop()
        await self.pool.aclose()

    @cached_property
    def listing(self) -> list[Model]:
        """Every model that is on: the settings' own, then the catalogue's `provider/model`."""
        found = list(self.router.models.values())
        for name, provider in self.providers.items():
            found.extend(self._addressed_model(provider, name, model) for model in known_models(provider.row.prices))
        return found

    def _reprice(self) -> None:
        """Compiles prices anew: some change by date or by the hour of the day."""
        for model in self.router.models.values():
            for deployment in model.deployments:
                deployment.price = self._price(deployment.provider, deployment.config, deployment.context_window)
        self._addressed.clear()
        self.__dict__.pop("listing", None)
        self._clock = asyncio.get_running_loop().call_later(PRICES_HOLD_S, self._reprice)

    def _address(self, address: str) -> Model | None:
        name, _, model = address.partition("/")
        provider = self.providers.get(name)
        if provider is None or not model:
            return None
        found = self._addressed.pop(address, None)
        if found is None:
            found = self._addressed_model(provider, name, model)
            if len(self._addressed) >= MAX_ADDRESSED:
                del self._addressed[next(iter(self._addressed))]
        self._addressed[address] = found
        return found

    def _addressed_model(self, provider: Provider, name: str, model: str) -> Model:
        config = DeploymentConfig(provider=name, model=model, timeouts=provider.config.timeouts or Timeouts())
        return Model(f"{name}/{model}", (self._deployment(config),), retries=config.retries)

    def _model(self, config: ModelConfig) -> Model:
        deployments = tuple(self._deployment(d) for d in config.deployments)
        return Model(config.name, deployments, balancer=config.balancer, fallbacks=config.fallbacks, retries=config.retries)

    def _deployment(self, config: DeploymentConfig) -> Deployment:
        provider = self.providers[config.provider]
        row = provider.row
        window = context_window(row.prices, config.model)
        return Deployment(provider, config, self._price(provider, config, window), window)

    def _price(self, provider: Provider, config: DeploymentConfig, window: int | None) -> Price | None:
        if config.price is not None:
            return price_of(config.price, window)
        return FREE if provider.row.free else price_for(provider.row.prices, config.model)


async def serve_until(app: App, sock: socket.socket, stopped: asyncio.Event) -> None:
    """Serves until told to stop, then stops gracefully."""
    await app.start(sock)
    await stopped.wait()
    await app.stop()
