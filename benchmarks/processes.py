"""Programs that the benchmark starts: pinned to a CPU, measured, and ended by the ids that they were started under."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from peers.base import Missing, Start

START_S = 60.0
STOP_S = 5.0


class Program:
    """A started program with all its children, in a session of its own.

    Args:
        start: what to run.
        cpu: the only CPU that it may use.
        folder: its working directory and home; what it prints goes to `log` there.
    """

    def __init__(self, start: Start, *, cpu: int, folder: Path) -> None:
        self.log = folder / "log"
        environ = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LANG": "C.UTF-8"}
        ours = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {cpu})  # children inherit it, from their first thread on
        try:
            with self.log.open("wb") as log:
                self._process = subprocess.Popen(
                    start.command,
                    cwd=folder,
                    env=environ | start.environ,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise Missing(f"`{start.command[0]}` cannot be started: {error}") from error
        finally:
            os.sched_setaffinity(0, ours)

    def await_answer(self, url: str) -> None:
        """Waits until a URL answers 200.

        Raises:
            Missing: it ended, or did not answer in time; the text has its last words.
        """
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(url, timeout=2) as answer:
                    if answer.status == 200:
                        return
            except (OSError, urllib.error.URLError):
                time.sleep(0.05)
        raise Missing(self.death() or f"it did not answer at {url}; its last words: {self._words()}")

    def death(self) -> str:
        """How it ended and what it said last; empty while it runs."""
        code = self._process.poll()
        if code is None:
            return ""
        ended = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return f"it {ended}; its last words: {self._words()}"

    def rss_mb(self) -> float:
        """Resident memory of the program and its children, in megabytes of 1,000,000 bytes."""
        pages = 0
        for pid in self._pids():
            try:
                pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            except (OSError, IndexError):
                continue  # it ended between the two looks
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def cpu_s(self) -> float:
        """Seconds of CPU time that the program and its living children have used."""
        ticks = 0
        for pid in self._pids():
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
            except (OSError, IndexError):
                continue  # as above
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """Ends the program and its children, kindly at first."""
        pids = self._pids()
        self._signal(pids, signal.SIGTERM)
        end = time.monotonic() + STOP_S
        while time.monotonic() < end and (self._process.poll() is None or self._pids()):
            time.sleep(0.02)
        self._signal(self._pids(), signal.SIGKILL)
        self._process.wait()

    def _words(self) -> str:
        return " | ".join(self.log.read_text(errors="replace").splitlines()[-5:])[-1000:] or "none"

    def _pids(self) -> list[int]:
        """The living processes of the session that this program leads."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            except (OSError, ValueError):
                continue  # it ended between the two looks
            if int(session) == self._process.pid and state != "Z":
                found.append(int(entry.name))
        return found

    @staticmethod
    def _signal(pids: list[int], number: int) -> None:
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
