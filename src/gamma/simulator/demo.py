"""The fleet as a running server, and the settings that point a gateway at it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Collection, Iterator

import msgspec
import uvicorn

from gamma.providers.base import build_providers
from gamma.providers.catalog import Catalog
from gamma.providers.config import ProviderConfig
from gamma.providers.row import Row
from gamma.simulator.fleet import HEADER, Fleet
from gamma.simulator.scenario import Scenario
from gamma.transport.pool import Pool
from gamma.types.secret import Secret


class Demo:
    """Serves a fleet from within a running event loop.

    Args:
        catalog: who is simulated.
        scenario: how they behave.
    """

    def __init__(self, catalog: Catalog, scenario: Scenario) -> None:
        config = uvicorn.Config(
            _fleet(catalog, scenario),
            log_level="critical",
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_keep_alive=60,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self, sock: socket.socket) -> int:
        """Begins to serve on a bound socket.

        Returns:
            The port.
        """
        self._task = asyncio.get_running_loop().create_task(self._server.serve(sockets=[sock]))
        while not self._server.started and not self._task.done():  # noqa: ASYNC110  # uvicorn offers a flag, no event
            await asyncio.sleep(0.01)
        return int(sock.getsockname()[1])

    async def stop(self) -> None:
        """Ends."""
        self._server.should_exit = True
        self._server.force_exit = True
        if self._task is not None:
            await self._task


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: signals belong to the process that runs us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


def simulated(catalog: Catalog, address: str, leave: Collection[str] = ()) -> tuple[Catalog, dict[str, ProviderConfig]]:
    """Every row of a catalogue, moved to a simulator.

    Args:
        address: of the simulator, such as `http://127.0.0.1:8401`.
        leave: names of rows that stay as they are.

    Returns:
        The catalogue, and the providers that are moved.
    """
    rows: dict[str, Row] = {}
    configs: dict[str, ProviderConfig] = {}
    for name in catalog.names():
        row = catalog.row(name)
        if name in leave:
            rows[name] = row
            continue
        rows[name] = msgspec.structs.replace(row, base_url=address, auth="bearer", free=False)
        configs[name] = ProviderConfig(
            name=name,
            like=name,
            base_url=address,
            api_key=Secret("simulated"),
            variables={key: "simulated" if v.default is None else v.default for key, v in row.variables.items()},
            headers={HEADER.decode(): name},
        )
    return Catalog(rows), configs


def _fleet(catalog: Catalog, scenario: Scenario) -> Fleet:
    moved, configs = simulated(catalog, "http://simulator")
    return Fleet(build_providers(configs, moved, Pool()), scenario)
