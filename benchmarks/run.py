"""The speed table: Gamma and its peers in turn on the same mock upstream, on one CPU core each.

    python benchmarks/run.py                             everything: three rounds, below 12 minutes
    python benchmarks/run.py --quick                     one round of a second each: does it run?
    python benchmarks/run.py --only gamma,vllm-router    these alone
    python benchmarks/run.py --soak 10                   Gamma alone, ten minutes of mixed load: does its memory grow?

What is measured, and how, is in docs/benchmarks.md. Tables go to stdout as Markdown, progress to stderr.
Exit code 0, whatever the numbers say; 1 when something could not run.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import linear_regression

import msgspec
from measure import Target, ask, body, free_port, idle_streams, load
from peers import PEERS
from peers.base import Missing, Peer, Place, Start
from peers.install import debian_program, printed_version
from processes import Program
from report import Results

MOCK = Path(__file__).resolve().parent / "mock_upstream.py"
IDLE_STREAMS = 2000
SAMPLE_S = 10.0
SETTLE_S = 60.0
"""Of a soak of three minutes and more, the first is left out: pools and caches fill in it."""


class Bench:
    """One run of the benchmark.

    Args:
        options: the command line.
        folder: an empty folder for everything that is written.
    """

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        cpus = sorted(os.sched_getaffinity(0))
        self.gateway_cpu, self.load_cpu = cpus[0], cpus[-1]
        self.busy = os.getloadavg()[0]
        self.seconds: float = options.seconds
        self.folder = folder
        self.results = Results()
        self.failures: list[str] = []
        self.versions: dict[str, str] = {}
        self.upstream = free_port()
        self.wrk: list[str] = []

    def prepare(self, names: set[str]) -> list[Peer]:
        """Installs what is missing and says what cannot be."""
        self.wrk = [debian_program("wrk")]
        self.versions["wrk"] = printed_version([*self.wrk, "-v"])
        found = []
        for peer in PEERS:
            if peer.name in names:
                try:
                    self.versions[peer.name] = peer.install()
                    found.append(peer)
                except Missing as missing:
                    self.fail(peer.name, missing)
        os.sched_setaffinity(0, {self.load_cpu})  # this script and wrk; gateways get the other one
        return found

    def fail(self, what: str, missing: Missing) -> None:
        """Notes that something could not run."""
        text = f"{what}: {missing}"
        if text not in self.failures:
            self.failures.append(text)
        say(f"could not run: {text}")

    @contextmanager
    def mock(self) -> Iterator[None]:
        """The upstream, for as long as the block runs."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        start = Start([sys.executable, str(MOCK), "--port", str(self.upstream)])
        with stopped(Program(start, cpu=self.load_cpu, folder=folder)) as program:
            program.await_answer(f"http://127.0.0.1:{self.upstream}/v1/models")
            yield

    @contextmanager
    def gateway(self, peer: Peer) -> Iterator[tuple[Target, Program | None]]:
        """A gateway that answers, for as long as the block runs."""
        folder = Path(tempfile.mkdtemp(dir=self.folder, prefix=peer.name))
        port = free_port()
        place = Place(folder, port, self.upstream, free_port())
        start = peer.start(place)
        headers = {"Content-Type": "application/json", **peer.headers(place)}
        if start is None:
            yield Target(self.upstream, headers, folder, self.wrk), None
            return
        with stopped(Program(start, cpu=self.gateway_cpu, folder=folder)) as program:
            program.await_answer(f"http://127.0.0.1:{port}{peer.ready}")
            yield Target(port, headers, folder, self.wrk), program

    def round(self, peers: list[Peer]) -> None:
        """Measures each gateway once."""
        values: dict[str, dict[str, float]] = {}
        self.results.rounds.append(values)
        for peer in peers:
            say(f"round {len(self.results.rounds)}: {peer.product}")
            try:
                with self.gateway(peer) as (target, program):
                    self.measure(peer, target, program, values.setdefault(peer.name, {}))
            except Missing as missing:
                self.fail(peer.name, missing)

    def measure(self, peer: Peer, target: Target, program: Program | None, values: dict[str, float]) -> None:
        """Warms a gateway up and takes every measure of it."""
        if program:
            time.sleep(0.5)
            values["rss_idle"] = program.rss_mb()
        plain, stream = body(peer.model), body(peer.model, stream=True)
        loads = {
            "answers": (plain, 64),
            "streams": (stream, 16),
            "translated": (body(peer.translated, stream=True) if peer.translated else b"", 16),
            "prompt_10k": (body(peer.model, prompt_bytes=10_000), 16),
            "prompt_100k": (body(peer.model, prompt_bytes=100_000), 16),
        }
        for content in (plain, stream):
            ask(target, content)
            load(target, [content], connections=16, seconds=min(self.seconds, 2))
        values["p50"] = load(target, [plain], connections=1, seconds=self.seconds).p50_ms
        for name, (content, connections) in loads.items():
            if content:
                try:
                    began, used = time.monotonic(), program.cpu_s() if program else 0.0
                    values[name] = self.rate(target, content, connections)
                    if program:
                        values[f"{name}_busy"] = 100 * (program.cpu_s() - used) / (time.monotonic() - began)
                except Missing as missing:
                    self.fail(f"{peer.name}, {name}", missing)
        if program and (death := program.death()):
            raise Missing(death)
        if program:
            values["rss_loaded"] = program.rss_mb()

    def rate(self, target: Target, content: bytes, connections: int) -> float:
        """Answers a second, all of them whole: none may be shorter than the one that was read first."""
        whole = len(ask(target, content))
        found = load(target, [content], connections=connections, seconds=self.seconds)
        if found.answer_bytes < 0.98 * whole:
            raise Missing(f"answers under load have {found.answer_bytes:.0f} bytes where a single one has {whole}")
        return found.per_s

    def idle(self, peer: Peer) -> None:
        """Memory of a fresh gateway while 2,000 streams are open and nothing flows."""
        say(f"{IDLE_STREAMS} idle streams: {peer.product}")
        try:
            with self.gateway(peer) as (target, program):
                assert program is not None
                content = body(peer.model, stream=True, text="HOLD")
                self.results.rounds[-1][peer.name]["idle_streams"] = idle_streams(
                    target, content, IDLE_STREAMS, program.rss_mb
                )
        except Missing as missing:
            self.fail(f"{peer.name}, idle streams", missing)

    def soak(self, peer: Peer, minutes: float) -> None:
        """Memory over time under a mix of answers, streams and translated streams."""
        bodies = [body(peer.model), body(peer.model, stream=True), body(peer.translated, stream=True)]
        samples: list[tuple[float, float]] = []
        self.results.rounds.append({peer.name: {}})
        try:
            with self.gateway(peer) as (target, program):
                assert program is not None
                began = time.monotonic()
                while time.monotonic() - began < minutes * 60:
                    load(target, bodies, connections=16, seconds=SAMPLE_S)
                    samples.append(((time.monotonic() - began) / 60, program.rss_mb()))
                    say(f"{samples[-1][0]:6.1f} min  {samples[-1][1]:7.1f} MB")
        except Missing as missing:
            self.fail(f"{peer.name}, soak", missing)
        settle = SETTLE_S / 60 if minutes >= 3 else 0.0
        kept = [sample for sample in samples if sample[0] >= settle]
        if len(kept) >= 2:
            self.results.rounds[-1][peer.name]["soak"] = linear_regression(*zip(*kept, strict=True)).slope
            print(f"RSS {kept[0][1]:.1f} MB at {kept[0][0]:.1f} min, {kept[-1][1]:.1f} MB at {kept[-1][0]:.1f} min\n")

    def facts(self) -> str:
        """The machine and the versions."""
        cpu = next((x for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith("model name")), ":?")
        lines = [
            f"- {cpu.partition(':')[2].strip()}, {os.cpu_count()} CPUs, load average at start {self.busy:.2f}",
            f"- gateway on CPU {self.gateway_cpu}, upstream and load on CPU {self.load_cpu}",
            f"- {platform.system()} {platform.release()}, Python {platform.python_version()}",
            "- " + ", ".join(f"{name} {version}" for name, version in self.versions.items() if version != "-"),
            f"- {time.strftime('%Y-%m-%d')}, {len(self.results.rounds)} rounds, {self.seconds:g} s a measurement",
        ]
        if self.gateway_cpu == self.load_cpu:
            lines.append("- ONE CPU ONLY: gateway and load share it; these numbers say little")
        return "\n".join(lines)


@contextmanager
def stopped(program: Program) -> Iterator[Program]:
    """Stops a program when the block ends, however it ends."""
    try:
        yield program
    finally:
        program.stop()


def say(text: str) -> None:
    """Progress, for the person who waits."""
    print(text, file=sys.stderr, flush=True)


def read_options() -> argparse.Namespace:
    """The command line."""
    names = [peer.name for peer in PEERS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round, one second a measurement: no numbers to quote")
    parser.add_argument("--rounds", type=int, default=3, help="how often each gateway takes its turn (default: 3)")
    parser.add_argument("--seconds", type=float, default=4, help="length of one measurement (default: 4)")
    parser.add_argument("--only", default=",".join(names), help=f"gateways, with commas between: {', '.join(names)}")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="only watch Gamma's memory under load")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every round's values there")
    options = parser.parse_args()
    options.names = set(options.only.split(","))
    if unknown := options.names - set(names):
        parser.error(f"no gateway {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    if options.quick:
        options.rounds, options.seconds = 1, 1
    return options


def main() -> int:
    """Runs what the command line asks for and prints it."""
    options = read_options()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))  # so that everything that was started is stopped
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="gamma-bench-") as name:
        bench = Bench(options, Path(name))
        try:
            peers = bench.prepare({"gamma"} if options.soak else options.names)
            run(bench, peers, options)
        except Missing as missing:
            bench.fail("benchmark", missing)
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(bench.results.rounds)))
    if bench.failures:
        print("Could not run:\n\n" + "\n".join(f"- {text}" for text in bench.failures))
    return 1 if bench.failures else 0


def run(bench: Bench, peers: list[Peer], options: argparse.Namespace) -> None:
    """Takes every measure and prints the tables."""
    products = {peer.name: peer.product for peer in peers}
    with bench.mock():
        if options.soak:
            bench.soak(peers[0], options.soak)
        else:
            for _ in range(options.rounds):
                bench.round(peers)
            if "gamma" in products:
                bench.idle(peers[0])
    print(f"{bench.facts()}\n")
    if not options.soak:
        print(f"{bench.results.table(products)}\n\n{bench.results.ratios(products)}\n")
        print(f"How busy the gateway's core was, in %:\n\n{bench.results.busy(products)}\n")
    print(f"{bench.results.aims()}\n")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (KeyboardInterrupt, subprocess.SubprocessError) as error:
        sys.exit(f"benchmark stopped: {error!r}")
