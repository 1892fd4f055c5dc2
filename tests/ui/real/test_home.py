"""Home over a real federation: a silo pauses its job at a round's end, and the run goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from agent_core.rehearsal.federation import Federation, Member

BOUND_MS = 120_000
ROUNDS = 30


@pytest.fixture
def start(federation: Federation) -> Iterator[Callable[..., int]]:
    """Start a run of the sample; whatever still runs afterwards is stopped."""
    client, started = federation.coordinator.client, []

    def make(rounds: int = ROUNDS, **options: Any) -> int:
        project = client.call("projects.list")["items"][-1]
        application = client.call("applications.list")["items"][-1]  # the allowed one
        silos = [member.edge_id for member in federation.members[1:]]
        run = client.call(
            "runs.create", project_id=project["id"], application_id=application["id"],
            name="pauses", rounds=rounds, quorum=options.pop("quorum", len(silos)),
            server_edge=federation.coordinator.edge_id, client_edges=silos,
            parameters={}, **options,
        )  # fmt: skip
        started.append(int(run["id"]))
        client.call("runs.start", run_id=run["id"])
        return int(run["id"])

    yield make
    for member in federation.members:
        member.client.call("rules.set", hours_on=False)
        member.client.call("jobs.resume_all")
    for run_id in started:
        if client.call("runs.get", run_id=run_id)["ended_at"] is None:
            client.call("runs.stop", run_id=run_id)


def run_of(federation: Federation, run_id: int) -> dict[str, Any]:
    return dict(federation.coordinator.client.call("runs.get", run_id=run_id))


def part_of(run: dict[str, Any], member: Member) -> dict[str, Any]:
    return next(part for part in run["devices"] if part["edge_id"] == member.edge_id)


def finishes_whole(federation: Federation, run_id: int, qtbot, rounds: int = ROUNDS) -> None:
    """Wait for the run's end; every metric of every round is there once."""
    qtbot.waitUntil(lambda: run_of(federation, run_id)["state"] == "FINISHED", timeout=BOUND_MS)
    assert run_of(federation, run_id)["round"] == rounds

    def points() -> list[tuple[int, str, int]]:
        client = federation.coordinator.client
        found = client.call("runs.metrics", run_id=run_id, limit=5000)["items"]
        return [(point["edge_id"], point["key"], point["round"]) for point in found]

    silos = [member.edge_id for member in federation.members[1:]]
    wanted = {(edge, number) for edge in silos for number in range(1, rounds + 1)}
    # The last figures of a silo may be on their way when the server's job has ended.
    qtbot.waitUntil(
        lambda: wanted <= {(edge, number) for edge, _, number in points()}, timeout=60_000
    )
    assert len(points()) == len(set(points()))


def test_the_switch_at_a_silo_pauses_at_a_rounds_end_and_nothing_is_lost(
    federation: Federation, make_window, qtbot, start
) -> None:
    silo = federation.members[1]
    home = make_window(silo.home).window.pages["home"]
    silo.client.call("rules.set", hours_on=False, hours=[[]] * 7)
    run_id = start()
    qtbot.waitUntil(lambda: run_of(federation, run_id)["round"] >= 2, timeout=BOUND_MS)
    row = home.rules.rows["hours"]
    qtbot.waitUntil(lambda: not row.isHidden() and "never" in row.reading.plain(), timeout=30_000)

    row.switch.click()

    shown = lambda: [one for one in home.jobs.rows() if one.job["run_id"] == run_id]  # noqa: E731
    qtbot.waitUntil(lambda: bool(shown()) and shown()[0]._badge.text == "Paused", timeout=30_000)
    assert "Paused by its house rules" in shown()[0]._detail.plain()
    qtbot.waitUntil(
        lambda: part_of(run_of(federation, run_id), silo)["state"] == "PAUSED", timeout=30_000
    )
    told = part_of(run_of(federation, run_id), silo)
    assert told["detail"] == "Paused by its house rules: it is outside the allowed hours."
    qtbot.waitUntil(
        lambda: f"{silo.name} is paused by its house rules" in run_of(federation, run_id)["detail"],
        timeout=30_000,
    )
    assert run_of(federation, run_id)["state"] == "RUNNING"

    row.switch.click()

    finishes_whole(federation, run_id, qtbot)
    events = federation.coordinator.client.call("runs.events", run_id=run_id, limit=500)["items"]
    assert any(event["text"].startswith(f"{silo.name}: PAUSED") for event in events)


def test_a_pause_survives_kill_9_of_the_agent(federation: Federation, qtbot, start) -> None:
    silo = federation.members[2]
    run_id = start()
    qtbot.waitUntil(lambda: run_of(federation, run_id)["round"] >= 2, timeout=BOUND_MS)

    def job() -> dict[str, Any]:
        jobs = silo.client.call("jobs.list")
        return dict(next(job for job in jobs if job["run_id"] == run_id))

    silo.client.call("jobs.pause", job_id=job()["job_id"], reason="maintenance")
    qtbot.waitUntil(lambda: job()["state"] == "PAUSED", timeout=30_000)
    os.kill(silo.child.process.pid, signal.SIGKILL)
    silo.child.process.wait(30)
    federation.restart(silo)

    assert (job()["state"], job()["hold"]["cause"]) == ("PAUSED", "operator")
    round_now = run_of(federation, run_id)["round"]
    silo.client.call("jobs.resume", job_id=job()["job_id"])
    qtbot.waitUntil(lambda: run_of(federation, run_id)["round"] > round_now + 1, timeout=BOUND_MS)
    finishes_whole(federation, run_id, qtbot)


def test_the_owner_pauses_and_resumes_from_the_runs_page(
    federation: Federation, make_window, qtbot, start
) -> None:
    run_id = start(round_deadline_s=20.0)
    window = make_window(federation.coordinator.home).window
    window.navigate("run", run_id=run_id)
    page = window.page()
    qtbot.waitUntil(lambda: page._pause in page.top_actions, timeout=BOUND_MS)

    page._pause.click()

    qtbot.waitUntil(lambda: run_of(federation, run_id)["state"] == "PAUSED", timeout=60_000)
    stopped = run_of(federation, run_id)
    assert stopped["detail"] == "Paused by Elif Kaya."
    assert all(part["state"] != "FAILED" for part in stopped["devices"])
    qtbot.waitUntil(lambda: page._resume in page.top_actions, timeout=30_000)
    assert page.view.live.run.round == stopped["round"]

    page._resume.click()

    finishes_whole(federation, run_id, qtbot)


def test_a_round_whose_deadline_passes_closes_without_the_paused_silo(
    federation: Federation, qtbot, start
) -> None:
    silo = federation.members[1]
    run_id = start(rounds=8, quorum=1, round_deadline_s=4.0)
    qtbot.waitUntil(lambda: run_of(federation, run_id)["round"] >= 1, timeout=BOUND_MS)
    silo.client.call("jobs.pause_all", reason="ward round")

    def rounds() -> list[dict[str, Any]]:
        found = federation.coordinator.client.call("runs.rounds", run_id=run_id)
        return list(found["items"])

    # A round is judged by its training; one that was paused before its evaluation has both.
    qtbot.waitUntil(lambda: any(one["answered"] == 1 for one in rounds()), timeout=BOUND_MS)
    silo.client.call("jobs.resume_all")
    qtbot.waitUntil(lambda: run_of(federation, run_id)["state"] == "FINISHED", timeout=BOUND_MS)
    assert any(one["closed_by"] == "deadline" for one in rounds())
    assert rounds()[-1]["answered"] == 2
