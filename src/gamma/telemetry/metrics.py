"""Counters and histograms of the data plane, in Prometheus' text format.

Labels are closed: models and deployments come from the settings, codes from errors.py, so a caller cannot make series.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_OVERHEAD = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1.0)
MAX_SERIES = 2000


class Histogram:
    """A distribution over fixed buckets, in seconds."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Counts one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Series:
    """Everything that is counted for one model on one deployment."""

    __slots__ = ("attempts", "cost_usd", "duration", "first_byte", "input_tokens", "outcomes", "output_tokens", "overhead")

    def __init__(self) -> None:
        self.outcomes: dict[str, int] = {}
        self.attempts = 0
        self.input_tokens = 0
        self.output_tokens = 0
        self.cost_usd = 0.0
        self.duration = Histogram(_SECONDS)
        self.first_byte = Histogram(_SECONDS)
        self.overhead = Histogram(_OVERHEAD)


class Metrics:
    """All series of one process."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, str], Series] = {}
        self.refused: dict[str, int] = {}
        self.in_flight = 0

    def series(self, model: str, deployment: str) -> Series:
        """The series of a model on a deployment; past the bound all further ones share `other`."""
        key = (model, deployment)
        found = self._series.get(key)
        if found is None:
            if len(self._series) >= MAX_SERIES:
                key = ("other", "other")
            found = self._series.setdefault(key, Series())
        return found

    def refuse(self, code: str) -> None:
        """Counts a request that reached no model."""
        self.refused[code] = self.refused.get(code, 0) + 1

    def render(self, gauges: dict[str, tuple[str, float]]) -> bytes:
        """The scrape: every family with its help and type.

        Args:
            gauges: further values by name, each with its meaning.
        """
        lines: list[str] = []
        series = sorted(self._series.items())
        _family(
            lines, "gamma_requests_total", "counter", "Requests by model, deployment and outcome.",
            (
                (_labels(key, outcome=outcome), count)
                for key, s in series
                for outcome, count in sorted(s.outcomes.items())
            ),
        )  # fmt: skip  # one family a paragraph
        refused = ((f'{{code="{code}"}}', n) for code, n in sorted(self.refused.items()))
        _family(lines, "gamma_refused_total", "counter", "Requests refused before a model was reached.", refused)
        for name, attribute, meaning in (
            ("gamma_attempts_total", "attempts", "Requests sent to providers, retries included."),
            ("gamma_input_tokens_total", "input_tokens", "Tokens read by models."),
            ("gamma_output_tokens_total", "output_tokens", "Tokens written by models."),
            ("gamma_cost_usd_total", "cost_usd", "Cost in US dollars, where the price is known."),
        ):
            _family(lines, name, "counter", meaning, ((_labels(key), getattr(s, attribute)) for key, s in series))
        for name, attribute, meaning in (
            ("gamma_request_duration_seconds", "duration", "From the request read to the answer written."),
            ("gamma_first_byte_seconds", "first_byte", "From the request read to the first byte written."),
            ("gamma_overhead_seconds", "overhead", "Time that Gamma itself added."),
        ):
            _histogram(lines, name, meaning, ((key, getattr(s, attribute)) for key, s in series))
        _family(lines, "gamma_requests_in_flight", "gauge", "Requests being answered.", [("", self.in_flight)])
        for name, (meaning, value) in gauges.items():
            _family(lines, name, "gauge", meaning, [("", value)])
        return ("\n".join(lines) + "\n").encode()


def _family(lines: list[str], name: str, kind: str, meaning: str, rows: Iterable[tuple[str, float]]) -> None:
    lines.append(f"# HELP {name} {meaning}")
    lines.append(f"# TYPE {name} {kind}")
    lines.extend(f"{name}{labels} {value}" for labels, value in rows)


def _histogram(lines: list[str], name: str, meaning: str, rows: Iterable[tuple[tuple[str, str], Histogram]]) -> None:
    lines.append(f"# HELP {name} {meaning}")
    lines.append(f"# TYPE {name} histogram")
    for key, histogram in rows:
        running = 0
        for bound, count in zip((*histogram.bounds, "+Inf"), histogram.counts, strict=True):
            running += count
            lines.append(f"{name}_bucket{_labels(key, le=str(bound))} {running}")
        lines.append(f"{name}_sum{_labels(key)} {histogram.total}")
        lines.append(f"{name}_count{_labels(key)} {running}")


def _labels(key: tuple[str, str], **more: str) -> str:
    pairs = {"model": key[0], "deployment": key[1], **more}
    return "{" + ",".join(f'{k}="{_escape(v)}"' for k, v in pairs.items()) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
