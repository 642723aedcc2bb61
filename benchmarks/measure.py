"""Measurements of one running gateway: wrk's rates and latencies, and streams that are open and silent."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct
from peers.base import Missing

PATH = "/v1/chat/completions"
SLOW_S = 10.0
"""How long a gateway is watched that answers nothing within a shorter measurement."""
_SENTENCE = 'A line of a long prompt, with "quotes", numbers such as 3.14159 and a break at its end.\n'
_SCRIPT = """\
local bodies = {{ {bodies} }}
local turn = 0
wrk.method = "POST"
{headers}
local requests = {{}}
init = function()
  for i, path in ipairs(bodies) do
    local file = io.open(path, "rb")
    requests[i] = wrk.format("POST", wrk.path, wrk.headers, file:read("*a"))
    file:close()
  end
end
request = function()
  turn = turn % #requests + 1
  return requests[turn]
end
done = function(summary, latency)
  local e = summary.errors
  print(string.format("RESULT %d %d %d %d %d %f", summary.requests, summary.duration, summary.bytes,
    e.status, e.connect + e.read + e.write + e.timeout, latency:percentile(50)))
end
"""


class Target(Struct, frozen=True):
    """What load is sent to.

    Attributes:
        port: the gateway's port on loopback.
        headers: those that each request needs.
        folder: where scripts and bodies are written.
        wrk: command that runs wrk, pinning included.
    """

    port: int
    headers: dict[str, str]
    folder: Path
    wrk: list[str]


class Rate(Struct, frozen=True):
    """What wrk found.

    Attributes:
        per_s: whole answers a second.
        p50_ms: median time from request to the end of its answer.
        answer_bytes: bytes received for each answer, heads included.
    """

    per_s: float
    p50_ms: float
    answer_bytes: float


def body(model: str, *, stream: bool = False, prompt_bytes: int = 0, text: str = "Say something.") -> bytes:
    """A chat request.

    Args:
        model: the public name.
        stream: whether its answer is to be streamed.
        prompt_bytes: length of the prompt; 0 takes `text`.
        text: a short prompt.
    """
    if prompt_bytes:
        text = (_SENTENCE * (prompt_bytes // len(_SENTENCE) + 1))[:prompt_bytes]
    value = {"model": model, "messages": [{"role": "user", "content": text}]}
    return json.dumps(value | ({"stream": True} if stream else {}), separators=(",", ":")).encode()


def ask(target: Target, content: bytes) -> bytes:
    """Sends one request and returns the body of its answer, which must be whole.

    Raises:
        Missing: the answer is not what the mock upstream says.
    """
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
    try:
        connection.request("POST", PATH, content, target.headers)
        answer = connection.getresponse()
        data = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Missing(f"a request failed: {error!r}") from error
    finally:
        connection.close()
    whole = data.count(b"data:") >= 60 and b"[DONE]" in data if b'"stream":true' in content else b"quick brown fox" in data
    if answer.status != 200 or not whole:
        raise Missing(f"a request was answered {answer.status} with {data[:300]!r}")
    return data


def load(target: Target, bodies: list[bytes], *, connections: int, seconds: float) -> Rate:
    """Sends requests as fast as they are answered.

    Args:
        target: where to.
        bodies: taken in turn.
        connections: how many requests are open at any time.
        seconds: how long.

    Raises:
        Missing: wrk failed, or answers did.
    """
    paths = []
    for i, content in enumerate(bodies):
        path = target.folder / f"body{i}.json"
        path.write_bytes(content)
        paths.append(json.dumps(str(path)))
    headers = "\n".join(f"wrk.headers[{json.dumps(k)}] = {json.dumps(v)}" for k, v in target.headers.items())
    script = target.folder / "load.lua"
    script.write_text(_SCRIPT.format(bodies=", ".join(paths), headers=headers), encoding="utf-8")
    command = [*target.wrk, "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "30s", "-s", str(script)]
    command.append(f"http://127.0.0.1:{target.port}{PATH}")
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), "")
    if not line:
        raise Missing(f"wrk failed: {(done.stderr or done.stdout).strip()[:300]}")
    count, micros, received, refused, broken, p50 = (float(word) for word in line.split()[1:])
    if not count and not refused and not broken and seconds < SLOW_S:
        return load(target, bodies, connections=connections, seconds=SLOW_S)
    if not count or refused or broken:
        raise Missing(f"of {count:.0f} answers {refused:.0f} were errors, and {broken:.0f} connections or waits failed")
    return Rate(count / micros * 1e6, p50 / 1000, received / count)


def idle_streams(target: Target, content: bytes, count: int, look: Callable[[], float]) -> float:
    """Opens streams, waits for the first event of each, and looks while all are open and silent.

    Args:
        target: where to.
        content: a request that the mock upstream answers with one event and then silence.
        count: how many streams.
        look: takes the measure.

    Returns:
        What `look` saw.

    Raises:
        Missing: a stream did not begin.
    """
    lines = [f"POST {PATH} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in target.headers.items()]
    request = "\r\n".join([*lines, "", ""]).encode() + content

    async def opened(gate: asyncio.Semaphore) -> asyncio.StreamWriter:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
            writer.write(request)
            await asyncio.wait_for(reader.readuntil(b"data:"), 30)
            return writer

    async def run() -> float:
        gate = asyncio.Semaphore(50)
        writers = await asyncio.gather(*(opened(gate) for _ in range(count)))
        await asyncio.sleep(1)
        seen = look()
        for writer in writers:
            writer.close()
        return seen

    try:
        return asyncio.run(run())
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError) as error:
        raise Missing(f"{count} streams could not be opened: {error!r}") from error


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
