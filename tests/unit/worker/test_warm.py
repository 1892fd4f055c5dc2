"""What a worker imports before its package runs."""

from __future__ import annotations

import pytest

from agent_core.worker.engines import warm


@pytest.fixture(autouse=True)
def _frameworks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "FRAMEWORKS", ("json", "no_such_framework", "colorsys"))
    monkeypatch.setattr(warm, "LARGE", frozenset({"colorsys"}))


def test_a_worker_that_waits_imports_everything() -> None:
    """What the runtime lacks is left out."""
    assert set(warm.import_frameworks()) == {"json", "colorsys"}


def test_what_is_large_is_left_to_a_package_that_waits() -> None:
    """Once the order is there, the package imports what it uses."""
    assert set(warm.import_frameworks(lambda: True)) == {"json"}
