"""Settings on the pages load, links lead somewhere, the picture is small and well formed."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from gamma.providers.catalog import Catalog
from gamma.settings import load
from gamma.settings.scenario import load_scenario
from tests.docs.blocks import blocks
from tests.docs.reference import DOCS, PAGES, ROOT

_NAMES = """ANTHROPIC_API_KEY AWS_BEARER_TOKEN_BEDROCK AZURE_OPENAI_API_KEY GAMMA_ADMIN_KEY GROQ_API_KEY GROQ_EU_KEY
    OPENAI_API_KEY OPENAI_EU_KEY RESEARCH_KEY SUPPORT_KEY TEAM_A_KEY"""
ENVIRON = dict.fromkeys(_NAMES.split(), "not-a-key")
SCENARIO_KEYS = {"seed", "default"}
YAML = {block.name: block.text for block in blocks(PAGES, "yaml")} | {
    path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "examples").glob("*.yaml"))
}
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", YAML)
def test_settings_and_scenarios_load(name, tmp_path):
    path = tmp_path / "example.yaml"
    path.write_text(YAML[name], encoding="utf-8")
    if yaml.safe_load(YAML[name]).keys() & SCENARIO_KEYS:
        load_scenario(path)
    else:
        settings = load(path, ENVIRON)
        assert not [notice for notice in settings.notices if "no effect" in notice]


@pytest.mark.parametrize("block", blocks(PAGES, "toml"), ids=lambda block: block.name)
def test_rows_load(block, tmp_path):
    path = tmp_path / "rows.toml"
    path.write_text(block.text, encoding="utf-8")
    assert Catalog.builtin().read(path).names() != Catalog.builtin().names()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    dead = []
    for link in _LINK.findall(text):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert not dead


def anchors(page: Path) -> set[str]:
    """The places that a link into a page may name."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_page_can_be_reached_from_the_readme():
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in _LINK.findall((ROOT / "README.md").read_text())}
    pages = {path.resolve() for path in DOCS.glob("*.md")} | {path.resolve() for path in ROOT.glob("*.md")}
    assert pages - linked <= {(ROOT / "README.md").resolve()}


def test_every_example_is_listed():
    text = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    files = [path.name for path in (ROOT / "examples").iterdir() if path.suffix in {".py", ".yaml"}]
    assert not [name for name in files if f"({name})" not in text]


def test_the_picture_is_small_and_well_formed():
    data = (DOCS / "flow.svg").read_bytes()
    assert len(data) < 10 * 1024
    assert ET.fromstring(data).tag.endswith("svg")
