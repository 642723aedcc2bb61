"""LiteLLM's proxy: Python, one worker, a master key, no database."""

from __future__ import annotations

from peers.base import FOLDER, Peer, Place, Start
from peers.install import python_package

VERSION = "1.106.2"
KEY = "sk-bench-master"
SETTINGS = """\
model_list:
  - model_name: mock
    litellm_params: {{model: openai/mock-model, api_base: "http://127.0.0.1:{port}/v1", api_key: x}}
general_settings: {{master_key: {key}}}
litellm_settings: {{telemetry: false}}
"""
ENVIRON = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # no fetch of the price map from the network
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOG": "ERROR",
}


class LiteLLM(Peer):
    """One model group on the mock, logging errors alone, as its own advice for production says."""

    name = "litellm"
    product = "LiteLLM"
    ready = "/health/liveliness"
    model = "mock"

    def install(self) -> str:
        python_package("litellm", "litellm", f"litellm[proxy]=={VERSION}")
        return VERSION

    def start(self, place: Place) -> Start:
        path = place.folder / "litellm.yaml"
        path.write_text(SETTINGS.format(key=KEY, port=place.upstream), encoding="utf-8")
        command = [str(FOLDER / "litellm/bin/litellm"), "--config", str(path), "--host", "127.0.0.1"]
        return Start([*command, "--port", str(place.port), "--num_workers", "1"], ENVIRON)

    def headers(self, place: Place) -> dict[str, str]:
        del place
        return {"Authorization": f"Bearer {KEY}"}
