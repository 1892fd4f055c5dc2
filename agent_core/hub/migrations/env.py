"""Run by Alembic: migrate over the connection that hub/migrate.py opened."""

from __future__ import annotations

from alembic import context

import agent_core.hub.tables_datasets  # noqa: F401 - its tables join the metadata
from agent_core.hub import tables_admin, tables_identity, tables_pauses  # noqa: F401 - their tables
from agent_core.hub.tables_places import group_events

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=group_events.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
