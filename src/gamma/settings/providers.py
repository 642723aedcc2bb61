"""`providers:` of the settings file, and the catalogue rows that the environment switches on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from gamma.providers.catalog import Catalog, braces, dialects, formats, nearest
from gamma.providers.config import ProviderConfig
from gamma.providers.row import Row, Variable
from gamma.settings.section import Section, Source, Value
from gamma.types.http import Origin
from gamma.types.secret import Secret
from gamma.types.timeouts import Timeouts
from gamma.wire.base import Traits

_DAY_S = 86_400.0


class ProvidersReader:
    """Finds out which providers are on, and with what credentials.

    Args:
        source: file and environment.
        catalog: the rows.

    Attributes:
        found: providers that are on, by name.
        off: names that the file switches off.
        faulty: names whose faults are told already.
        notices: rows that the environment almost switches on.
    """

    def __init__(self, source: Source, catalog: Catalog) -> None:
        self.source = source
        self.catalog = catalog
        self.found: dict[str, ProviderConfig] = {}
        self.off: set[str] = set()
        self.faulty: set[str] = set()
        self.notices: list[str] = []

    def read(self, section: Section) -> None:
        """The file's own providers."""
        for name in section.keys():  # noqa: SIM118 - a Section is no dict
            entry = section.section(name)
            config = self._entry(name, entry)
            entry.close()
            if config is not None:
                self.found[name] = config
            elif name not in self.off:
                self.faulty.add(name)

    def read_environment(self) -> None:
        """Every row whose key variable, or whatever else switches it on, is set."""
        for name in self.catalog.names():
            row = self.catalog.row(name)
            settled = name in self.found or name in self.off or name in self.faulty
            if settled or not self._first((*row.env, *row.on, *row.base_url_env)):
                continue
            config, faults = self._from_environment(name, row)
            if faults:
                self.notices.append(f"provider {name} stays off: {'; '.join(faults)}")
            else:
                self.found[name] = config

    def want(self, name: str, line: int, where: str) -> None:
        """Sees to it that a provider which a deployment names is on; a fault where it cannot be."""
        if name in self.found or name in self.faulty:
            return
        if name in self.off:
            self.source.fault(line, f"{where}: provider {name} is switched off; take away its `enabled: false`")
            return
        if name not in self.catalog:
            known = {*self.found, *self.catalog.names()}
            text = f"{where}: no provider {name!r}{nearest(name, known)}; `providers` may define it"
            self.source.fault(line, text)
            return
        config, faults = self._from_environment(name, self.catalog.row(name))
        for fault in faults:
            self.source.fault(line, f"{where}: provider {name}: {fault}")
        self.found[name] = config

    def _from_environment(self, name: str, row: Row) -> tuple[ProviderConfig, list[str]]:
        faults: list[str] = []
        base_url = self._address(row)
        key = self._first(row.env)
        if key is None and row.key_required:
            faults.append(_no_key(row, name))
        variables = self._variables(row, {}, faults, name, moved=base_url is not None)
        api_key = Secret(key) if key else None
        return ProviderConfig(name=name, base_url=base_url, api_key=api_key, variables=variables), faults

    def _entry(self, name: str, entry: Section) -> ProviderConfig | None:
        like, wire = entry.get("like", Value.text), entry.get("wire", Value.text)
        base_url = entry.get("base_url", _url)
        row = self._row(name, entry, like, wire)
        values = self._given(entry, row)
        config: dict[str, Any] = {
            "headers": entry.section("headers").texts(),
            "embeddings": entry.get("embeddings", lambda value: _format(value, "embeddings")),
            "rerank": entry.get("rerank", lambda value: _format(value, "rerank")),
            "timeouts": read_timeouts(entry, Timeouts()) if entry.take("timeouts") else None,
            "proxy": entry.get("proxy", _url),
            "verify_tls": entry.get("verify_tls", Value.flag, default=True),
            "traits": _traits(entry),
        }
        key_value = entry.take("api_key")
        enabled = entry.get("enabled", Value.flag, default=True)
        if not enabled:
            self.off.add(name)
        if row is None or not enabled:
            return None
        base_url = base_url or (None if like else self._address(row))
        faults: list[str] = []
        key = self._key(key_value, row, elsewhere=bool(like and base_url))
        if key is None and key_value is None and not wire and row.key_required:
            faults.append(_no_key(row, name, own=bool(like and base_url)))
        variables = self._variables(row, values, faults, name, moved=base_url is not None)
        for fault in faults:
            self.source.fault(entry.line, f"providers.{name}: {fault}")
        return ProviderConfig(name=name, like=like, wire=wire, base_url=base_url, api_key=key, variables=variables, **config)

    def _row(self, name: str, entry: Section, like: str | None, wire: str | None) -> Row | None:
        fault = self.source.fault
        if "/" in name:
            fault(
                entry.line, f"providers.{name}: a provider's name holds no slash, as models are asked for by provider/model"
            )
        if like and wire:
            fault(entry.line_of("wire"), f"providers.{name}: give `like` or `wire`, not both")
        if like is not None:
            if like in self.catalog:
                return self.catalog.row(like)
            near = nearest(like, self.catalog.names())
            fault(entry.line_of("like"), f"providers.{name}.like: no provider {like!r} in the catalogue{near}")
            return None
        if wire is not None:
            if wire not in dialects():
                near = nearest(wire, dialects()) or f"; known are {', '.join(dialects())}"
                fault(entry.line_of("wire"), f"providers.{name}.wire: no wire {wire!r}{near}")
                return None
            if entry.take("base_url") is None:
                fault(entry.line, f"providers.{name}: a provider with a `wire` of its own needs a base_url")
                return None
            return Row(title=name, base_url="", docs="", wires=(wire,))
        if name in self.catalog:
            return self.catalog.row(name)
        near = nearest(name, self.catalog.names())
        fault(entry.line, f"providers.{name}: not in the catalogue{near}; give it `like` (a catalogue name) or `wire`")
        return None

    def _key(self, value: Value | None, row: Row, *, elsewhere: bool) -> Secret | None:
        """The key; the environment's own goes to no other host than the row's, unless the entry has the row's name."""
        if value is not None:
            secret = value.secret()
            return None if secret is None or secret.reveal().lower() == "none" else secret
        found = None if elsewhere else self._first(row.env)
        return Secret(found) if found else None

    def _given(self, entry: Section, row: Row | None) -> dict[str, str]:
        """Variables that the file sets, under `variables` or beside the other keys."""
        inner = entry.section("variables")
        names = row.variables if row is not None else inner.keys()
        found = {name: inner.get(name, Value.text) or entry.get(name, Value.text) for name in names}
        inner.close()
        return {name: text for name, text in found.items() if text}

    def _variables(
        self, row: Row, given: Mapping[str, str], faults: list[str], name: str, *, moved: bool
    ) -> dict[str, str | Secret]:
        """All variables of a row; `moved` says that the row's own address is not used."""
        in_host = braces(row.base_url)
        elsewhere = {word for text in (*row.paths.values(), *row.headers.values()) for word in braces(text)}
        found: dict[str, str | Secret] = {}
        for key, variable in row.variables.items():
            value = given.get(key) or self._first(variable.env) or variable.default
            if value is None:
                if not (moved and key in in_host - elsewhere):
                    faults.append(_no_variable(key, variable, name))
                continue
            if key in in_host:  # people give a host with or without its scheme
                value = value.removeprefix("https://").removeprefix("http://").rstrip("/")
            found[key] = Secret(value) if variable.secret and value else value
        return found

    def _address(self, row: Row) -> str | None:
        """An address from the environment; one such as `0.0.0.0` gets scheme and port of the row's own."""
        text = self._first(row.base_url_env)
        if text is None:
            return None
        bare = "://" not in text
        found = urlsplit(f"http://{text}" if bare else text)
        own = urlsplit(row.base_url)
        try:
            port = found.port or (own.port if bare else None)
        except ValueError:
            self.source.fault(0, f"{' or '.join(row.base_url_env)}: {text!r} is no address")
            return None
        host = f"[{found.hostname}]" if ":" in (found.hostname or "") else found.hostname
        path = found.path.rstrip("/") or (own.path if bare else "")
        return f"{found.scheme}://{host}{f':{port}' if port else ''}{path}"

    def _first(self, names: tuple[str, ...]) -> str | None:
        return next((value for name in names if (value := self.source.environ.get(name))), None)


def read_timeouts(section: Section, base: Timeouts) -> Timeouts:
    """`timeouts` of a section, with what it leaves out taken from `base`."""
    inner = section.section("timeouts")
    found = {
        name: inner.get(name, lambda value: value.number(0.001, _DAY_S), getattr(base, name))
        for name in Timeouts.__struct_fields__
    }
    inner.close()
    return Timeouts(**found)


def _url(value: Value) -> str | None:
    text = value.text()
    if text is None:
        return None
    try:
        Origin.parse(text)
    except ValueError:
        value.fault(f"is no address: {text!r}; write http://host:port/path or https://host/path")
        return None
    return text.rstrip("/")


def _format(value: Value, kind: str) -> str | None:
    text = value.text()
    if text is not None and text not in formats(kind):
        value.fault(f"no {kind} wire {text!r}{nearest(text, formats(kind))}; known are {', '.join(formats(kind))}")
        return None
    return text


def _traits(entry: Section) -> dict[str, Any]:
    inner = entry.section("traits")
    found = {}
    for name in Traits.__struct_fields__:
        value = inner.take(name)
        if value is None:
            continue
        try:
            found[name] = getattr(msgspec.convert({name: value.plain()}, Traits), name)
        except msgspec.ValidationError as error:
            value.fault(str(error))
    inner.close()
    return found


def _no_key(row: Row, name: str, *, own: bool = False) -> str:
    if own or not row.env:
        return f"it needs a key: set providers.{name}.api_key (env:NAME, file:PATH or none)"
    return f"it needs a key: set {' or '.join(row.env)} in the environment, or providers.{name}.api_key"


def _no_variable(key: str, variable: Variable, name: str) -> str:
    env = f"{' or '.join(variable.env)} in the environment, or " if variable.env else ""
    return f"it needs `{key}`: set {env}providers.{name}.{key}"
