"""What the suite knows to fail, and why. Small on purpose: an exclusion that no longer fails is itself a failure."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.recordings import Sample

EXCLUSIONS: dict[tuple[str, str], str] = {
    ("request", "watsonx/chat.ae84"): "the generation API before chat: its answers are read, its requests never written",
    ("request", "watsonx/chat.aea8"): "the generation API before chat: its answers are read, its requests never written",
    ("request", "writer/tool-result-stream.a428"): "its tool message names no call; the id that is made up is right",
}
"""(check, sample id) -> the reason."""


def cases(check: str, chosen: list[Sample] | tuple[Sample, ...], *more: str) -> list[Any]:
    """Samples as parameters of one check, each under its own id.

    Args:
        check: the check's name, as it stands in EXCLUSIONS.
        chosen: the samples.
        more: arguments that stand before every sample.
    """
    return [
        pytest.param(
            *more,
            sample,
            id="-".join((*more, sample.id)),
            marks=[pytest.mark.xfail(reason=reason, strict=True)] if (reason := EXCLUSIONS.get((check, sample.id))) else [],
        )
        for sample in chosen
    ]
