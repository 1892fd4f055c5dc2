"""Where the whole gate must run, a test that lacks its database, broker or runtime fails."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

NEEDED = ("runtime", "postgresql", "mosquitto")
STRICT = "SILODESK_NO_SKIPS"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[pytest.TestReport]:
    """Turn a skip into a failure where a part of the gate would silently not run."""
    report: pytest.TestReport = yield
    marks = [name for name in NEEDED if item.get_closest_marker(name)]
    if item.get_closest_marker("xvfb"):
        marks = []  # these have a run of their own, on a display
    if report.skipped and marks and os.environ.get(STRICT) and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{', '.join(marks)}: must run here, but was skipped: {report.longrepr}"
    return report
