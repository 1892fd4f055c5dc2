"""Runs, projects and applications can be put away."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    for table in ("runs", "projects", "applications"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("archived_at", sa.Float()))


def downgrade() -> None:
    """Refuse: a database is not taken back, it is restored from a backup."""
    raise NotImplementedError
