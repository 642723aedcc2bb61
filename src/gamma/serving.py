"""Processes around the app: the port, the workers, signals, and what a person reads at start."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import signal
import socket
import sys
import time
from pathlib import Path

import msgspec
import structlog
import uvloop

from gamma import __version__
from gamma.app import App
from gamma.dataplane.server import listen
from gamma.errors import SettingsError
from gamma.providers.catalog import Catalog
from gamma.security.keys import bootstrap, digest
from gamma.settings import Settings
from gamma.settings.scenario import load_scenario
from gamma.simulator.demo import Demo, simulated
from gamma.simulator.scenario import Scenario
from gamma.telemetry import logs

DATA = Path(".gamma")
"""Where the gateway keeps what must outlive it: the admin key's digest and usage records."""

_M_TRIM_THRESHOLD = -1  # names and numbers of glibc's malloc.h
_M_MMAP_THRESHOLD = -3

_log = structlog.get_logger(__name__)


def run(settings: Settings, *, demo: bool = False) -> int:
    """Runs the gateway until it is told to stop.

    Returns:
        The exit code.
    """
    logs.configure()
    config = settings.server
    try:
        sock = listen(config.host, config.port, shared=config.workers > 1)
    except OSError as error:
        return _complain(f"cannot listen on {config.host}:{config.port}: {_plain(error)}; choose another with --port")
    try:
        admin, shown = _admin(settings)
    except (OSError, ValueError) as error:
        return _complain(f"cannot keep the admin key in {DATA}: {error}; make the folder writable or set auth.admin_key")
    port = sock.getsockname()[1]
    _welcome(settings, f"http://{config.host}:{port}", shown.reveal() if shown else None, demo=demo)
    if config.workers == 1:
        return _work(settings, sock, admin, demo=demo)
    return _supervise(settings, sock, admin, demo=demo)


def run_simulator(host: str, port: int, scenario: Path | None) -> int:
    """Runs the provider simulator alone until it is told to stop.

    Returns:
        The exit code.
    """
    logs.configure()
    try:
        sock = listen(host, port)
    except OSError as error:
        return _complain(f"cannot listen on {host}:{port}: {_plain(error)}; choose another with --port")
    try:
        catalog = Catalog.builtin()
        demo = Demo(catalog, load_scenario(scenario))
    except SettingsError as error:
        return _complain(str(error))
    address = f"http://{host}:{sock.getsockname()[1]}"
    example = f"{address}/openai/chat/completions"
    print(f"Simulating {len(catalog.names())} providers on {address}/PROVIDER, for example {example}", flush=True)  # noqa: T201  # for the person at the terminal

    async def main() -> None:
        stopped = _stop_signal()
        await demo.start(sock)
        await stopped.wait()
        await demo.stop()

    uvloop.run(main())
    return 0


def _work(settings: Settings, sock: socket.socket, admin: bytes | None, *, demo: bool) -> int:
    async def main() -> None:
        stopped = _stop_signal()
        fleet = Demo(settings.catalog, Scenario()) if demo else None
        effective = settings
        if fleet is not None:
            port = await fleet.start(listen("127.0.0.1", 0))
            effective = with_simulated(settings, f"http://127.0.0.1:{port}")
        app = App(effective, admin=admin, data=DATA)
        await app.start(sock)
        _settle_memory()
        await stopped.wait()
        await app.stop()
        if fleet is not None:
            await fleet.stop()

    uvloop.run(main())
    return 0


def _settle_memory() -> None:
    """Tells Python's collector and C's allocator that this process serves for long.

    What was built to serve is left out of collections, which come less often, for requests leave few cycles behind. Blocks
    up to 32 MB come from the heap and stay with it: giving each 100 KB prompt's back to the system and faulting its pages in
    again took an eighth of the time of such a request.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc; other systems' allocators need no telling
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        mallopt(_M_TRIM_THRESHOLD, 256 << 20)


def with_simulated(settings: Settings, address: str) -> Settings:
    """The settings with every catalogue row that they do not use moved to a simulator."""
    used = {config.like or name for name, config in settings.providers.items()} | settings.providers.keys()
    catalog, providers = simulated(settings.catalog, address, leave=used)
    return msgspec.structs.replace(settings, catalog=catalog, providers={**providers, **settings.providers})


def _supervise(settings: Settings, sock: socket.socket, admin: bytes | None, *, demo: bool) -> int:
    """Keeps `server.workers` processes running; one that dies is started anew, not more often than once a second."""
    config = settings.server
    port = sock.getsockname()[1]
    sock.close()
    workers: dict[int, float] = {}
    stopping = False

    def stop(number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True
        for pid in workers:
            os.kill(pid, number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while True:
        while not stopping and len(workers) < config.workers:
            pid = os.fork()
            if pid == 0:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                os._exit(_work(settings, listen(config.host, port, shared=True), admin, demo=demo))
            workers[pid] = time.monotonic()
        if not workers:
            return 0
        pid, status = os.wait()
        began = workers.pop(pid, 0.0)
        if not stopping:
            _log.error("worker died", pid=pid, status=os.waitstatus_to_exitcode(status))
            time.sleep(max(0.0, 1.0 - (time.monotonic() - began)))


def _stop_signal() -> asyncio.Event:
    """Set on SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    return stopped


def _admin(settings: Settings):  # type: ignore[no-untyped-def]  # noqa: ANN202
    auth = settings.auth
    if not auth.enabled:
        return None, None
    if auth.admin_key is not None:
        return digest(auth.admin_key.reveal()), None
    return bootstrap(DATA / "admin-key.sha256")


def _welcome(settings: Settings, address: str, key: str | None, *, demo: bool) -> None:
    on = ", ".join(sorted(settings.providers)) or "none"
    lines = [f"Gamma {__version__} answers on {address}"]
    if demo:
        lines.append(
            "demo: every provider without a key is simulated; answers are made up, costs are what the real ones would be"
        )
    else:
        lines.append(f"providers on: {on}")
        if not settings.providers:
            lines.append("set a provider's key (such as OPENAI_API_KEY), or try `gamma serve --demo`")
    if key is not None:
        lines.append(f"admin key, shown this once: {key}")
    elif not settings.auth.enabled:
        lines.append("authentication is off: anyone on this machine may ask")
    print("\n".join(lines), flush=True)  # noqa: T201  # for the person at the terminal


def _complain(message: str) -> int:
    print(f"gamma: {message}", file=sys.stderr)  # noqa: T201  # for the person at the terminal
    return 1


def _plain(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
