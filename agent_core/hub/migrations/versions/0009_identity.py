"""The hub has an identity of its own, spools an epoch, and a renewed device its former token."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the columns."""
    op.create_table(
        "hub_facts",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_hub_facts"),
    )
    op.add_column("streams", sa.Column("spool", sa.String(40), nullable=False, server_default=""))
    op.add_column("devices", sa.Column("previous_hash", sa.String(64), nullable=True))
    op.add_column("devices", sa.Column("previous_until", sa.Float(), nullable=True))
    op.create_index("ix_devices_previous_hash", "devices", ["previous_hash"])


def downgrade() -> None:
    """Refuse: a database is not taken back, it is restored from a backup."""
    raise NotImplementedError
