"""Nothing runs on a silo that its operator did not allow."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from agent_core.rehearsal.federation import Federation, Member
from agent_core.rehearsal.run import start, wait

pytestmark = [pytest.mark.runtime, pytest.mark.timeout(240)]


def create(federation: Federation, package: Path, **fields: Any) -> int:
    """Create a run that only the coordinator's own silo has approved."""
    client = federation.coordinator.client
    application = federation.add_application("slow", [package])
    client.call(
        "approvals.allow", content_digest=application["packages"][0]["content_digest"], by="test"
    )
    project = client.call("projects.create", name="approval", group_id=federation.group_id)
    run = client.call(
        "runs.create", project_id=project["id"], application_id=application["id"], name="slow",
        parameters={"seconds": 0.05}, rounds=2, quorum=2, round_deadline_s=60,
        server_edge=federation.coordinator.edge_id,
        client_edges=[member.edge_id for member in federation.members[1:]], **fields,
    )  # fmt: skip
    return int(run["id"])


def pending(member: Member) -> dict[str, Any]:
    """Wait for the approval that a silo's operator is asked for."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = member.client.call("approvals.list", state="pending")
        if found:
            return dict(found[0])
        time.sleep(0.05)
    raise AssertionError(f"{member.name} was not asked")


def waiting_clients(federation: Federation, run_id: int) -> list[dict[str, Any]]:
    """Wait until the hub shows every client as waiting for its operator; return them."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        run = federation.coordinator.client.call("runs.get", run_id=run_id)
        clients = [device for device in run["devices"] if device["role"] == "client"]
        if {device["state"] for device in clients} == {"PENDING_APPROVAL"}:
            return clients
        time.sleep(0.05)
    raise AssertionError(f"the clients are {[device['state'] for device in clients]}")


def test_start_order_waits_for_the_operators(federation: Federation, slow_package: Path) -> None:
    """Both operators are asked with who, what and which content; then the run goes on."""
    run_id = create(federation, slow_package)
    start(federation, run_id)
    asked = [pending(member) for member in federation.members[1:]]
    assert all(device["detail"] for device in waiting_clients(federation, run_id))
    assert asked[0]["asked_by"] == "Elif Kaya"
    assert len(asked[0]["fingerprint"].split()) >= 4
    assert asked[0]["first_time"]

    for member, approval in zip(federation.members[1:], asked, strict=True):
        member.client.call("approvals.approve", id=approval["id"], scope="standing")

    assert wait(federation, run_id, 60, lambda _: None)["state"] == "FINISHED"

    again = federation.coordinator.client.call("runs.clone", run_id=run_id)
    start(federation, again["id"])
    assert wait(federation, again["id"], 60, lambda _: None)["state"] == "FINISHED"


def test_refusal_ends_the_run_with_the_operators_reason(
    federation: Federation, slow_package: Path
) -> None:
    """The owner reads who refused and why."""
    run_id = create(federation, slow_package)
    start(federation, run_id)
    member = federation.members[1]

    member.client.call("approvals.refuse", id=pending(member)["id"], reason="no ethics vote yet")

    run = wait(federation, run_id, 60, lambda _: None)
    assert run["state"] == "FAILED"
    refused = next(device for device in run["devices"] if device["edge_id"] == member.edge_id)
    assert "no ethics vote yet" in refused["detail"]
    other = federation.members[2].client
    deadline = time.monotonic() + 30  # its stop order comes a moment after the run's end
    while other.call("approvals.list", state="pending"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
