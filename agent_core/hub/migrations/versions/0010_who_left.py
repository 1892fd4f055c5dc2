"""Whom an event of a group is about, where it may be undone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    with op.batch_alter_table("group_events") as batch:
        batch.add_column(sa.Column("account_id", number))


def downgrade() -> None:
    """Refuse: a database is not taken back, it is restored from a backup."""
    raise NotImplementedError
