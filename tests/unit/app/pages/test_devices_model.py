"""Rows, filters and curves of the devices' page."""

from __future__ import annotations

import time
from typing import Any

from agent_core.protocol.records import Device, Group, Hardware, Run
from agent_core.protocol.vitals import Vitals
from app.pages.devices import model
from app.pages.devices.columns import age_cell, columns, share, state_cell
from app.pages.devices.model import DeviceRow, Found, rows_of
from app.pages.devices.plots import SLOTS, slots_of


def device(edge: int, account: int = 1, **fields: Any) -> Device:
    given = {
        "edge_id": edge, "device_id": f"0x{edge}", "name": f"node-{edge}", "silo": f"Site {edge}",
        "account_id": account, "public_key": "", "state": "IDLE", "presence": "online",
        "last_seen": time.time(), "created_at": 0.0, "hardware": Hardware(cpu="EPYC", cores=8),
    }  # fmt: skip
    return Device.model_validate({**given, **fields})


def group(number: int, owner: int, *edges: int) -> Group:
    return Group(id=number, name=f"G{number}", owner_id=owner, devices=list(edges), created_at=0)


def status(account: int = 1, edge: int = 2, *, is_admin: bool = False) -> dict[str, Any]:
    return {"account": {"id": account, "is_admin": is_admin}, "device": {"edge_id": edge}}


def found(*devices: Device, groups: tuple[Group, ...] = ()) -> Found:
    return Found(devices, groups, {}, time.time())


def test_this_machine_comes_first_and_knows_what_may_be_done() -> None:
    rows = rows_of(
        found(device(1, account=9), device(2), groups=(group(1, 1, 1, 2), group(2, 8, 2))),
        status(),
    )
    assert [row.device.edge_id for row in rows] == [2, 1]
    assert [(r.is_me, r.is_own, r.may_revoke) for r in rows] == [
        (True, True, False), (False, False, True),
    ]  # fmt: skip
    assert rows[0].groups == ("G1", "G2")
    assert rows_of(found(device(1, account=9)), status(is_admin=True))[0].may_revoke
    assert not rows_of(found(device(1, account=9)), status())[0].may_revoke


def test_filters_count_what_they_let_through() -> None:
    now = time.time()
    rows = rows_of(
        found(
            device(1, running=[3]), device(2), device(3, presence="silent", last_seen=now - 20),
            device(4, presence="offline"), device(5, revoked=True, presence="offline"),
        ),
        status(),
    )  # fmt: skip
    counts = model.counts_of(rows)
    assert counts == {"all": 4, "working": 1, "idle": 1, "silent": 1, "offline": 1, "revoked": 1}
    assert [row.device.edge_id for row in model.shown(rows, "silent", "")] == [3]
    assert [row.device.edge_id for row in model.shown(rows, "all", "site 4")] == [4]
    assert len(model.shown(rows, "all", "epyc")) == 4
    assert [row.device.edge_id for row in model.shown(rows, "revoked", "")] == [5]
    assert model.heading(rows) == "4 devices at 4 sites"


def test_old_figures_lose_their_colour_and_gaps_stay_gaps() -> None:
    vitals = Vitals(at=1.0, cpu_percent=34.0, memory_used=1, memory_total=4)
    cpu, gpu = columns()[5].cell, columns()[6].cell
    now = time.time()
    fresh = DeviceRow(device(1, vitals=vitals), read_at=now)
    assert (cpu(fresh).text, cpu(fresh).tok) == ("34 %", "info")
    assert gpu(fresh).share is None
    silent = device(1, vitals=vitals, presence="silent", last_seen=now - 43)
    late = DeviceRow(silent, read_at=now)
    assert cpu(late).tok == "gray"
    assert age_cell(late).tok == "warn"
    assert state_cell(late).text == "Silent 43 s"
    away = DeviceRow(device(1, vitals=vitals, presence="offline"), read_at=now)
    assert cpu(away).share is None
    assert share(vitals, "memory") == 0.25


def test_a_silent_device_says_when_it_drops_out_of_its_run() -> None:
    now = time.time()
    run = Run(
        id=3, epoch=1, name="r", project_id=1, project_name="p", group_id=1, application_id=1,
        application_name="a", owner_id=1, owner_name="o", state="RUNNING", round=4, rounds=9,
        created_at=0,
    )  # fmt: skip
    work = columns()[3].cell
    there = DeviceRow(device(1, running=[3]), runs=(run,), read_at=now)
    assert (work(there).text, work(there).sub) == ("Run 3", "Round 4 of 9")
    gone = device(1, running=[3], presence="silent", last_seen=now - 43)
    assert work(DeviceRow(gone, runs=(run,), read_at=now)).sub == "drops out in 16 s"


def test_a_missed_heartbeat_is_a_gap_in_the_curve() -> None:
    samples = [Vitals(at=float(at)) for at in (400, 410, 420, 470, 480)]
    slots = slots_of(samples, [0.1, 0.2, 0.3, 0.4, 0.5], 480.0)
    assert len(slots) == SLOTS
    assert slots[-1] == 0.5
    assert slots[-9:-6] == [0.1, 0.2, 0.3]
    assert slots[-6:-2] == [None] * 4
