"""The suite itself: every recording has a dialect or a reason, every exclusion a sample."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.contract.dialects import CALLERS, dialect, dialect_names
from tests.contract.exclusions import EXCLUSIONS
from tests.contract.recordings import (
    DIALECT_OF_FORMAT,
    OTHER_FORMATS,
    RECORDED_ANSWERS,
    recorded_formats,
    recordings_folder,
    samples,
)

CASES = ("plain", "stream", "tools", "tools-stream", "structured", "error")
"""What golden samples every dialect has at the least."""


def test_every_recorded_format_has_a_dialect_or_a_reason_for_having_none():
    assert recorded_formats() <= DIALECT_OF_FORMAT.keys() | OTHER_FORMATS.keys()
    assert not DIALECT_OF_FORMAT.keys() & OTHER_FORMATS.keys()


def test_every_recorded_dialect_exists():
    assert set(DIALECT_OF_FORMAT.values()) <= set(dialect_names())


def test_every_dialect_of_callers_exists():
    assert set(CALLERS) <= set(dialect_names())


def test_sample_ids_are_unique():
    assert [i for i, n in Counter(s.id for s in samples()).items() if n > 1] == []


def test_the_number_of_recordings_is_the_one_that_is_reported_missing():
    recorded = sum(not s.golden for s in samples())
    assert recorded == (RECORDED_ANSWERS if recordings_folder().is_dir() else 0)


def test_every_exclusion_names_a_sample_and_says_why():
    known = {s.id for s in samples()}
    for (check, sample_id), reason in EXCLUSIONS.items():
        assert reason, f"{check} of {sample_id} is excluded without a reason"
        assert sample_id in known or not recordings_folder().is_dir(), f"{sample_id} does not exist"


@pytest.mark.parametrize("name", dialect_names())
def test_a_dialect_says_how_its_streams_are_framed_and_where_it_is_called(name: str):
    assert dialect(name).framing in {"sse", "ndjson", "eventstream"}
    assert dialect(name).path.startswith("/")
    assert dialect(name).stream_path.startswith("/")


@pytest.mark.parametrize("name", dialect_names())
def test_a_dialect_has_golden_samples(name: str):
    golden = [s for s in samples() if s.golden and s.dialect == name]
    assert any(s.status >= 400 for s in golden), "an error"
    assert any(s.streamed for s in golden), "a stream"
    assert any(s.status < 400 and not s.streamed for s in golden), "a whole answer"
