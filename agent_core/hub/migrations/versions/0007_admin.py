"""Accounts can be disabled, and get a new password by a one-use link."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "disabled_accounts",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_disabled_accounts_account_id"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_disabled_accounts"),
    )
    op.create_table(
        "account_resets",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_account_resets_account_id"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_account_resets"),
        sa.UniqueConstraint("code_hash", name="uq_account_resets_code_hash"),
    )


def downgrade() -> None:
    """Refuse: a database is not taken back, it is restored from a backup."""
    raise NotImplementedError
