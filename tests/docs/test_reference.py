"""Every setting, error code, option, provider, path and scenario key stands on its page."""

from __future__ import annotations

import re
import tomllib

import msgspec
import pytest
import typer

from gamma import errors
from gamma.cli import app
from gamma.dataplane import routes
from gamma.dataplane.config import AuthConfig, ServerConfig
from gamma.providers.catalog import dialects, formats
from gamma.providers.config import PriceConfig, ProviderConfig
from gamma.providers.row import Row
from gamma.routing.config import DeploymentConfig, HedgeConfig, ModelConfig
from gamma.settings import load
from gamma.settings.section import Section
from gamma.simulator.scenario import Behaviour, Latency, Scenario
from gamma.types.record import UsageRecord
from gamma.types.timeouts import Timeouts
from gamma.wire.base import Traits
from gamma.wire.support import EXTRA_HINTS, HINTS
from tests.docs.reference import ROOT, page, provider_rows, refused_rows, setting_rows, variable_rows

NAMED_BY_ITS_KEY = frozenset({"name"})
SETTINGS = {
    "server": setting_rows(ServerConfig),
    "auth": setting_rows(AuthConfig),
    "providers": setting_rows(ProviderConfig, without=NAMED_BY_ITS_KEY),
    "traits": setting_rows(Traits),
    "models": setting_rows(ModelConfig, without=NAMED_BY_ITS_KEY),
    "deployments": setting_rows(DeploymentConfig),
    "timeouts": setting_rows(Timeouts),
    "price": setting_rows(PriceConfig),
    "hedge": setting_rows(HedgeConfig),
}
SCENARIO = {
    "Scenario file": setting_rows(Scenario),
    "Behaviour of a provider": setting_rows(Behaviour),
    "Latency": setting_rows(Latency),
}


def section(text: str, title: str) -> list[str]:
    """The lines below a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1].splitlines()


def assert_table(lines: list[str], rows: list[str]) -> None:
    """The section has exactly these rows."""
    told = [line for line in lines if line.startswith("| `")]
    assert not [row for row in rows if not any(line.startswith(row) for line in told)]
    assert len(told) == len(rows)


@pytest.mark.parametrize("title", SETTINGS)
def test_every_setting_has_its_row(title):
    assert_table(section(page("settings.md"), title), SETTINGS[title])


@pytest.mark.parametrize("title", SCENARIO)
def test_every_scenario_key_has_its_row(title):
    assert_table(section(page("simulator.md"), title), SCENARIO[title])


def test_every_key_that_the_reader_knows_is_told(tmp_path, monkeypatch):
    known = set()
    take = Section.take

    def noting(self, key):
        known.add(key)
        return take(self, key)

    monkeypatch.setattr(Section, "take", noting)
    (tmp_path / "rows.toml").write_text("")
    path = tmp_path / "gamma.yaml"
    path.write_text(
        "catalog: rows.toml\nproviders: {p: {wire: openai_chat, base_url: 'http://h', api_key: none}}\n"
        "models: {m: {hedge: {}, price: {input_per_mtok: 1, output_per_mtok: 1}, deployments: [{provider: p, model: x}]}}\n"
    )
    load(path, {})
    text = page("settings.md")
    entries = {"p", "m"}
    assert not sorted(key for key in known - entries if f"`{key}`" not in text and f".{key}`" not in text)
    assert {"server", "enabled", "hedge", "weight"} <= known


@pytest.mark.parametrize(
    "names", [dialects(), formats("embeddings"), formats("rerank")], ids=["wires", "embeddings", "rerank"]
)
def test_every_format_is_told_in_one_line(names):
    listed = ", ".join(f"`{name}`" for name in names)
    assert f": {listed}." in page("settings.md")


def error_classes() -> list[type[errors.GammaError]]:
    found = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.GammaError)]
    codes: dict[str, type[errors.GammaError]] = {}
    for kind in found:
        codes.setdefault(kind.code, kind)
    return list(codes.values())


def test_every_error_code_has_its_row():
    rows = [
        f"| `{kind.code}` | {kind.status} | {kind.fault} | {'yes' if kind.retryable else 'no'} | "
        for kind in error_classes()
    ]
    assert_table(section(page("errors.md"), "The list"), rows)


def test_every_command_and_option_is_told():
    text, group = page("cli.md"), typer.main.get_command(app)
    missing = [option for parameter in group.params for option in parameter.opts if f"`{option}`" not in text]
    for name, command in group.commands.items():  # type: ignore[attr-defined]  # typer's own group, untyped here
        lines = "\n".join(section(text, f"gamma {name}"))
        options = [option for parameter in command.params for option in parameter.opts]
        missing += [f"{name} {option}" for option in options if f"`{option}`" not in lines]
    assert not missing


def test_every_provider_has_its_row():
    lines = page("providers.md").splitlines()
    told = [line for line in lines if line.startswith("| `")]
    assert told == [*provider_rows(), *variable_rows()]


def test_the_readme_counts_providers_and_dialects():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"The catalogue has {len(provider_rows())} providers" in readme
    assert f"one of the {len(dialects())} known dialects" in readme


def test_every_key_of_a_row_is_told():
    lines = section(page("adding-a-provider.md"), "As a row of your own")
    rows = [line for line in lines if line.startswith("| `")]
    assert sorted(row.split("`")[1] for row in rows) == sorted(Row.__struct_fields__)


def test_every_path_is_told():
    text = page("surfaces.md")
    fixed = {path.decode() for path in routes._FIXED}
    verbs = {f":{verb.decode()}`" for verb in routes._GEMINI_VERBS}
    prefixes = {prefix.decode() for prefix, _ in routes._PREFIXES}
    missing = [path for path in fixed if f" {path}`" not in text]
    assert not [*missing, *(verb for verb in verbs if verb not in text), *(p for p in prefixes if p not in text)]


def test_every_field_that_is_left_out_silently_is_told():
    text = page("surfaces.md")
    hints = [name for name in sorted(HINTS | EXTRA_HINTS) if f"`{name}`" not in text]
    assert not hints


def test_what_dialects_refuse_is_told():
    lines = section(page("surfaces.md"), "What each dialect refuses")
    assert [line for line in lines if line.startswith("| `")] == refused_rows()


def test_every_field_of_a_usage_record_is_told():
    lines = section(page("metrics.md"), "Usage records")
    told = [line.split("`")[1] for line in lines if line.startswith("| `")]
    assert told == [field.name for field in msgspec.structs.fields(UsageRecord)]


def test_the_layers_are_those_of_the_import_contract():
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert "```text\n" + "\n".join(contract["layers"]) + "\n```" in text


def test_every_folder_is_on_the_map():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    source = ROOT / "src" / "gamma"
    folders = [path.parent.name for path in source.glob("*/__init__.py")]
    modules = [path.name for path in source.glob("*.py") if path.name != "__init__.py"]
    assert not [name for name in folders if f"| `{name}/` |" not in text]
    assert not [name for name in modules if f"| `{name}` |" not in text]
