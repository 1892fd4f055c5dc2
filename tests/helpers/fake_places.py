"""Devices with figures, a topology, events and invitations of the invented federation."""

from __future__ import annotations

import math
import time
from typing import Any

from helpers import fake_records as data
from helpers.fake_records import plain

from agent_core.protocol import records as rec
from agent_core.protocol.records_places import Collaborator, GroupEvent, SharedGroup
from agent_core.protocol.vitals import Vitals


def sample(edge_id: int, ago: float) -> Vitals:
    """Return a machine's figures of some seconds ago."""
    wave = math.sin(edge_id + ago / 40)
    return Vitals(
        at=time.time() - ago, cpu_percent=45 + 30 * wave, memory_used=int((20 + wave) * data.GB),
        memory_total=64 * data.GB, disk_free=512 * data.GB, disk_total=960 * data.GB,
        gpu_percent=50 - 20 * wave, gpu_memory_used=7 * data.GB, gpu_temperature=66,
        round_trip_ms=24.0 + edge_id % 9,
    )  # fmt: skip


def vitals(edge_id: int) -> list[dict[str, Any]]:
    """Return ten minutes of figures, the oldest first."""
    return [sample(edge_id, 10.0 * step).model_dump() for step in range(59, -1, -1)]


def devices() -> list[dict[str, Any]]:
    """Return the devices as they are now."""
    found = []
    for device in data.DEVICES:
        ago = 43.0 if device.presence == "silent" else 2.0
        found.append(
            plain(
                device.model_copy(
                    update={
                        "last_seen": time.time() - ago,
                        "vitals": sample(device.edge_id, ago),
                    }
                )
            )
        )
    return found


def topology() -> dict[str, Any]:
    """Return who works with whom in the run that is on."""
    edges = [device.edge_id for device in data.DEVICES]
    server = data.SERVER[0]
    parts = [
        {"edge_id": edge, "state": "RUNNING" if edge == server else "TRAINING", "round": 18,
         "bytes_up": 18 * 16_400, "bytes_down": 18 * 16_400}
        for edge in edges
    ]  # fmt: skip
    run = {
        "run_id": 1284, "name": "FedAvg baseline", "state": "RUNNING", "round": 18, "rounds": 50,
        "server_edge": server, "client_edges": [e for e in edges if e != server], "parts": parts,
    }  # fmt: skip
    links = [{"from": "hub", "to": one["edge_id"], "presence": one["presence"],
              "round_trip_ms": 24.0} for one in devices()]  # fmt: skip
    return {"group": plain(data.GROUP), "devices": devices(), "links": links, "runs": [run]}


def events() -> list[dict[str, Any]]:
    """Return what happened lately."""
    now = time.time()
    return [
        plain(GroupEvent(id=3, group_id=7, at=now - 43, kind="silent", device="roch-gpu",
                         silo="Hôpital Saint-Roch", edge_id=280)),
        plain(GroupEvent(id=2, group_id=7, at=now - 3 * 3600, kind="invited", who="Elif Kaya",
                         detail="oslo@breast-unit.example")),
        plain(GroupEvent(id=1, group_id=7, at=now - 2 * 86400, kind="joined",
                         who=data.ACCOUNT.name, detail="operator")),
    ]  # fmt: skip


def invitations() -> list[dict[str, Any]]:
    """Return an open link and one that was used."""
    return [
        plain(rec.Invitation(id=6, group_id=7, group_name=data.GROUP.name, state="open",
                             email="oslo@breast-unit.example", invited_by="Elif Kaya",
                             created_at=data.NOW - 86400, expires_at=data.NOW + 6 * 86400)),
        plain(rec.Invitation(id=5, group_id=7, group_name=data.GROUP.name, state="accepted",
                             invited_by="Elif Kaya", created_at=data.NOW - 9 * 86400,
                             expires_at=data.NOW - 2 * 86400)),
    ]  # fmt: skip


def people() -> list[dict[str, Any]]:
    """Return the group's members as collaborators."""
    return [
        plain(
            Collaborator(
                **member.model_dump(), devices=1,
                groups=[SharedGroup(id=7, name=data.GROUP.name, role=member.role)],
            )
        )
        for member in data.GROUP.members
    ]  # fmt: skip
