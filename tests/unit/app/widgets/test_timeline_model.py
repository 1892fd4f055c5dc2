"""The stage line: what each device reached, what waits, since and until when."""

from __future__ import annotations

from helpers.fake_records import NOW, RUNS, run

from agent_core.protocol.records import RunDevice, StageMark
from agent_core.protocol.states import Role, Stage, State
from app.widgets.timeline_model import rows_of
from app.widgets.timeline_sites import sites_of

LIVE = next(one for one in RUNS if one.id == 1284)


def rows(of=LIVE, own: int | None = 266):
    return rows_of(of, sites_of(of.devices), own, NOW)


def with_device(**fields: object):
    device = RunDevice(
        edge_id=266, name="ws", silo="Lindenau", role=Role.CLIENT, rank=1, presence="online",
        **fields,
    )  # fmt: skip
    started = run(1, "", State.PENDING_APPROVAL, 0)
    return started.model_copy(update={"devices": [device]})


def test_the_server_stands_first_and_you_are_named() -> None:
    """Reading order is the server, then clients by rank."""
    shown = rows()

    assert [row.site.edge_id for row in shown] == [290, 266, 271, 274, 280, 283]
    assert shown[0].sub == "aggregator"
    assert shown[1].sub == "you"


def test_a_silent_site_is_one_amber_row() -> None:
    """The silent site says since when, and when it drops out."""
    amber = [row for row in rows() if row.is_amber]

    assert [row.site.edge_id for row in amber] == [280]
    assert amber[0].caption == "silent 43 s, drops out at 60 s"
    assert "silent 43 s" in amber[0].sentence


def test_times_are_since_the_step_before() -> None:
    """The first step has its time of day, the others their duration."""
    mine = rows()[1]

    assert mine.steps[0].caption.count(":") == 2
    assert mine.steps[3].caption == "3.2 s"
    assert rows()[2].steps[3].caption == "standing"
    assert rows()[2].steps[3].is_link


def test_what_waits_for_approval_says_since_and_until() -> None:
    """A row that waits for a person is amber and says until when."""
    marks = [StageMark(stage=stage, at=NOW - 90) for stage in (Stage.SENT, Stage.VERIFIED)]
    waiting = with_device(
        state=State.PENDING_APPROVAL, stages=marks, waiting_since=NOW - 70, waiting_until=NOW + 600
    )
    row = rows(waiting)[0]

    assert row.is_amber
    assert "since 1 min 10 s, until" in row.caption
    assert [step.state for step in row.steps] == [
        "done", "done", "done", "waiting", "pending", "pending",
    ]  # fmt: skip
    assert row.steps[3].caption == "since 1 min 10 s"


def test_a_failed_step_is_marked() -> None:
    """The step at which a device failed carries the cause."""
    broken = with_device(
        state=State.FAILED,
        detail="The runtime cannot be made.",
        stages=[StageMark(stage=Stage.SENT, at=NOW), StageMark(stage=Stage.APPROVED, at=NOW)],
    )
    row = rows(broken)[0]

    assert row.steps[4].state == "failed"
    assert row.mark == "failed"
    assert row.caption == "The runtime cannot be made."


def test_letters_differ_within_a_run() -> None:
    """Two sites with the same initials get different letters."""
    names = ["North Field", "New Farm", "Nice Falls"]
    devices = [
        RunDevice(edge_id=n, name=name, silo=name, role=Role.CLIENT, rank=n, state=State.IDLE)
        for n, name in enumerate(names, 1)
    ]
    sites = sites_of(devices, group=[3, 1])

    assert len({site.letters for site in sites.values()}) == 3
    assert [sites[edge].slot for edge in (3, 1, 2)] == [0, 1, 2]
