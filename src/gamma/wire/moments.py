"""Moments as dialects write them, and seconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime


def seconds_of(text: str) -> int:
    """Seconds since 1970 of an RFC 3339 moment, nanoseconds allowed; 0 when unreadable."""
    try:
        return max(0, int(datetime.fromisoformat(text).timestamp()))
    except (ValueError, OverflowError):
        return 0


def rfc3339(seconds: int) -> str:
    """Seconds since 1970 as an RFC 3339 moment."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
