"""What every client's test asks with, and how it reads what the gateway recorded."""

from __future__ import annotations

import base64
import json
import struct
import time
import zlib
from pathlib import Path
from typing import Any

from tests.integration.gateways import Running

PLACES = ("Bergen", "Porto")
CITY: dict[str, Any] = {
    "name": "get_weather",
    "description": "The weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 5}},
        "required": ["city", "days"],
        "additionalProperties": False,
    },
}


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PIXEL = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"\x00\xff\x80\x00"))
    + _chunk(b"IEND", b"")
)
"""A PNG of one orange pixel."""
PIXEL_B64 = base64.b64encode(PIXEL).decode()
PIXEL_URL = f"data:image/png;base64,{PIXEL_B64}"


def read_usage(running: Running, request_id: str) -> dict[str, Any]:
    """The record of one request; written within 50 ms, so it is waited for."""
    folder: Path = running.app.usage_log._folder
    until = time.monotonic() + 5
    while time.monotonic() < until:
        for segment in sorted(folder.glob("*.jsonl")):
            for line in segment.read_bytes().splitlines():
                if request_id.encode() in line:
                    record: dict[str, Any] = json.loads(line)
                    return record
        time.sleep(0.02)
    raise AssertionError(f"no usage record of {request_id}")
