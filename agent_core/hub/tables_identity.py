"""The table of what a hub knows of itself: small named values."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from agent_core.hub.tables import metadata

hub_facts = Table(
    "hub_facts",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", String(200), nullable=False),
)
