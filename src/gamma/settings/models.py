"""`models:` of the settings file."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import yaml

from gamma import plugins
from gamma.providers.catalog import nearest
from gamma.providers.config import PriceConfig
from gamma.routing.config import DeploymentConfig, HedgeConfig, ModelConfig
from gamma.settings.providers import ProvidersReader, read_timeouts
from gamma.settings.section import Section, Source, Value
from gamma.types.timeouts import Timeouts

BALANCERS = "gamma.routing.balancers"
NOT_ACTIVE = ("rescue", "hedge", "objective")
"""Keys that are understood and kept, but that this version does not act on yet."""

_QUANTILE = re.compile(r"p\d{1,2}(\.\d+)?")
_DAY_S = 86_400.0


class ModelsReader:
    """Reads public names and their deployments.

    Args:
        source: file and environment.
        providers: switches on what deployments name.

    Attributes:
        notices: keys that have no effect yet.
    """

    def __init__(self, source: Source, providers: ProvidersReader) -> None:
        self.source = source
        self.providers = providers
        self.notices: list[str] = []

    def read(self, section: Section) -> dict[str, ModelConfig]:
        """All models; faults are kept in the source."""
        found, lines = {}, {}
        for name in section.keys():  # noqa: SIM118 - a Section is no dict
            entry = section.section(name)
            found[name] = self._model(name, entry)
            lines[name] = entry.line_of("fallbacks")
            entry.close()
        self._check_fallbacks(found, lines)
        return found

    def _model(self, name: str, entry: Section) -> ModelConfig:
        own = read_timeouts(entry, Timeouts())
        timeouts = {key: getattr(own, key) for key in entry.section("timeouts").keys() if hasattr(own, key)}  # noqa: SIM118 - a Section is no dict
        config: dict[str, Any] = {
            "retries": entry.get("retries", _retries, 2),
            "price": _price(entry),
            "drop_unsupported": entry.get("drop_unsupported", Value.flag, default=False),
        }
        value = entry.take("deployments")
        items = value.items() if value else []
        if not items:
            self.source.fault(entry.line, f"models.{name} needs deployments: [{{provider: ..., model: ...}}]")
        deployments = [self._deployment(item, entry, timeouts, config) for item in items]
        self._notice(name, entry)
        return ModelConfig(
            name=name,
            deployments=tuple(found for found in deployments if found is not None),
            balancer=entry.get("balancer", _balancer, "round_robin"),
            fallbacks=tuple(text for item in _items(entry, "fallbacks") if (text := item.text())),
            timeouts=own,
            rescue=entry.get("rescue", Value.flag, default=False),
            hedge=_hedge(entry),
            objective=entry.get("objective", Value.text),
            **config,
        )

    def _deployment(
        self, item: Value, model: Section, timeouts: dict[str, float], inherited: dict[str, Any]
    ) -> DeploymentConfig | None:
        if isinstance(item.node, yaml.ScalarNode):
            return self._short(item, timeouts, inherited)
        entry = Section(self.source, item.node, item.where)
        provider, name = entry.get("provider", Value.text), entry.get("model", Value.text)
        for key, text in (("provider", provider), ("model", name)):
            if text is None and entry.take(key) is None:
                self.source.fault(entry.line or item.line, f"{item.where} needs `{key}`")
        if provider is not None:
            self.providers.want(provider, entry.line_of("provider"), f"{item.where}.provider")
        found = DeploymentConfig(
            provider=provider or "",
            model=name or "",
            weight=entry.get("weight", lambda value: value.number(0, 1e6), 1.0),
            price=_price(entry) or inherited["price"],
            timeouts=read_timeouts(entry, self._timeouts(provider, timeouts)),
            retries=entry.get("retries", _retries, inherited["retries"]),
            drop_unsupported=entry.get("drop_unsupported", Value.flag, inherited["drop_unsupported"]),
            params=entry.get("params", _mapping, {}),
        )
        entry.close()
        del model
        return found if provider and name else None

    def _short(self, item: Value, timeouts: dict[str, float], inherited: dict[str, Any]) -> DeploymentConfig | None:
        """`provider/model` in place of a mapping."""
        provider, slash, name = (item.text() or "").partition("/")
        if not slash or not provider or not name:
            item.fault("must be {provider: ..., model: ...} or provider/model")
            return None
        self.providers.want(provider, item.line, item.where)
        return DeploymentConfig(provider=provider, model=name, timeouts=self._timeouts(provider, timeouts), **inherited)

    def _timeouts(self, provider: str | None, own: dict[str, float]) -> Timeouts:
        """The provider's deadlines with the model's own in their place, each for itself."""
        config = self.providers.found.get(provider or "")
        base = config.timeouts if config and config.timeouts else Timeouts()
        return msgspec.structs.replace(base, **own)

    def _notice(self, name: str, entry: Section) -> None:
        for key in NOT_ACTIVE:
            value = entry.take(key)
            if value is not None and value.plain() is not False:
                self.notices.append(f"models.{name}.{key} is understood but has no effect in this version")

    def _check_fallbacks(self, models: dict[str, ModelConfig], lines: dict[str, int]) -> None:
        circles: set[frozenset[str]] = set()
        for name, model in models.items():
            where = f"models.{name}.fallbacks"
            for other in model.fallbacks:
                if other not in models:
                    self.source.fault(
                        lines[name], f"{where}: no model {other!r}{nearest(other, models)}; name one under `models`"
                    )
            circle = _circle(name, models)
            if circle and frozenset(circle) not in circles:
                circles.add(frozenset(circle))
                self.source.fault(lines[name], f"{where} form a cycle: {' -> '.join(circle)}; take one away")


def _circle(start: str, models: dict[str, ModelConfig]) -> list[str]:
    """A way over fallbacks from a model back to itself; empty when there is none."""
    ways, seen = [[start]], set()
    while ways:
        way = ways.pop()
        for other in models[way[-1]].fallbacks if way[-1] in models else ():
            if other == start:
                return [*way, other]
            if other not in seen:
                seen.add(other)
                ways.append([*way, other])
    return []


def _retries(value: Value) -> int | None:
    number = value.number(0, 10, whole=True)
    return None if number is None else int(number)


def _balancer(value: Value) -> str | None:
    text = value.text()
    known = plugins.names(BALANCERS)
    if text is not None and text not in known:
        value.fault(f"{text!r} is not a balancer of this version, which has {', '.join(known)}{nearest(text, known)}")
        return None
    return text


def _items(entry: Section, key: str) -> list[Value]:
    value = entry.take(key)
    return value.items() if value is not None else []


def _mapping(value: Value) -> dict[str, Any] | None:
    found = value.plain()
    if not isinstance(found, dict):
        value.fault(f"must be a mapping, not {value.kind}")
        return None
    return {str(key): member for key, member in found.items()}


def _price(entry: Section) -> PriceConfig | None:
    if entry.take("price") is None:
        return None
    inner = entry.section("price")
    found = {name: inner.get(name, lambda value: value.number(0, 1e6)) for name in PriceConfig.__struct_fields__}
    inner.close()
    for name in ("input_per_mtok", "output_per_mtok"):
        if found[name] is None and inner.take(name) is None:
            entry.source.fault(inner.line, f"{inner.where} needs {name}")
    return PriceConfig(
        input_per_mtok=found["input_per_mtok"] or 0.0,
        output_per_mtok=found["output_per_mtok"] or 0.0,
        cache_read_per_mtok=found["cache_read_per_mtok"],
        cache_write_per_mtok=found["cache_write_per_mtok"],
    )


def _hedge(entry: Section) -> HedgeConfig | None:
    if entry.take("hedge") is None:
        return None
    inner = entry.section("hedge")
    config = HedgeConfig(
        after=inner.get("after", _after, HedgeConfig().after),
        budget=inner.get("budget", lambda value: value.number(0, 1), HedgeConfig().budget),
    )
    inner.close()
    return config


def _after(value: Value) -> str | float | None:
    text = value.text()
    if text is not None and _QUANTILE.fullmatch(text):
        return text
    try:
        seconds = float(text or "")
    except ValueError:
        value.fault("must be a quantile such as p95, or seconds")
        return None
    if not 0 < seconds <= _DAY_S:
        value.fault("must be more than 0 seconds")
        return None
    return seconds
