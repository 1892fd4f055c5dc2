"""The table of runs that their owner paused."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, String, Table, Text

from agent_core.hub.tables import metadata

Id = BigInteger().with_variant(Integer(), "sqlite")

# One row for each run that was ever paused; `number` rises with every pause and resume, so that
# the server's device obeys the newest whatever the order of their arrival.
run_pauses = Table(
    "run_pauses",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("is_on", Boolean, nullable=False),
    Column("number", Integer, nullable=False),
    Column("asked_at", Float, nullable=False),
    Column("asked_by", String(200), nullable=False),
    Column("reason", Text, nullable=False),
)
