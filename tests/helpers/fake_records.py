"""Plausible records of an invented federation, checked against protocol/records.py."""

from __future__ import annotations

import hashlib
import math
import time
from typing import Any

from agent_core.protocol import records as rec
from agent_core.protocol.states import Role, Stage, State

NOW = time.time()
SITES = [
    (266, "lindenau-ws-03", "Klinikum Lindenau"),
    (271, "anna-node-1", "St. Anna Hospital"),
    (274, "ng-fl", "Northfield General"),
    (280, "roch-gpu", "Hôpital Saint-Roch"),
    (283, "kcc-02", "Karelia Cancer Centre"),
]
SERVER = (290, "meridian-agg", "Meridian Lab")
ME = 266
GB = 1024**3


def today(ago: float) -> float:
    """Return a moment some seconds ago, but not before midnight."""
    parts = time.localtime(NOW)
    return max(NOW - ago, NOW - parts.tm_hour * 3600 - parts.tm_min * 60 - parts.tm_sec + 1)


def digest(text: str) -> str:
    """Return a digest that stands for something."""
    return hashlib.sha256(text.encode()).hexdigest()


def plain(record: rec.Record) -> dict[str, Any]:
    """Return a record as the agent sends it."""
    return record.model_dump(mode="json")


ACCOUNT = rec.Account(
    id=3, email="marta.vogel@lindenau.example", name="Dr. Marta Vogel",
    owner_key="4F3aA19C" + "x" * 35, created_at=NOW - 90 * 86400,
)  # fmt: skip
HARDWARE = rec.Hardware(
    cpu="12 cores", cores=12, memory=64 * GB, disk_free=512 * GB, gpus=["RTX A4000"],
    os="Linux", python="3.11.2", sandbox="bubblewrap",
)  # fmt: skip


def device(edge_id: int, name: str, silo: str, state: State = State.TRAINING) -> rec.Device:
    """Return a device of the federation."""
    silent = edge_id == 280
    return rec.Device(
        edge_id=edge_id, device_id=f"0x{digest(name)[:12]}@Linux.Edge.Device", name=name,
        silo=silo, account_id=3, account_name=ACCOUNT.name, public_key=digest(silo)[:43],
        state=state, presence="silent" if silent else "online",
        last_seen=NOW - (43 if silent else 2), running=[1284], agent_version="0.1.0",
        hardware=HARDWARE, created_at=NOW - 80 * 86400,
    )  # fmt: skip


DEVICES = [device(*site) for site in [*SITES, SERVER]]
GROUP = rec.Group(
    id=7, name="Breast cancer consortium", owner_id=5, created_at=NOW - 70 * 86400,
    devices=[d.edge_id for d in DEVICES],
    members=[
        rec.Member(account_id=5, name="Elif Kaya", email="elif@meridian.example", role="owner"),
        rec.Member(account_id=3, name=ACCOUNT.name, email=ACCOUNT.email, role="operator"),
    ],
)  # fmt: skip
PROJECTS = [
    rec.Project(id=11, name="WDBC breast cancer", group_id=7, owner_id=5, run_count=6,
                description="Tumour features of five sites", created_at=NOW - 60 * 86400),
    rec.Project(id=12, name="MNIST LR benchmark", group_id=7, owner_id=5, run_count=1,
                created_at=NOW - 30 * 86400),
]  # fmt: skip


def package(name: str, kind: str = "flower") -> rec.PackageInfo:
    """Return a stored package."""
    return rec.PackageInfo(
        zip_sha256=digest(name + "zip"), content_digest=digest(name), type=kind, name=name,  # type: ignore[arg-type]
        engine="flower", size=21_500, builder_key="A20D71" + "y" * 37, signed=True,
        manifest={"requirements": ["numpy", "torch"]}, uploaded_at=NOW - 86400,
        uploaded_by="Elif Kaya",
    )  # fmt: skip


APPLICATIONS = [
    rec.Application(id=21, name="WDBC MLP 1.2.1", group_id=7, packages=[package("wdbc-mlp")],
                    created_at=NOW - 20 * 86400, created_by="Elif Kaya"),
    rec.Application(id=22, name="MNIST LR 0.9.2", group_id=7, created_by="Tom Okafor",
                    packages=[package("mnist-lr", "client"), package("mnist-lr-s", "server")],
                    created_at=NOW - 9 * 86400),
]  # fmt: skip


def run_device(
    site: tuple[int, str, str], rank: int, started: float | None, state: State, done: int
) -> rec.RunDevice:
    """Return a device's part in a run, with its timeline."""
    edge_id, name, silo = site
    silent = edge_id == 280 and state == State.TRAINING
    marks = []
    if started is not None:
        steps = [Stage.SENT, Stage.FETCHED, Stage.VERIFIED, Stage.APPROVED, Stage.RUNTIME_READY,
                 Stage.STARTED]  # fmt: skip
        waits = [0.0, 0.4 + rank * 0.2, 0.1, 3.2 if rank == 1 else 0.0, 0.6, 1.1 + rank * 0.4]
        at = started
        for stage, wait in zip(steps, waits, strict=True):
            at += wait
            detail = "standing" if stage == Stage.APPROVED and rank != 1 else ""
            marks.append(rec.StageMark(stage=stage, at=at, detail=detail))
        if done:
            marks.append(rec.StageMark(stage=Stage.ROUND, at=at + 5, round=1))
    return rec.RunDevice(
        edge_id=edge_id, name=name, silo=silo, rank=rank, state=state, stages=marks,
        role=Role.SERVER if rank == 0 else Role.CLIENT, round=done - 1 if silent else done,
        detail="silent 43 s, drops out at 60 s" if silent else "",
        waiting_since=NOW - 43 if silent else None, waiting_until=NOW + 17 if silent else None,
        presence="silent" if silent else "online", last_seen=NOW - (43 if silent else 2),
        bytes_up=done * 16_400, bytes_down=done * 16_400,
    )  # fmt: skip


def run(
    run_id: int,
    name: str,
    state: State,
    done: int,
    rounds: int = 50,
    *,
    age: float = 1020,
    project: rec.Project | None = None,
    detail: str = "",
    **more: Any,
) -> rec.Run:
    """Return a run."""
    project = project or PROJECTS[0]
    started = None if state in {State.IDLE, State.QUEUED} else NOW - age
    live = state in {State.RUNNING, State.QUEUED, State.IDLE}
    part = {State.RUNNING: State.TRAINING}.get(state, state)
    devices = [run_device(SERVER, 0, started, state, done)]
    devices += [run_device(s, i + 1, started, part, done) for i, s in enumerate(SITES)]
    headline = {"test_accuracy": accuracy(done), "test_loss": loss(done)} if done else {}
    return rec.Run(
        id=run_id, epoch=1, name=name, project_id=project.id, project_name=project.name,
        group_id=7, application_id=21, application_name="WDBC MLP 1.2.1", owner_id=5,
        owner_name="Elif Kaya", state=state, detail=detail, rounds=rounds, round=done,
        parameters={"num-server-rounds": rounds, "learning-rate": 0.03, "batch-size": 10},
        round_deadline_s=60, quorum=3, created_at=NOW - age - 30, started_at=started,
        ended_at=None if live else NOW - age + done * 40, devices=devices, headline=headline,
        bytes_up=done * 82_000, bytes_down=done * 82_000, change=run_id, **more,
    )  # fmt: skip


def accuracy(n: float, edge_id: int = 0) -> float:
    """Return an invented accuracy after n rounds."""
    offset = (edge_id % 7) * 0.006 if edge_id else 0.0
    wave = 0.004 * math.sin(n * 1.7 + edge_id)
    return min(0.995, 0.974 - 0.5 * math.exp(-n / 6) - offset + wave)


def loss(n: float, edge_id: int = 0) -> float:
    """Return an invented loss after n rounds."""
    return 0.06 + 0.9 * math.exp(-n / 7) + (edge_id % 7) * 0.008 + 0.006 * math.sin(n * 2 + edge_id)


RUNS = [
    run(
        1284, "lr 0.01, wide", State.RUNNING, 18, age=1020, detail="Waiting for Hôpital Saint-Roch"
    ),
    run(1286, "nightly repeat", State.QUEUED, 0, age=60),
    run(1279, "baseline", State.FINISHED, 50, age=14000),
    run(1271, "batch 256", State.FAILED, 6, age=26000, detail="Quorum missed: 2 of 3 answered."),
    run(1266, "lr 0.5", State.EXCEPTION, 2, age=90000, detail="ValueError, client_app.py line 41"),
    run(1260, "wide, momentum", State.KILLED, 31, age=180000, ended_by="Elif Kaya"),
    run(1275, "two silos", State.KILLED, 9, age=21000, project=PROJECTS[1], ended_by="you"),
]
