"""The whole settings file to one frozen value; every fault is found before any is raised."""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from msgspec import Struct

from gamma.dataplane.config import AuthConfig, ServerConfig
from gamma.errors import SettingsError
from gamma.providers.catalog import Catalog
from gamma.providers.config import ProviderConfig
from gamma.routing.config import ModelConfig
from gamma.settings.models import ModelsReader
from gamma.settings.providers import ProvidersReader
from gamma.settings.section import Section, Source, Value
from gamma.types.secret import Secret

_DATABASES = ("sqlite://", "postgresql://", "postgres://")
_REDISES = ("redis://", "rediss://", "unix://")
_DAY_S = 86_400.0


class Settings(Struct, frozen=True, kw_only=True):
    """Everything the operator has said, checked, with secrets and defaults filled in.

    Attributes:
        server: where to listen, and the limits of requests.
        auth: who may call.
        database_url: may hold a password, hence a secret.
        redis_url: None without Redis.
        providers: those that are on, by name.
        models: public names with their deployments.
        catalog: the built-in rows and the operator's own.
        notices: what was understood but has no effect, or could not be switched on; for `serve` and `check` to print.
    """

    server: ServerConfig = ServerConfig()
    auth: AuthConfig = AuthConfig()
    database_url: Secret = Secret("sqlite:///gamma.db")
    redis_url: Secret | None = None
    providers: dict[str, ProviderConfig]
    models: dict[str, ModelConfig]
    catalog: Catalog
    notices: tuple[str, ...] = ()


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Reads a settings file, or without one the environment alone.

    Args:
        path: the file; None takes the defaults, with every provider on whose key variable is set.
        environ: the environment; None takes the process's own.

    Raises:
        SettingsError: something is wrong; all faults are in it, each `file:line: what is wrong; the mend`.
    """
    source = Source(path, os.environ if environ is None else environ)
    root = source.root()
    catalog = _catalog(root)
    server = _server(root.section("server"))
    auth = _auth(root.section("auth"), server)
    database = root.section("database")
    redis = root.section("redis")
    database_url = database.get("url", lambda value: _url(value, _DATABASES)) or Secret("sqlite:///gamma.db")
    redis_url = redis.get("url", lambda value: _url(value, _REDISES))
    unused = [f"{key} is understood but has no effect in this version" for key in _not_active(database, redis)]
    providers = ProvidersReader(source, catalog)
    providers.read(root.section("providers"))
    models = ModelsReader(source, providers)
    found = models.read(root.section("models"))
    providers.read_environment()
    for section in (database, redis, root):
        section.close()
    if source.faults:
        raise SettingsError(source.texts())
    return Settings(
        server=server,
        auth=auth,
        database_url=database_url,
        redis_url=redis_url,
        providers=providers.found,
        models=found,
        catalog=catalog,
        notices=(*unused, *providers.notices, *models.notices),
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on `host`."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _catalog(root: Section) -> Catalog:
    catalog = Catalog.builtin()
    value = root.take("catalog")
    name = value.text() if value else None
    if value is None or name is None:
        return catalog
    path = Path(name).expanduser()
    try:
        return catalog.read(path if root.source.path is None else root.source.path.parent / path)
    except SettingsError as error:
        for fault in error.faults:
            root.source.fault(value.line, f"catalog: {fault}")
        return catalog


def _not_active(database: Section, redis: Section) -> list[str]:
    """Keys that are kept for later versions and were given."""
    given = (("database.url", database), ("redis.url", redis))
    return [key for key, section in given if (value := section.take("url")) is not None and value.plain() is not None]


def _server(section: Section) -> ServerConfig:
    plain = ServerConfig()

    def number(key: str, low: float, high: float) -> float:
        default: float = getattr(plain, key)
        return section.get(key, lambda value: value.number(low, high), default)

    def whole(key: str, low: int, high: int) -> int:
        return int(section.get(key, lambda value: value.number(low, high, whole=True), float(getattr(plain, key))))

    config = ServerConfig(
        host=section.get("host", Value.text, plain.host),
        port=whole("port", 0, 65_535),
        workers=whole("workers", 1, 256),
        max_body_mb=number("max_body_mb", 0.001, 1024),
        max_header_kb=number("max_header_kb", 1, 1024),
        drain_s=number("drain_s", 0, _DAY_S),
        keep_alive_s=number("keep_alive_s", 1, _DAY_S),
    )
    section.close()
    return config


def _auth(section: Section, server: ServerConfig) -> AuthConfig:
    admin = section.get("admin_key", Value.secret)
    if admin is None and "admin_key" not in section.keys():  # noqa: SIM118 - a Section is no dict
        named = section.source.environ.get("GAMMA_ADMIN_KEY")
        admin = Secret(named) if named else None
    enabled = section.get("enabled", Value.flag, default=True)
    inner = section.section("keys")
    keys = {name: key for name in inner.keys() if (key := inner.get(name, Value.secret))}  # noqa: SIM118 - as above
    if not enabled and not is_loopback(server.host):
        text = f"auth.enabled: false opens the gateway to everyone who reaches {server.host}; set server.host to 127.0.0.1"
        section.source.fault(section.line_of("enabled"), f"{text}, or leave authentication on")
    section.close()
    return AuthConfig(enabled=enabled, admin_key=admin, keys=keys)


def _url(value: Value, schemes: tuple[str, ...]) -> Secret | None:
    """An address that may hold a password, so that a fault repeats none of it."""
    secret = value.secret()
    if secret is not None and not secret.reveal().startswith(schemes):
        value.fault(f"must begin with {' or '.join(schemes)}")
        return None
    return secret
