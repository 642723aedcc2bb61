"""vllm-router: a router in Rust, from its wheel."""

from __future__ import annotations

from peers.base import FOLDER, Peer, Place, Start
from peers.install import python_package

VERSION = "0.1.17"


class VllmRouter(Peer):
    """One worker behind it, round robin, the cheapest of its policies; its metrics on, as they are by default."""

    name = "vllm-router"
    product = "vllm-router"

    def install(self) -> str:
        python_package("vllm", "vllm-router", f"vllm-router=={VERSION}")
        return VERSION

    def start(self, place: Place) -> Start:
        command = [str(FOLDER / "vllm/bin/python"), "-m", "vllm_router.launch_router"]
        command += ["--worker-urls", f"http://127.0.0.1:{place.upstream}", "--policy", "round_robin"]
        command += ["--host", "127.0.0.1", "--port", str(place.port), "--prometheus-port", str(place.spare)]
        return Start([*command, "--worker-startup-check-interval", "1", "--log-level", "error"])
