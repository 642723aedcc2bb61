"""The key in the header `x-goog-api-key`."""

from __future__ import annotations

from gamma.providers.auth._static import StaticAuth


class XGoogApiKey(StaticAuth):
    """`x-goog-api-key: KEY`."""

    header = "x-goog-api-key"
