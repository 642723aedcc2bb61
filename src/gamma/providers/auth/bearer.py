"""The key in the header `authorization`."""

from __future__ import annotations

from gamma.providers.auth._static import StaticAuth


class Bearer(StaticAuth):
    """`authorization: Bearer KEY`."""

    header = "authorization"
    prefix = "Bearer "
