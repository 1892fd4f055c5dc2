"""Homes with short paths, and a worker that does what a test's order says."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.job_bench import make_worker

from agent_core.paths import Home


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Return a home with a short path, for sockets."""
    with tempfile.TemporaryDirectory(prefix="jobs-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Home(Path(folder) / "home").make()


@pytest.fixture
def worker(tmp_path: Path) -> Path:
    """Return a worker package that runs the code in its order's configuration."""
    return make_worker(tmp_path / "fake_worker")
