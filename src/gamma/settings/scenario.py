"""Scenario files of the simulator."""

from __future__ import annotations

from pathlib import Path

import yaml

from gamma.errors import SettingsError
from gamma.simulator.scenario import Scenario, parse


def load_scenario(path: Path | None) -> Scenario:
    """A scenario from its YAML file; without one the default.

    Raises:
        SettingsError: it cannot be read, is not YAML, or a key is wrong.
    """
    if path is None:
        return Scenario()
    try:
        value = yaml.safe_load(path.read_text())
    except OSError as error:
        raise SettingsError((f"{path}: cannot be read: {(error.strerror or str(error)).lower()}",)) from None
    except yaml.YAMLError as error:
        raise SettingsError((f"{path}: is not YAML: {' '.join(str(error).split())}",)) from None
    try:
        return parse(value or {})
    except (ValueError, TypeError) as error:
        raise SettingsError((f"{path}: {error}",)) from None
