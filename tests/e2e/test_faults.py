"""R1, R3, R4, R8: what is killed in mid-round comes back; a run always ends, and with a reason."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent_core.rehearsal.federation import Federation
from agent_core.rehearsal.run import RunWish, prepare, read_all, settle, start, wait

pytestmark = [pytest.mark.runtime, pytest.mark.timeout(240)]
ROUNDS = 6


def begin(federation: Federation, package: Path, **wish: Any) -> int:
    """Prepare and start a run; return its id."""
    run = prepare(federation, RunWish(packages=[package], name="slow", **wish))
    start(federation, run["id"])
    return int(run["id"])


def until(look: Callable[[], bool], bound_s: float, what: str) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + bound_s
    while not look():
        assert time.monotonic() < deadline, f"{what} did not come within {bound_s} s"
        time.sleep(0.05)


def run_of(federation: Federation, run_id: int) -> dict[str, Any]:
    """Return a run as the hub has it, whatever is away at the moment."""
    return dict(federation.coordinator.client.call("runs.get", run_id=run_id))


def in_round(federation: Federation, run_id: int, number: int) -> None:
    """Wait until a round is under way."""
    until(lambda: run_of(federation, run_id)["round"] >= number, 60, f"round {number}")


def assert_whole(federation: Federation, run_id: int) -> None:
    """Check that the run finished with every round and each metric once."""
    run = wait(federation, run_id, 120, lambda _: None)
    assert run["state"] == "FINISHED", run["detail"]
    rounds, metrics = settle(federation, run_id)
    assert [item["round"] for item in rounds] == list(range(1, ROUNDS + 1))
    points = Counter((item["edge_id"], item["key"], item["round"]) for item in metrics)
    assert max(points.values()) == 1, [point for point, count in points.items() if count > 1]
    for member in federation.members[1:]:
        own = {item["round"] for item in metrics
               if item["edge_id"] == member.edge_id and item["key"] == "train_loss"}  # fmt: skip
        assert own == set(range(1, ROUNDS + 1))
    lines = read_all(federation, "runs.logs", run_id)
    for number, member in enumerate(federation.members[1:]):
        said = [line for line in lines if line["edge_id"] == member.edge_id
                and line["text"] == f"trained partition {number}"]  # fmt: skip
        assert len(said) == ROUNDS


def job_processes(federation: Federation) -> list[int]:
    """Return the processes of this federation's jobs, sandboxes included."""
    found = []
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
        except psutil.Error:  # it ended meanwhile
            continue
        if "silodesk_worker" in line and str(federation.folder) in line:
            found.append(process.pid)
    return found


def test_R1_agent_killed_in_mid_round_is_taken_up_again(
    federation: Federation, slow_package: Path
) -> None:
    """The job goes on behind its keeper; the restarted agent re-attaches."""
    run_id = begin(federation, slow_package, rounds=ROUNDS)
    in_round(federation, run_id, 2)
    member = federation.members[1]
    member.child.process.kill()
    member.child.process.wait(10)

    federation.restart(member)

    assert_whole(federation, run_id)


def test_R1_server_agent_killed_in_mid_round_is_taken_up_again(
    federation: Federation, slow_package: Path
) -> None:
    """The same for the agent whose job aggregates."""
    run_id = begin(federation, slow_package, rounds=ROUNDS)
    in_round(federation, run_id, 2)
    member = federation.coordinator
    member.child.process.kill()
    member.child.process.wait(10)

    federation.restart(member)

    assert_whole(federation, run_id)


def test_R3_hub_killed_in_mid_round_goes_on_with_the_same_round(
    federation: Federation, slow_package: Path
) -> None:
    """A new hub on the same folder finds accounts, runs and what was under way."""
    run_id = begin(federation, slow_package, rounds=ROUNDS)
    in_round(federation, run_id, 2)
    federation.hub.process.kill()
    federation.hub.process.wait(10)

    federation.restart_hub()

    assert_whole(federation, run_id)


@pytest.mark.parametrize("service", ["nats-server", "weed"])
def test_R1_service_killed_in_mid_round_is_started_again(
    federation: Federation, slow_package: Path, service: str
) -> None:
    """The hub restarts broker and store; nothing is lost or doubled."""
    run_id = begin(federation, slow_package, rounds=ROUNDS)
    in_round(federation, run_id, 2)
    children = psutil.Process(federation.hub.process.pid).children(recursive=True)
    victims = [child.pid for child in children if service in " ".join(child.cmdline())]
    assert victims

    os.kill(victims[0], signal.SIGKILL)

    assert_whole(federation, run_id)


def test_R4_stop_leaves_no_process(federation: Federation, slow_package: Path) -> None:
    """A stop in mid-round ends every job process within ten seconds."""
    run_id = begin(federation, slow_package, rounds=500)
    in_round(federation, run_id, 1)
    workers = job_processes(federation)
    assert workers

    federation.coordinator.client.call("runs.stop", run_id=run_id, reason="test")

    until(lambda: not any(psutil.pid_exists(pid) for pid in workers), 10, "the end of all jobs")
    run = wait(federation, run_id, 20, lambda _: None)
    assert run["state"] == "KILLED"
    assert run["ended_by"]


def test_R8_silent_silo_is_dropped_at_the_deadline(
    federation: Federation, slow_package: Path
) -> None:
    """With the quorum met the round closes by its deadline and says so."""
    run_id = begin(
        federation, slow_package, rounds=2, quorum=1, round_deadline_s=4.0,
        parameters={"sleeper": 2},
    )  # fmt: skip

    run = wait(federation, run_id, 90, lambda _: None)

    assert run["state"] == "FINISHED", run["detail"]
    rounds, _ = settle(federation, run_id)
    assert rounds[0]["closed_by"] == "deadline"


def test_R8_missed_quorum_ends_the_run_with_its_reason(
    federation: Federation, slow_package: Path
) -> None:
    """Without the quorum the run fails in words."""
    run_id = begin(
        federation, slow_package, rounds=2, quorum=2, round_deadline_s=4.0,
        parameters={"sleeper": 2},
    )  # fmt: skip

    run = wait(federation, run_id, 90, lambda _: None)

    assert run["state"] == "FAILED"
    assert "1 of 2" in run["detail"]


def test_R1_crashed_job_is_named(federation: Federation, slow_package: Path) -> None:
    """A job that dies is told with its site; the quorum cannot be met, so the run fails."""
    run_id = begin(federation, slow_package, rounds=3, quorum=2, parameters={"crasher": 1})

    run = wait(federation, run_id, 90, lambda _: None)

    assert run["state"] in {"FAILED", "EXCEPTION"}
    crashed = next(device for device in run["devices"] if device["rank"] == 1)
    assert crashed["state"] in {"FAILED", "EXCEPTION", "KILLED"}
    assert crashed["detail"]
