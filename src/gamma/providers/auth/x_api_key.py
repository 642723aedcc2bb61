"""The key in the header `x-api-key`."""

from __future__ import annotations

from gamma.providers.auth._static import StaticAuth


class XApiKey(StaticAuth):
    """`x-api-key: KEY`."""

    header = "x-api-key"
