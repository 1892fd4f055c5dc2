"""The hub's tables of what silos show of their datasets; a migration makes them."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Table

from agent_core.hub.tables import Id, metadata

device_datasets = Table(
    "device_datasets",
    metadata,
    Column("edge_id", Id, ForeignKey("devices.edge_id"), primary_key=True),
    Column("shown", JSON, nullable=False),
)

run_datasets = Table(
    "run_datasets",
    metadata,
    Column("run_id", Id, ForeignKey("runs.id"), primary_key=True),
    Column("edge_id", Id, ForeignKey("devices.edge_id"), primary_key=True),
    Column("record", JSON, nullable=False),
)
