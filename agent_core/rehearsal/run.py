"""Drive one run of a federation to its end and measure it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent_core.errors import JobError, SiloDeskError
from agent_core.protocol.states import TERMINAL, State
from agent_core.rehearsal.federation import Federation
from agent_core.rehearsal.memory import MemoryWatch
from agent_core.rehearsal.report import Report, make_report

DEMO = "the demo"  # by whom its own silos approve; the desktop shows it as that
LOOK_EVERY_S = 0.5  # each look passes through agent and hub, which are being measured
WARM_BOUND_S = 60.0


@dataclass(frozen=True)
class RunWish:
    """What to run, and how."""

    packages: Sequence[Path]
    name: str
    rounds: int | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    round_deadline_s: float = 120.0
    quorum: int | None = None
    bound_s: float = 3600.0


def run_once(
    federation: Federation, wish: RunWish, on_change: Callable[[dict[str, Any]], None]
) -> Report:
    """Build up the application, start its run, wait for the end; return the figures."""
    with MemoryWatch(federation.folder) as watch:
        run = prepare(federation, wish)
        wait_until_warm(federation)
        pressed_at = time.time()
        start(federation, run["id"])
        run = wait(federation, run["id"], wish.bound_s, on_change)
        rounds, metrics = settle(federation, run["id"])
    return make_report(run, rounds, metrics, pressed_at, watch.peaks())


def prepare(federation: Federation, wish: RunWish) -> dict[str, Any]:
    """Upload, approve beforehand, and create the run; return it."""
    federation.say("uploading the package, and approving it in every silo (a rehearsal does both)")
    application = federation.add_application(wish.name, wish.packages)
    federation.allow(application, by=DEMO)
    show_data(federation)
    client = federation.coordinator.client
    project = client.call("projects.create", name=wish.name, group_id=federation.group_id)
    run = client.call(
        "runs.create",
        idempotency_key=uuid.uuid4().hex,
        project_id=project["id"],
        application_id=application["id"],
        name="Rehearsal",
        parameters=wish.parameters,
        rounds=wish.rounds,
        round_deadline_s=wish.round_deadline_s,
        quorum=wish.quorum or federation.silos,
        server_edge=federation.coordinator.edge_id,
        client_edges=[member.edge_id for member in federation.members[1:]],
    )
    return dict(run)


def show_data(federation: Federation) -> None:
    """Let the made-up silos show each other how much data they have."""
    for member in federation.members[1:]:
        for dataset in member.client.call("datasets.list"):
            if dataset["is_default"]:
                member.client.call("datasets.update", id=dataset["id"], shown=True)


def wait_until_warm(federation: Federation) -> None:
    """Wait (bounded) until every agent that should have an idle worker has one that rests.

    Sooner, its imports would compete with the run that is to be measured.
    """
    if not federation.prewarm:
        return
    federation.say("waiting for the prepared workers")
    deadline = time.monotonic() + WARM_BOUND_S
    for member in federation.members:
        while not member.client.call("agent.status")["prewarmed"]:
            if time.monotonic() > deadline:
                federation.say(f"{member.name} has no prepared worker; it starts one")
                break
            time.sleep(LOOK_EVERY_S)


def start(federation: Federation, run_id: int) -> None:
    """Press start."""
    federation.say("run started")
    federation.coordinator.client.call("runs.start", run_id=run_id)


def wait(
    federation: Federation,
    run_id: int,
    bound_s: float,
    on_change: Callable[[dict[str, Any]], None],
) -> dict[str, Any]:
    """Wait for the run's end and return it; raises JobError when the bound passes."""
    deadline = time.monotonic() + bound_s
    seen: tuple[Any, ...] = ()
    while True:
        run: dict[str, Any] = federation.coordinator.client.call("runs.get", run_id=run_id)
        now = (run["state"], run["round"], run["detail"])
        if now != seen:
            seen = now
            on_change(run)
        if State(run["state"]) in TERMINAL:
            return run
        if time.monotonic() > deadline:
            federation.coordinator.client.call("runs.stop", run_id=run_id, reason="bound reached")
            raise JobError(
                f"The run was still {run['state']} after {bound_s:.0f} s.",
                next_step="Look at its logs, or allow more time.",
            )
        time.sleep(LOOK_EVERY_S)


def settle(
    federation: Federation, run_id: int, bound_s: float = 10.0
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return rounds and metrics once their last batch has arrived (bounded)."""
    deadline = time.monotonic() + bound_s
    rounds, metrics = _read(federation, run_id)
    while time.monotonic() < deadline:
        time.sleep(0.4)
        again = _read(federation, run_id)
        if (len(again[0]), len(again[1])) == (len(rounds), len(metrics)) and rounds:
            return again
        rounds, metrics = again
    return rounds, metrics


def _read(federation: Federation, run_id: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    return read_all(federation, "runs.rounds", run_id), read_all(federation, "runs.metrics", run_id)


def read_all(federation: Federation, method: str, run_id: int) -> list[dict[str, Any]]:
    """Return every item of a followed list, page by page."""
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = federation.coordinator.client.call(
            method, run_id=run_id, limit=5000, **({"after": cursor} if cursor else {})
        )
        items += page["items"]
        if not page["items"] or not page["next_cursor"] or page["next_cursor"] == cursor:
            return items
        cursor = page["next_cursor"]


def explain(report: Report) -> SiloDeskError | None:
    """Return the error to show when a rehearsal did not finish, or None."""
    if report.state == State.FINISHED:
        return None
    return JobError(
        f"The run ended as {report.state}: {report.detail or 'no reason was given'}.",
        next_step="Repeat with --keep DIR and read the logs there.",
        code="job.rehearsal",
    )
