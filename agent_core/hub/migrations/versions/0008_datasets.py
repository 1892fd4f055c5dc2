"""What silos show of their datasets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "device_datasets",
        sa.Column("edge_id", ID, nullable=False),
        sa.Column("shown", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("edge_id", name="pk_device_datasets"),
        sa.ForeignKeyConstraint(
            ["edge_id"], ["devices.edge_id"], name="fk_device_datasets_edge_id"
        ),
    )
    op.create_table(
        "run_datasets",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("edge_id", ID, nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "edge_id", name="pk_run_datasets"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_datasets_run_id"),
        sa.ForeignKeyConstraint(["edge_id"], ["devices.edge_id"], name="fk_run_datasets_edge_id"),
    )


def downgrade() -> None:
    """Refuse: a database is not taken back, it is restored from a backup."""
    raise NotImplementedError
