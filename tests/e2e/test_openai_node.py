"""OpenAI's official client for Node speaks to Gamma as it speaks to OpenAI.

The client is installed from the pinned lock file into pytest's cache, once. Node itself is a tool of the system: where it
is missing, CI fails and anyone else is told that nothing was run.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.gateways import ADMIN_KEY, Running

pytestmark = pytest.mark.timeout(150)

FOLDER = Path(__file__).parent / "node"
FILES = ("package.json", "package-lock.json")
MODELS = (
    "openai/gpt-4o-mini",
    "anthropic/claude-sonnet-4-5",
    "gemini/gemini-2.5-flash",
    "bedrock/anthropic.claude-sonnet-4-5",
    "cohere/command-a-03-2025",
    "ollama/llama3.2",
)
CASES_PER_MODEL, CASES_ONCE = 7, 9


@pytest.fixture(scope="module")
def script(request: pytest.FixtureRequest) -> tuple[str, Path]:
    """Node and the script, with the client installed beside it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        message = "node and npm are not installed: the official Node client was not tried against Gamma"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    home = Path(request.config.cache.mkdir("gamma-node"))
    wanted = b"".join((FOLDER / name).read_bytes() for name in FILES)
    stamp, mark = home / "installed", hashlib.sha256(wanted).hexdigest()
    if not stamp.exists() or stamp.read_text() != mark:
        for name in FILES:
            shutil.copy(FOLDER / name, home)
        command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"the Node client could not be installed:\n{done.stderr}"
        stamp.write_text(mark)
    return node, Path(shutil.copy(FOLDER / "conformance.mjs", home))


def test_the_node_client_works(script: tuple[str, Path], running: Running) -> None:
    node, path = script
    command: list[str | Path] = [node, path, running.url, ADMIN_KEY, *MODELS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    failed = [f"{found['name']}: {found['error']}" for found in results if found["error"]]
    assert not failed, "\n".join(failed)
    assert done.returncode == 0, done.stderr
    assert len(results) == CASES_PER_MODEL * len(MODELS) + CASES_ONCE
