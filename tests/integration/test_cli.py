"""The command line as a newcomer meets it: what it prints, how it refuses, how it stops."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

GAMMA = [sys.executable, "-m", "gamma.cli"]
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PYTHONUNBUFFERED": "1"}


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*GAMMA, *arguments],
        cwd=folder,
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@contextmanager
def serving(folder: Path, *arguments: str, **environment: str) -> Iterator[tuple[str, str, subprocess.Popen[str]]]:
    """A running `gamma`; gives its address, what it printed first, and the process."""
    process = subprocess.Popen(
        [*GAMMA, *arguments],
        cwd=folder,
        env={**ENVIRONMENT, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        found = re.search(r"http://\S+?:\d+", first)
        assert found, first + (process.stderr.read() if process.stderr else "")
        for _ in range(200):
            try:
                httpx.get(found[0] + "/health/live")
                break
            except httpx.HTTPError:
                time.sleep(0.05)
        yield found[0], first, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_help_names_every_command(tmp_path: Path) -> None:
    shown = run(tmp_path, "--help")
    assert shown.returncode == 0
    assert {"serve", "simulate", "check"} <= set(shown.stdout.split())


def test_wrong_usage_exits_with_two(tmp_path: Path) -> None:
    assert run(tmp_path, "serve", "--port", "many").returncode == 2
    assert run(tmp_path, "frobnicate").returncode == 2


def test_the_demo_answers_without_key_or_network_and_shows_its_admin_key_once(tmp_path: Path) -> None:
    body = {"model": "groq/llama-3.3-70b", "messages": [{"role": "user", "content": "hi"}]}
    with serving(tmp_path, "serve", "--demo", "--port", "0") as (url, _, process):
        assert process.stdout is not None
        printed = [process.stdout.readline() for _ in range(2)]
        key = re.search(r"gm-\S+", "".join(printed))
        assert key
        answer = httpx.post(f"{url}/v1/chat/completions", json=body, headers={"x-api-key": key[0]}, timeout=20)
        assert answer.status_code == 200
        names = [m["id"] for m in httpx.get(f"{url}/v1/models", headers={"x-api-key": key[0]}).json()["data"]]
        assert len({name.split("/")[0] for name in names}) > 20
    stored = (tmp_path / ".gamma/admin-key.sha256").read_text()
    assert key[0] not in stored
    assert (tmp_path / ".gamma/admin-key.sha256").stat().st_mode & 0o077 == 0
    with serving(tmp_path, "serve", "--demo", "--port", "0") as (url, _, process):
        answer = httpx.get(f"{url}/v1/models", headers={"x-api-key": key[0]})
        assert answer.status_code == 200
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=20)
        assert "gm-" not in rest


def test_the_demo_leaves_providers_with_a_key_alone(tmp_path: Path) -> None:
    environment = {"GAMMA_ADMIN_KEY": "gm-known", "OPENAI_API_KEY": "sk-real", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    body = {"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
    with serving(tmp_path, "serve", "--demo", "--port", "0", **environment) as (url, _, _):
        real = httpx.post(f"{url}/v1/chat/completions", json=body, headers={"x-api-key": "gm-known"}, timeout=20)
        made_up = {**body, "model": "groq/llama"}
        other = httpx.post(f"{url}/v1/chat/completions", json=made_up, headers={"x-api-key": "gm-known"}, timeout=20)
    assert real.json()["error"]["code"] == "provider_unreachable"  # nobody listens there: the key went nowhere else
    assert other.status_code == 200


def test_a_taken_port_is_one_line_and_exit_one(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = run(tmp_path, "serve", "--port", str(taken.getsockname()[1]))
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "already in use" in refused.stderr
    assert "--port" in refused.stderr


def test_an_unreadable_settings_file_is_one_line_and_exit_one(tmp_path: Path) -> None:
    refused = run(tmp_path, "serve", "--config", "missing.yaml")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "missing.yaml" in refused.stderr


def test_check_tells_every_fault_with_its_line_and_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / "gamma.yaml").write_text(
        "server: {prot: 8000}\n"
        "providers:\n"
        "  openai: {api_key: env:NOT_SET}\n"
        "  mine: {wire: openai_chat, base_url: 'htp://x'}\n"
        "models:\n"
        "  a: {deployments: [{provider: opnai, model: x}], fallbacks: [b]}\n"
        "  b: {deployments: [{provider: openai, model: x}], fallbacks: [a]}\n"
    )
    refused = run(tmp_path, "check")
    lines = refused.stderr.splitlines()
    assert refused.returncode == 1
    for line, words in ((1, "port"), (3, "NOT_SET"), (4, "base_url"), (6, "openai")):
        assert any(f"gamma.yaml:{line}:" in found and words in found for found in lines), (line, words, lines)
    assert any("cycle" in found for found in lines)
    assert "Traceback" not in refused.stderr


def test_check_accepts_good_settings(tmp_path: Path) -> None:
    (tmp_path / "gamma.yaml").write_text("models: {m: {deployments: [{provider: openai, model: gpt-4o-mini}]}}\n")
    accepted = run(tmp_path, "check", OPENAI_API_KEY="sk-x")
    assert accepted.returncode == 0, accepted.stderr
    assert "valid" in accepted.stdout


def test_a_provider_is_on_when_its_key_variable_is_set(tmp_path: Path) -> None:
    accepted = run(tmp_path, "check", GROQ_API_KEY="gsk_x", MISTRAL_API_KEY="y")
    assert "2 providers on" in accepted.stdout


def test_the_simulator_runs_alone(tmp_path: Path) -> None:
    (tmp_path / "scenario.yaml").write_text("seed: 4\ndefault: {first_token: {median_ms: 1, p95_ms: 2}, output_tokens: 5}\n")
    with serving(tmp_path, "simulate", "--port", "0", "--scenario", "scenario.yaml") as (url, first, _):
        assert "Simulating" in first
        body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
        answer = httpx.post(f"{url}/groq/openai/v1/chat/completions", json=body)
        assert answer.status_code == 200, answer.text


def test_a_wrong_scenario_is_one_line_and_exit_one(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("default: {error_rat: 1}\n")
    refused = run(tmp_path, "simulate", "--port", "0", "--scenario", "s.yaml")
    assert refused.returncode == 1
    assert "error_rat" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_workers_share_the_port_and_a_dead_one_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "--workers", "2", "--port", str(free_port())) as (url, _, process):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        for _ in range(100):
            if len(workers := children.read_text().split()) == 2:
                break
            time.sleep(0.05)
        assert len(workers) == 2
        os.kill(int(workers[0]), signal.SIGKILL)
        for _ in range(100):
            now = children.read_text().split()
            if len(now) == 2 and now != workers:
                break
            time.sleep(0.05)
        assert len(now) == 2
        assert workers[0] not in now
        for _ in range(10):
            assert httpx.get(f"{url}/health/ready").status_code == 200


def test_callers_who_reset_their_connection_do_not_hurt_the_process(tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "--demo", "--port", "0", GAMMA_ADMIN_KEY="gm-known") as (url, _, process):
        port = int(url.rsplit(":", 1)[1])
        body = b'{"model":"openai/x","stream":true,"messages":[{"role":"user","content":"hi"}]}'
        head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-api-key: gm-known\r\ncontent-length: %d\r\n\r\n"
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", port)) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # close sends a reset
                sock.sendall(head % len(body) + body)
                sock.recv(100)
        time.sleep(0.3)
        assert process.poll() is None
        assert httpx.get(url + "/health/live").status_code == 200


def test_sigterm_ends_with_exit_zero(tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "--port", "0") as (_, _, process):
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
        assert process.returncode == 0


def test_importing_the_command_line_is_quick() -> None:
    code = "import time; t=time.perf_counter(); import gamma.cli; print(time.perf_counter()-t)"
    times = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(3)
    ]
    assert min(times) < 0.3


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_workers_stop_together(tmp_path: Path, signal_number: int) -> None:
    with serving(tmp_path, "serve", "--workers", "2", "--port", str(free_port())) as (_, _, process):
        process.send_signal(signal_number)
        process.communicate(timeout=10)
        assert process.returncode == 0
