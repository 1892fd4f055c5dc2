"""The hub's table of what happened in groups; a migration makes it."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, String, Table

from agent_core.hub.tables import Id, metadata

group_events = Table(
    "group_events",
    metadata,
    Column("id", Id, primary_key=True),
    Column("group_id", Id, ForeignKey("groups.id"), nullable=False),
    Column("at", Float, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("who", String(200), nullable=False),
    Column("by", String(200), nullable=False),
    Column("device", String(200), nullable=False),
    Column("silo", String(200), nullable=False),
    Column("edge_id", Id),
    Column("detail", String(254), nullable=False),
    Column("account_id", Id),  # who came or went; names are not unique
    Index("ix_group_events_group_id_id", "group_id", "id"),
    sqlite_autoincrement=True,
)
