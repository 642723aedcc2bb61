"""Who is asking."""

from __future__ import annotations

from msgspec import Struct


class Principal(Struct, frozen=True):
    """The owner of a key.

    Attributes:
        name: what records and logs call it; never the key itself.
        admin: whether it may use the control plane.
    """

    name: str
    admin: bool = False


ANYONE = Principal("anyone")
"""Who asks when `auth.enabled` is false."""
