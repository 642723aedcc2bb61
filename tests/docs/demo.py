"""A demo gateway as a user starts it: a process of its own, in a folder of its own, with nothing in its environment."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_S = 30.0
_ADDRESS = re.compile(r"answers on (http://127\.0\.0\.1:\d+)")
_KEY = re.compile(r"admin key, shown this once: (gm-\S+)")


class Running:
    """A gateway that runs.

    Attributes:
        url: where it listens.
        key: its admin key.
        folder: where it was started.
    """

    def __init__(self, url: str, key: str, folder: Path) -> None:
        self.url = url
        self.key = key
        self.folder = folder

    @property
    def environ(self) -> dict[str, str]:
        """The environment of somebody who talks to it."""
        return {**clean_environ(), "GAMMA_URL": self.url, "GAMMA_KEY": self.key}


@contextmanager
def demo_gateway(folder: Path) -> Iterator[Running]:
    """Starts `gamma serve --demo` and ends it."""
    command = [sys.executable, "-m", "gamma.cli", "serve", "--demo", "--port", "0"]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, cwd=folder, env=clean_environ(), stdout=subprocess.PIPE, stderr=log) as process,
    ):
        try:
            said = _read_start(process)
            address, key = _ADDRESS.search(said), _KEY.search(said)
            assert address, f"{said}{(folder / 'log').read_text()}"
            assert key, said
            yield Running(address[1], key[1], folder)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def clean_environ() -> dict[str, str]:
    """What a program needs, without any provider's key."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"PYTHONUNBUFFERED": "1"}


def _read_start(process: subprocess.Popen[bytes]) -> str:
    """What it prints until it has shown the key."""
    assert process.stdout is not None
    said, deadline = "", time.monotonic() + START_S
    while not _KEY.search(said) and time.monotonic() < deadline and process.poll() is None:
        if select.select([process.stdout], [], [], 0.2)[0]:
            said += os.read(process.stdout.fileno(), 65536).decode()
    return said
