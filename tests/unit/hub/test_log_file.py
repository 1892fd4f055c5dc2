"""The hub's own log file holds no secrets."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_core.cli.hub import _log_to


@pytest.fixture
def root_logging() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    root.handlers.clear()  # `force` would close those of the test run
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = before
    root.setLevel(level)


@pytest.mark.usefixtures("root_logging")
def test_s7_the_hubs_log_takes_secrets_out(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "hub.log"
    _log_to(path)
    log = logging.getLogger("agent_core.hub.test")
    try:
        int("postgresql://ada:hunter2@host/name refused")
    except ValueError:
        log.exception("GET /x?X-Amz-Signature=%s failed", "0123abcdhunter2")
    written = path.read_text("utf-8")
    assert "hunter2" not in written
    assert "refused" in written
