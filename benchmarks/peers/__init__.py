"""The gateways that `make bench` sets side by side, in the order in which they take their turns."""

from peers.base import Peer
from peers.direct import Direct
from peers.gamma import Gamma
from peers.litellm import LiteLLM
from peers.nginx import Nginx
from peers.portkey import Portkey
from peers.vllm_router import VllmRouter

__all__ = ["PEERS"]

PEERS: tuple[Peer, ...] = (Gamma(), VllmRouter(), Nginx(), Portkey(), LiteLLM(), Direct())
"""Gamma and those that its targets name stand next to each other, so that a machine's drift falls on both alike."""
