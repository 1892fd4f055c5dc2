"""An idempotency key remembers what was asked for with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; keys from before have no hash, and are compared by group alone."""
    op.add_column(
        "idempotency", sa.Column("body_hash", sa.String(64), nullable=False, server_default="")
    )


def downgrade() -> None:
    """Refuse: a database is not taken back, it is restored from a backup."""
    raise NotImplementedError
