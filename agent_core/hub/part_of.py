"""A device's part in a run, as prepared statements ask for it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, bindparam, select

from agent_core.hub import tables


def part_of(*columns: Any) -> Select[Any]:
    """Select columns of a run, of a device and of its part, by the values `run` and `edge`."""
    runs, parts, devices = tables.runs, tables.run_devices, tables.devices
    return (
        select(*columns)
        .select_from(runs)
        .join(parts, parts.c.run_id == runs.c.id)
        .join(devices, devices.c.edge_id == parts.c.edge_id)
        .where(runs.c.id == bindparam("run"), parts.c.edge_id == bindparam("edge"))
    )
