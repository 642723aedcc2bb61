"""What the settings file says about the server and who may call it."""

from __future__ import annotations

from msgspec import Struct

from gamma.types.secret import Secret


class ServerConfig(Struct, frozen=True, kw_only=True):
    """`server:` of the settings file.

    Attributes:
        host: address to listen on.
        port: TCP port to listen on; 0 takes a free one.
        workers: processes that share the port.
        max_body_mb: largest request body; above it callers get 413.
        max_header_kb: largest request head; above it callers get 431.
        drain_s: how long running requests may take to finish when the server stops.
        keep_alive_s: how long an idle caller's connection stays open.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    max_body_mb: float = 50.0
    max_header_kb: float = 64.0
    drain_s: float = 30.0
    keep_alive_s: float = 75.0


class AuthConfig(Struct, frozen=True, kw_only=True):
    """`auth:` of the settings file.

    Attributes:
        enabled: whether callers need a key; may be false on a loopback host only.
        admin_key: the bootstrap key; None makes and prints one on first start.
        keys: keys for callers, by the name they are reported under.
    """

    enabled: bool = True
    admin_key: Secret | None = None
    keys: dict[str, Secret] = {}
