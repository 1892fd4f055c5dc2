"""One real federation for all page tests here: hub, broker, store, agents, jobs as processes.

Tests share it, so they add to it (groups, projects, runs of their own) and never rely on being
first. What a test breaks it mends.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.waiting import until

from agent_core.protocol.states import TERMINAL
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


@pytest.fixture(scope="session")
def finished_run(federation: Federation) -> dict[str, Any]:
    """Return a run of two rounds that has finished, with its three models stored."""
    client = federation.coordinator.client
    project = client.call("projects.list")["items"][-1]
    application = client.call("applications.list")["items"][-1]
    run = client.call(
        "runs.create", project_id=project["id"], application_id=application["id"],
        name="Finished", rounds=2, quorum=2, server_edge=federation.coordinator.edge_id,
        client_edges=[member.edge_id for member in federation.members[1:]],
    )  # fmt: skip
    client.call("runs.start", run_id=run["id"])

    def is_there() -> bool:
        now = client.call("runs.get", run_id=run["id"])
        models = client.call("runs.models", run_id=run["id"])["total"]
        return now["state"] in TERMINAL and (models == 3 or now["state"] != "FINISHED")

    until(is_there, 180)
    found = client.call("runs.get", run_id=run["id"])
    assert found["state"] == "FINISHED", found["detail"]
    return dict(found)
