"""Portkey's open gateway: Node, configured by the headers of each request."""

from __future__ import annotations

from peers.base import FOLDER, Peer, Place, Start
from peers.install import node_package

VERSION = "1.15.2"
PACKAGE = "@portkey-ai/gateway"
OVERRIDES = {"@hono/node-server": "1.14.1"}
"""The last that works: later ones, which its own range allows, make each stream a 500 (Portkey-AI/gateway, issue 1389)."""


class Portkey(Peer):
    """In production mode without its console; it has no authentication, metrics or usage records of its own to switch on."""

    name = "portkey"
    product = "Portkey"
    ready = "/"

    def install(self) -> str:
        node_package("portkey", PACKAGE, VERSION, OVERRIDES)
        return VERSION

    def start(self, place: Place) -> Start:
        program = FOLDER / "portkey/node_modules" / PACKAGE / "build/start-server.js"
        return Start(["node", str(program), f"--port={place.port}", "--headless"], {"NODE_ENV": "production"})

    def headers(self, place: Place) -> dict[str, str]:
        host = f"http://127.0.0.1:{place.upstream}/v1"
        return {"x-portkey-provider": "openai", "x-portkey-custom-host": host, "Authorization": "Bearer x"}
