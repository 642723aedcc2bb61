"""What was measured, as Markdown: the table, Gamma's ratios, and the targets with what became of them."""

from __future__ import annotations

from statistics import median

from msgspec import Struct

MEASURES = {
    "p50": "p50 at c=1, ms",
    "answers": "answers/s at c=64",
    "streams": "64-event streams/s at c=16",
    "translated": "translated streams/s at c=16",
    "prompt_10k": "answers/s, 10 KB prompts, c=16",
    "prompt_100k": "answers/s, 100 KB prompts, c=16",
    "rss_idle": "RSS idle, MB",
    "rss_loaded": "RSS after load, MB",
}
"""What each column holds, by the name of its measure."""


class Aim(Struct, frozen=True):
    """One target of Gamma's.

    Attributes:
        text: what is promised.
        measure: the measure of Gamma's that it is about.
        bound: the limit, a factor when there is a peer and a value otherwise.
        at_most: whether more is worse.
        peer: whose number is the measure's yardstick; empty for a plain value.
        other: the peer's measure, where it is not the same one.
    """

    text: str
    measure: str
    bound: float
    at_most: bool = False
    peer: str = ""
    other: str = ""


AIMS = (
    Aim("p50 at c=1 at most 1.3x vllm-router's", "p50", 1.3, True, "vllm-router"),
    Aim("p50 at c=1 at most 2x nginx's", "p50", 2.0, True, "nginx"),
    Aim("answers/s at c=64 at least vllm-router's", "answers", 1.0, False, "vllm-router"),
    Aim("answers/s at c=64 at least 60x LiteLLM's", "answers", 60.0, False, "litellm"),
    Aim("64-event streams/s at least 0.8x vllm-router's", "streams", 0.8, False, "vllm-router"),
    Aim("64-event streams/s at least 40x LiteLLM's", "streams", 40.0, False, "litellm"),
    Aim("translated streams/s at least half of its own untranslated ones", "translated", 0.5, False, "gamma", "streams"),
    Aim(
        "translated streams/s at least 0.4x vllm-router's untranslated ones",
        "translated",
        0.4,
        False,
        "vllm-router",
        "streams",
    ),
    Aim("answers/s with 10 KB prompts at least vllm-router's", "prompt_10k", 1.0, False, "vllm-router"),
    Aim("answers/s with 100 KB prompts at least vllm-router's", "prompt_100k", 1.0, False, "vllm-router"),
    Aim("RSS with 2,000 idle streams below 150 MB", "idle_streams", 150.0, True),
    Aim("RSS grows by less than 1 MB/min in the soak", "soak", 1.0, True),
)


class Results:
    """Values by round, gateway and measure."""

    def __init__(self) -> None:
        self.rounds: list[dict[str, dict[str, float]]] = []

    def value(self, peer: str, measure: str) -> float | None:
        """The median over the rounds that have it."""
        found = [r[peer][measure] for r in self.rounds if measure in r.get(peer, {})]
        return median(found) if found else None

    def ratio(self, aim: Aim) -> float | None:
        """Gamma's value over the peer's of the same round, then the median; the plain value where there is no peer."""
        if not aim.peer:
            return self.value("gamma", aim.measure)
        other = aim.other or aim.measure
        pairs = [(r.get("gamma", {}).get(aim.measure), r.get(aim.peer, {}).get(other)) for r in self.rounds]
        found = [mine / theirs for mine, theirs in pairs if mine is not None and theirs]
        return median(found) if found else None

    def table(self, products: dict[str, str]) -> str:
        """Medians, a gateway a row.

        Args:
            products: what to call each gateway, by name.
        """
        rows = [["gateway", *MEASURES.values()]]
        rows += [[text, *(_number(self.value(name, m)) for m in MEASURES)] for name, text in products.items()]
        return _markdown(rows)

    def ratios(self, products: dict[str, str]) -> str:
        """Gamma's values over each other gateway's; translated streams over the other's untranslated ones."""
        rows = [["Gamma over", *MEASURES.values()]]
        for name, text in products.items():
            if name != "gamma":
                aims = [Aim("", m, 0, False, name, "streams" if m == "translated" else "") for m in MEASURES]
                rows.append([text, *(_number(self.ratio(aim)) for aim in aims)])
        return _markdown(rows)

    def busy(self, products: dict[str, str]) -> str:
        """How busy each gateway's core was, in per cent; well below 100, something else was the limit."""
        loads = [m for m in MEASURES if any(self.value(name, f"{m}_busy") is not None for name in products)]
        rows = [["gateway", *(MEASURES[m] for m in loads)]]
        rows += [[text, *(_number(self.value(name, f"{m}_busy")) for m in loads)] for name, text in products.items()]
        return _markdown(rows)

    def aims(self) -> str:
        """Each target that was measured with whether it is met, then those that were not."""
        rows, rest = [["target", "measured", "outcome"]], []
        for aim in AIMS:
            found = self.ratio(aim)
            if found is None:
                rest.append(aim.text)
                continue
            met = (found < aim.bound if not aim.peer else found <= aim.bound) if aim.at_most else found >= aim.bound
            rows.append([aim.text, _number(found) + ("x" if aim.peer else ""), "met" if met else "not met"])
        return _markdown(rows) + (f"\n\nNot measured in this run: {'; '.join(rest)}." if rest else "")


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _markdown(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
