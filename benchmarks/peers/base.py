"""What the benchmark must know about a gateway to install, start and call it."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

FOLDER = Path(__file__).resolve().parent.parent / ".peers"
"""Where peers are installed; git does not see it."""


class Missing(Exception):
    """Something cannot be installed or run here; the text says what, and what to do about it."""


class Place(Struct, frozen=True):
    """Where one run of a gateway happens.

    Attributes:
        folder: an empty folder of its own, its working directory.
        port: the port to listen on.
        upstream: the port of the mock provider.
        spare: another free port, for gateways that listen twice.
    """

    folder: Path
    port: int
    upstream: int
    spare: int


class Start(Struct, frozen=True):
    """How to start a gateway.

    Attributes:
        command: program and arguments.
        environ: variables besides PATH and HOME, which are all that it gets otherwise.
    """

    command: list[str]
    environ: dict[str, str] = {}


class Peer:
    """One gateway; a subclass a file.

    Attributes:
        name: as `--only` takes it.
        product: as tables show it.
        ready: a path that answers 200 once it serves.
        model: the public name of the model on the OpenAI-dialect upstream.
        translated: the public name of the model on the Anthropic-dialect upstream; empty when that is not measured.
    """

    name = ""
    product = ""
    ready = "/health"
    model = "mock-model"
    translated = ""

    def install(self) -> str:
        """Puts the pinned version in place when it is not there.

        Returns:
            The version.

        Raises:
            Missing: it cannot be installed here.
        """
        raise Missing(f"{self.name}: its file under benchmarks/peers/ does not say how to install it")

    def start(self, place: Place) -> Start | None:
        """Writes its settings into the folder and says how to start it; None starts nothing."""
        del place
        return None

    def headers(self, place: Place) -> dict[str, str]:
        """Headers that each request needs besides the content type."""
        del place
        return {}
