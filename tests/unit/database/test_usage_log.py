"""Records reach the disk in groups, and nothing acknowledged is lost while the disk refuses."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from gamma.database import usage_log
from gamma.database.usage_log import UsageLog
from gamma.types.record import UsageRecord


def record(number: int) -> UsageRecord:
    return UsageRecord(
        request_id=f"r{number}",
        at=1.0,
        principal="p",
        surface="openai_chat",
        model="m",
        deployment="d",
        attempts=1,
        stream=False,
        outcome="ok",
    )


def ids(folder: Path) -> list[str]:
    return [json.loads(line)["request_id"] for f in sorted(folder.glob("*.jsonl")) for line in f.read_text().splitlines()]


def test_records_are_on_disk_within_the_group_time(tmp_path: Path) -> None:
    async def run() -> None:
        log = UsageLog(tmp_path / "usage")
        log.start()
        for number in range(500):
            log.append(record(number))
        await asyncio.sleep(usage_log.GROUP_S + 0.2)
        assert ids(tmp_path / "usage") == [f"r{n}" for n in range(500)]
        await log.stop()

    asyncio.run(run())


def test_stopping_writes_what_waits(tmp_path: Path) -> None:
    async def run() -> None:
        log = UsageLog(tmp_path)
        log.start()
        log.append(record(1))
        await log.stop()

    asyncio.run(run())
    assert ids(tmp_path) == ["r1"]


def test_records_wait_in_memory_while_the_disk_refuses_and_are_written_once_it_takes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = True
    write = os.write

    def refuse(handle: int, data: bytes) -> int:
        if full:
            write(handle, data[:10])  # a full disk takes a part before it refuses
            raise OSError(28, "No space left on device")
        return write(handle, data)

    monkeypatch.setattr(os, "write", refuse)

    async def run() -> None:
        nonlocal full
        log = UsageLog(tmp_path)
        log.start()
        log.append(record(1))
        await asyncio.sleep(0.3)
        log.append(record(2))
        full = False
        await asyncio.sleep(1.0)
        await log.stop()

    asyncio.run(run())
    assert ids(tmp_path) == ["r1", "r2"]


def test_what_cannot_wait_any_longer_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_log, "MAX_WAITING", 3)
    log = UsageLog(tmp_path)
    for number in range(5):
        log.append(record(number))
    assert log.dropped == 2


def test_segments_are_rolled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_log, "SEGMENT_BYTES", 100)

    async def run() -> None:
        log = UsageLog(tmp_path)
        log.start()
        for number in range(3):
            log.append(record(number))
            await asyncio.sleep(0.15)
        await log.stop()

    asyncio.run(run())
    assert len(list(tmp_path.glob("*.jsonl"))) == 3
    assert ids(tmp_path) == ["r0", "r1", "r2"]
