"""Dialects by name, each loaded once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from gamma import plugins
from gamma.wire.base import Called, Served


class Wire(Served, Called, Protocol):
    """A dialect, both sides."""


class Wires:
    """Loads dialects when they are first spoken, so that a gateway pays only for those it uses."""

    def __init__(self) -> None:
        self._wires: dict[str, Wire] = {}

    def load(self, names: Iterable[str]) -> None:
        """Loads dialects ahead of need, so that no caller waits for an import."""
        for name in names:
            self.get(name)

    def get(self, name: str) -> Wire:
        """The dialect of a name.

        Raises:
            LookupError: there is none.
        """
        wire = self._wires.get(name)
        if wire is None:
            wire = self._wires[name] = plugins.load("gamma.wire", name)()
        return wire
