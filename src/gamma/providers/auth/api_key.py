"""The key in the header `api-key`."""

from __future__ import annotations

from gamma.providers.auth._static import StaticAuth


class ApiKey(StaticAuth):
    """`api-key: KEY`."""

    header = "api-key"
