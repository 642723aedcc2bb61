"""Usage records on local disk: appended in memory, written and fsynced in groups, never on the request path."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import msgspec
import structlog

from gamma.types.record import UsageRecord

GROUP_S = 0.05
SEGMENT_BYTES = 64 * 1024 * 1024
MAX_WAITING = 200_000  # records held while the disk refuses them: about 100 MB

_log = structlog.get_logger(__name__)


class UsageLog:
    """Segments of JSON lines in one folder, one writer a process.

    A crash loses at most the records of the last 50 ms. While the disk refuses writes, records wait in memory up to a
    bound, requests are served all the same, and the log says so once a second.

    Args:
        folder: where segments lie; made when missing.

    Attributes:
        dropped: records given up because the disk refused writes for too long.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: list[UsageRecord] = []
        self._encode = msgspec.json.Encoder().encode_lines
        self._file: int | None = None
        self._size = 0
        self._segment = 0
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._complained = 0.0
        self.dropped = 0

    def append(self, record: UsageRecord) -> None:
        """Takes a record; it is on disk within 50 ms."""
        if len(self._waiting) >= MAX_WAITING:
            self.dropped += 1
            return
        self._waiting.append(record)
        if not self._wake.is_set():
            self._wake.set()

    def start(self) -> None:
        """Begins to write."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Writes what waits and closes the segment."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._flush()
        if self._file is not None:
            os.close(self._file)
            self._file = None

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(GROUP_S)
            self._wake.clear()
            await self._flush()

    async def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        if not batch:
            return
        try:
            await asyncio.shield(asyncio.to_thread(self._write, batch))
        except OSError as error:
            self._waiting = batch + self._waiting
            self._wake.set()
            now = time.monotonic()
            if now - self._complained > 1.0:
                self._complained = now
                _log.error("usage records cannot be written", folder=str(self._folder), error=str(error), waiting=len(batch))
            await asyncio.sleep(0.5)

    def _write(self, batch: list[UsageRecord]) -> None:
        data = self._encode(batch)
        if self._file is None or self._size + len(data) > SEGMENT_BYTES:
            self._roll()
        assert self._file is not None
        start = os.lseek(self._file, 0, os.SEEK_END)
        try:
            written = os.write(self._file, data)
            while written < len(data):
                written += os.write(self._file, data[written:])
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, start)  # no half record: the batch is written again, whole
            raise
        self._size += len(data)

    def _roll(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self._segment += 1
        name = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{os.getpid()}-{self._segment:04d}.jsonl"
        self._file = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = os.lseek(self._file, 0, os.SEEK_END)
