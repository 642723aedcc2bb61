"""A provider as fast as one can be: fixed answers, no parsing beyond what framing needs. The upstream of `make bench`.

    python benchmarks/mock_upstream.py --port 9000

Speaks OpenAI's chat dialect, and Anthropic's messages below `/v1/messages`. A request whose body holds `"stream":true` gets
64 events, each written by itself, so that relays see the reads that a model causes; `--gap-ms` spaces them. A request whose
body holds `HOLD` gets its first event and then silence, for measuring idle streams.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import socket
from typing import cast

import uvloop

EVENTS = 64
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_STREAM = re.compile(rb'"stream": ?true')


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _sse(value: object, event: str = "") -> bytes:
    name = f"event: {event}\n" if event else ""
    return _chunk(f"{name}data: {json.dumps(value, separators=(',', ':'))}\n\n".encode())


def _openai_event(delta: dict[str, str], finish: str | None = None) -> bytes:
    return _sse(
        {
            "id": "chatcmpl-mock0000000000000000",
            "object": "chat.completion.chunk",
            "created": 1760000000,
            "model": "mock-model",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
    )


def _openai_stream() -> list[bytes]:
    events = [_openai_event({"role": "assistant", "content": ""})]
    events += [_openai_event({"content": f" word{i:02d}"}) for i in range(EVENTS - 3)]
    usage = {"prompt_tokens": 12, "completion_tokens": 61, "total_tokens": 73}
    last = {
        "id": "chatcmpl-mock0000000000000000",
        "object": "chat.completion.chunk",
        "created": 1760000000,
        "model": "mock-model",
        "choices": [],
        "usage": usage,
    }
    return [*events, _openai_event({}, "stop"), _sse(last), _chunk(b"data: [DONE]\n\n"), b"0\r\n\r\n"]


def _anthropic_stream() -> list[bytes]:
    message: dict[str, object] = {
        "id": "msg_mock",
        "type": "message",
        "role": "assistant",
        "model": "mock-model",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 12, "output_tokens": 1},
    }
    start = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    events = [_sse({"type": "message_start", "message": message}, "message_start"), _sse(start, "content_block_start")]
    for i in range(EVENTS - 5):
        delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": f" word{i:02d}"}}
        events.append(_sse(delta, "content_block_delta"))
    end = {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 59},
    }
    return [
        *events,
        _sse({"type": "content_block_stop", "index": 0}, "content_block_stop"),
        _sse(end, "message_delta"),
        _sse({"type": "message_stop"}, "message_stop"),
        b"0\r\n\r\n",
    ]


def _whole() -> bytes:
    body = json.dumps(
        {
            "id": "chatcmpl-mock0000000000000000",
            "object": "chat.completion",
            "created": 1760000000,
            "model": "mock-model",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "The quick brown fox jumps over the lazy dog. " * 4},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 12, "completion_tokens": 40, "total_tokens": 52},
        }
    ).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


WHOLE = _whole()
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
OPENAI = _openai_stream()
ANTHROPIC = _anthropic_stream()
MODELS = b'{"object":"list","data":[{"id":"mock-model","object":"model","created":1,"owned_by":"mock"}]}'
MODELS = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(MODELS), MODELS)


class Mock(asyncio.Protocol):
    """One connection."""

    gap_s = 0.0

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        data = self.rest + data if self.rest else data
        while True:
            head = data.find(b"\r\n\r\n")
            if head < 0:
                break
            found = _LENGTH.search(data, 0, head)
            end = head + 4 + (int(found[1]) if found else 0)
            if len(data) < end:
                break
            self.answer(data[:head], data[head + 4 : end])
            data = data[end:]
        self.rest = data

    def answer(self, head: bytes, body: bytes) -> None:
        """Answers one request."""
        if head.startswith(b"GET"):
            self.transport.write(MODELS)
        elif _STREAM.search(body) is None:
            self.transport.write(WHOLE)
        else:
            events = ANTHROPIC if b"/messages" in head.split(b"\r\n", 1)[0] else OPENAI
            self.transport.write(STREAM_HEAD)
            if b"HOLD" in body:
                self.transport.write(events[0] + events[1])
            else:
                asyncio.get_running_loop().create_task(self.stream(events))

    async def stream(self, events: list[bytes]) -> None:
        """Writes events one by one, letting the loop turn in between."""
        for event in events:
            if self.transport.is_closing():
                return
            self.transport.write(event)
            await asyncio.sleep(self.gap_s)


async def main(host: str, port: int) -> None:
    """Serves until killed."""
    loop = asyncio.get_running_loop()
    sock = socket.create_server((host, port), backlog=4096)
    server = await loop.create_server(Mock, sock=sock)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--gap-ms", type=float, default=0.0, help="pause between events, in milliseconds")
    options = parser.parse_args()
    Mock.gap_s = options.gap_ms / 1000
    uvloop.run(main(options.host, options.port))
