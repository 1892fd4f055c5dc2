"""Real federations for the end-to-end tests: hub, broker, store, agents and jobs as processes."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_core.rehearsal.federation import Federation
from agent_core.rehearsal.packing import pack_flower, samples

APPS = Path(__file__).parent / "apps"


@pytest.fixture
def root() -> Iterator[Path]:
    """Return a short folder: sockets live below it."""
    folder = Path(tempfile.mkdtemp(prefix="sd-", dir="/tmp"))
    yield folder
    if "SILODESK_KEEP_TESTS" in os.environ:  # for whoever has to look into what happened
        return
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def federation(root: Path) -> Iterator[Federation]:
    """Return a running federation of two silos on the breast-cancer data."""
    data = samples()["breast-cancer"].data
    with Federation(silos=2, data=data, root=root, say=lambda _: None) as running:
        yield running


@pytest.fixture
def slow_package(root: Path) -> Path:
    """Return a Flower package whose rounds take as long as the parameter `seconds` says."""
    return pack_flower(APPS / "slow", root / "build")
