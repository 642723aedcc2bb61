"""Gamma with everything on: authentication, routing, prices, metrics, usage records."""

from __future__ import annotations

import sys
from pathlib import Path

import gamma
from peers.base import Peer, Place, Start

KEY = "sk-bench-caller"
SETTINGS = """\
auth: {{admin_key: sk-bench-admin, keys: {{bench: {key}}}}}
providers:
  mock: {{wire: openai_chat, base_url: "http://127.0.0.1:{port}/v1", api_key: x}}
  mock-claude: {{wire: anthropic_messages, base_url: "http://127.0.0.1:{port}", api_key: x}}
models:
  mock:
    deployments: [{{provider: mock, model: mock-model}}]
    price: {{input_per_mtok: 1.0, output_per_mtok: 2.0}}
  claude:
    deployments: [{{provider: mock-claude, model: mock-model}}]
    price: {{input_per_mtok: 1.0, output_per_mtok: 2.0}}
"""


class Gamma(Peer):
    """This checkout, started the way its documentation says."""

    name = "gamma"
    product = "Gamma"
    ready = "/health/ready"
    model = "mock"
    translated = "claude"

    def install(self) -> str:
        """It is there: this script runs in its environment."""
        return gamma.__version__

    def start(self, place: Place) -> Start:
        path = place.folder / "gamma.yaml"
        path.write_text(SETTINGS.format(key=KEY, port=place.upstream), encoding="utf-8")
        program = str(Path(sys.executable).parent / "gamma")
        return Start([program, "serve", "--config", str(path), "--port", str(place.port)])

    def headers(self, place: Place) -> dict[str, str]:
        del place
        return {"Authorization": f"Bearer {KEY}"}
