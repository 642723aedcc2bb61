"""The catalogue: every row is right, and wrong rows are told plainly."""

from __future__ import annotations

import pytest

from gamma import plugins
from gamma.errors import SettingsError
from gamma.providers.base import build_providers
from gamma.providers.catalog import Catalog, braces, dialects, nearest
from gamma.providers.config import ProviderConfig
from gamma.providers.prices import known_models
from gamma.transport.pool import Pool
from gamma.types.secret import Secret
from gamma.wire.support import HINTS

CATALOG = Catalog.builtin()
ROWS = CATALOG.names()


@pytest.fixture
def rows(tmp_path):
    def rows(text: str) -> Catalog:
        path = tmp_path / "rows.toml"
        path.write_text(text)
        return Catalog({}).read(path)

    return rows


def test_there_are_at_least_45_vendors():
    assert len(ROWS) >= 45


@pytest.mark.parametrize("name", ROWS)
def test_a_row_can_be_built_and_addressed(name):
    row = CATALOG.row(name)
    variables: dict[str, str | Secret] = {key: variable.default or f"v-{key}" for key, variable in row.variables.items()}
    provider = build_providers({name: ProviderConfig(name=name, variables=variables)}, CATALOG, Pool())[name]
    for wire in row.wires:
        assert plugins.load("gamma.wire", wire)
        for stream in (False, True):
            origin, target = provider.url("chat", wire, "some-model", stream=stream)
            assert origin.host
            assert target.startswith("/")
            assert "{" not in target
    for kind in ("embeddings", "rerank"):
        if getattr(row, kind):
            assert provider.url(kind, getattr(row, kind), "some-model")[1].startswith("/")


@pytest.mark.parametrize("name", [name for name in ROWS if CATALOG.row(name).prices])
def test_a_rows_prices_exist(name):
    assert known_models(CATALOG.row(name).prices)


@pytest.mark.parametrize("name", ROWS)
def test_local_servers_alone_are_free_and_plain_http(name):
    row = CATALOG.row(name)
    assert row.free == row.base_url.startswith("http://")
    assert row.free or not row.key_required or row.env


@pytest.mark.parametrize("name", ROWS)
def test_a_row_says_why_it_is_on(name):
    row = CATALOG.row(name)
    assert row.env or row.on or row.base_url_env


@pytest.mark.parametrize("name", ROWS)
def test_hints_are_dropped_and_never_refused(name):
    assert not CATALOG.row(name).traits.unsupported & HINTS


def test_every_quirk_belongs_to_a_row():
    assert set(plugins.names("gamma.providers.quirks")) <= set(ROWS)


def test_dialects_are_the_wire_packages():
    assert {"openai_chat", "anthropic_messages", "gemini", "ollama"} <= set(dialects())
    assert "embeddings" not in dialects()


def test_an_unknown_row_is_told_with_the_nearest():
    with pytest.raises(LookupError, match="did you mean 'openrouter'"):
        CATALOG.row("openrooter")


def test_nothing_near_gives_no_help():
    assert nearest("zzzzzz", ["openai"]) == ""


def test_braces_finds_variables():
    assert braces("https://{a}.x/{b}") == {"a", "b"}


BASE = 'title = "T"\nbase_url = "https://x"\ndocs = ""\n'


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('wires = ["openai-chat"]', "unknown wire 'openai-chat' (did you mean 'openai_chat'?)"),
        ('embeddings = "opnai"', "unknown embeddings wire 'opnai' (did you mean 'openai'?)"),
        ('wires = ["openai_chat"]\nauth = "barer"', "unknown auth 'barer' (did you mean 'bearer'?)"),
        ('wires = ["openai_chat"]\nexact = ["gemini"]', "exact names 'gemini'"),
        ("env = []", "no wires, no embeddings and no rerank"),
        ('wires = ["openai_chat"]\npaths = { gemini = "/x" }', "paths has 'gemini', which it does not speak"),
        ('wires = ["openai_chat"]\npaths = { openai_chat = "/{who}" }', "{who} is not among its variables"),
        ('wires = ["openai_chat"]\npaths = { openai_chat = "/{who" }', "a brace is left open"),
        ('wires = ["openai_chat"]\npaths = { openai_chat = "x" }', "'x' is no address"),
        ('wires = ["openai_chat"]\nwire = "x"', "unknown field 'wire' (did you mean 'wires'?)"),
        ("wires = 3", "Expected `array`"),
    ],
)
def test_wrong_rows_are_told(rows, text, fault):
    with pytest.raises(SettingsError) as caught:
        rows(f"[acme]\n{BASE}{text}\n")
    assert any("row acme" in line and fault in line for line in caught.value.faults), caught.value.faults


def test_a_file_that_is_no_toml_is_told(rows):
    with pytest.raises(SettingsError, match="not TOML"):
        rows("[acme")


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        CATALOG.read(tmp_path / "absent.toml")
