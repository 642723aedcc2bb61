"""What the pages and examples tell people to run does run, against a demo gateway."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.docs.blocks import Block, blocks
from tests.docs.demo import Running, demo_gateway
from tests.docs.reference import DOCS, PAGES, ROOT

DEFAULT = "http://127.0.0.1:8000"
BASH, PYTHON = blocks(PAGES, "bash"), blocks(PAGES, "python")
PROGRAMS = sorted((ROOT / "examples").glob("*.py"))
_KEY = "gm-..."


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with demo_gateway(tmp_path_factory.mktemp("demo")) as running:
        yield running


def run(command: list[str], gateway: Running) -> str:
    done = subprocess.run(
        command, cwd=gateway.folder, env=gateway.environ, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def meant(block: Block, gateway: Running) -> str:
    """The block with this gateway's address and key."""
    return block.text.replace(DEFAULT, gateway.url).replace(_KEY, gateway.key)


@pytest.mark.parametrize("block", BASH, ids=lambda block: block.name)
def test_a_shell_block_answers(block, gateway):
    script = meant(block, gateway).replace("curl ", "curl --fail-with-body --silent --show-error ")
    answered = run(["bash", "-euo", "pipefail", "-c", script], gateway)
    assert answered.strip()
    assert '"error"' not in answered


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.name)
def test_a_python_block_answers(block, gateway):
    assert run([sys.executable, "-c", meant(block, gateway)], gateway).strip()


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_an_example_program_answers(program, gateway):
    assert run([sys.executable, str(program)], gateway).strip()


def test_the_readme_shows_shell_and_python():
    pages = {block.page.name for block in BASH} & {block.page.name for block in PYTHON}
    assert "README.md" in pages


def test_every_metric_is_on_its_page(gateway):
    with urllib.request.urlopen(f"{gateway.url}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    kinds = dict(line.split(" ")[2:4] for line in lines if line.startswith("# TYPE "))
    text = (DOCS / "metrics.md").read_text(encoding="utf-8")
    assert kinds
    assert not [name for name, kind in kinds.items() if f"| `{name}` | {kind} | " not in text]
    told = {line.split("`")[1] for line in text.splitlines() if line.startswith("| `gamma_")}
    assert told == set(kinds)


def test_usage_records_lie_where_the_page_says(gateway):
    run(["bash", "-c", f"curl -s {gateway.url}/v1/models -H 'x-api-key: {gateway.key}'"], gateway)
    folder: Path = gateway.folder
    assert (folder / ".gamma" / "admin-key.sha256").exists()
    assert (folder / ".gamma" / "usage").is_dir()
