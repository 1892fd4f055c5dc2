"""One real federation for all page tests here: hub, broker, store, agents, jobs as processes.

Tests share it, so they add to it (groups, projects, runs of their own) and never rely on being
first. What a test breaks it mends.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_core.rehearsal.federation import Federation
from agent_core.rehearsal.packing import pack_flower, samples


@pytest.fixture(scope="session")
def federation() -> Iterator[Federation]:
    """Two hospitals and a coordinator; the sample application is uploaded and allowed."""
    root = Path(tempfile.mkdtemp(prefix="sd"))
    sample = samples()["breast-cancer"]
    try:
        with Federation(silos=2, data=sample.data, root=root / "f", say=lambda _: None) as running:
            package = pack_flower(sample.folder, root / "build")
            application = running.add_application("Breast cancer", [package])
            running.allow(application, by="test")
            running.coordinator.client.call(
                "projects.create", name="Breast cancer", group_id=running.group_id
            )
            yield running
    finally:
        shutil.rmtree(root, ignore_errors=True)
