"""A gateway in front of the simulator, in one process and one event loop, for tests to talk to over real sockets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop

from gamma.app import App
from gamma.dataplane.config import AuthConfig, ServerConfig
from gamma.dataplane.server import listen
from gamma.providers.catalog import Catalog
from gamma.routing.config import ModelConfig
from gamma.security.keys import digest
from gamma.settings import Settings
from gamma.simulator.demo import Demo, simulated
from gamma.simulator.scenario import Behaviour, Latency, Scenario

ADMIN_KEY = "gm-test-admin-key"
QUICK = Behaviour(first_token=Latency(1, 2), per_token=Latency(), output_tokens=12)


class Running:
    """A gateway that runs in a thread of its own.

    Attributes:
        url: where it listens.
        app: its parts; touch them from its own loop only (`call`).
    """

    def __init__(self, url: str, app: App, loop: asyncio.AbstractEventLoop) -> None:
        self.url = url
        self.app = app
        self._loop = loop
        self.stopped: Future[None] | None = None

    def call(self, make: Any) -> Any:
        """Runs a coroutine in the gateway's loop and gives its result."""
        return asyncio.run_coroutine_threadsafe(make(), self._loop).result(30)

    def stop(self) -> Future[None]:
        """Begins a graceful stop."""
        if self.stopped is None:
            self.stopped = asyncio.run_coroutine_threadsafe(self.app.stop(), self._loop)
        return self.stopped


@contextmanager
def gateway(
    data: Path,
    scenario: Scenario | None = None,
    *,
    providers: dict[str, Any] | None = None,
    models: dict[str, ModelConfig] | None = None,
    server: ServerConfig | None = None,
) -> Iterator[Running]:
    """A gateway whose providers are all simulated, but for those given.

    Args:
        data: folder for its records.
        scenario: how the simulator behaves.
        providers: further ones, by name.
        models: public names.
        server: limits and times.
    """
    ready: Future[tuple[int, App, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def main() -> None:
        catalog = Catalog.builtin()
        fleet = Demo(catalog, scenario or Scenario(default=QUICK))
        port = await fleet.start(listen("127.0.0.1", 0))
        moved, configs = simulated(catalog, f"http://127.0.0.1:{port}")
        settings = Settings(
            server=server or ServerConfig(drain_s=2),
            auth=AuthConfig(),
            providers={**configs, **(providers or {})},
            models=models or {},
            catalog=moved,
        )
        app = App(settings, admin=digest(ADMIN_KEY), data=data)
        sock = listen("127.0.0.1", 0)
        await app.start(sock)
        done = asyncio.Event()
        ready.set_result((sock.getsockname()[1], app, asyncio.get_running_loop(), done))
        await done.wait()
        await fleet.stop()

    def run() -> None:
        try:
            uvloop.run(main())
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    port, app, loop, done = ready.result(30)
    running = Running(f"http://127.0.0.1:{port}", app, loop)
    try:
        yield running
    finally:
        running.stop().result(30)
        loop.call_soon_threadsafe(done.set)
        thread.join(30)
