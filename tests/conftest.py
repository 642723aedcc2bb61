"""What every run of the tests says at its end."""

from __future__ import annotations

import pytest

from tests.contract.recordings import recorded_suite_line


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter):
    terminalreporter.write_line(recorded_suite_line())
