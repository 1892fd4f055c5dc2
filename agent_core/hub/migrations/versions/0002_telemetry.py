"""Telemetry, models and tensors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, each after those it refers to."""
    for make in (
        _streams,
        _positions,
        _run_events,
        _metrics,
        _system_samples,
        _log_batches,
        _rounds,
        _models,
        _blobs,
    ):
        make()


def downgrade() -> None:
    """Refuse: a database is not taken back, it is restored from a backup."""
    raise NotImplementedError


def _streams() -> None:
    op.create_table(
        "streams",
        sa.Column("edge_id", ID, nullable=False),
        sa.Column("stream", sa.String(20), nullable=False),
        sa.Column("highest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("edge_id", "stream", name="pk_streams"),
    )


def _positions() -> None:
    op.create_table(
        "positions",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("list", sa.String(20), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "list", name="pk_positions"),
    )


def _run_events() -> None:
    op.create_table(
        "run_events",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("pos", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("edge_id", ID),
        sa.Column("level", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "pos", name="pk_run_events"),
    )


def _metrics() -> None:
    op.create_table(
        "metrics",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("pos", sa.BigInteger(), nullable=False),
        sa.Column("edge_id", ID, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("round", sa.Integer()),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "pos", name="pk_metrics"),
    )
    op.create_index("ix_metrics_curve", "metrics", ["run_id", "key", "edge_id", "step"])


def _system_samples() -> None:
    op.create_table(
        "system_samples",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("pos", sa.BigInteger(), nullable=False),
        sa.Column("edge_id", ID, nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "pos", name="pk_system_samples"),
    )


def _log_batches() -> None:
    op.create_table(
        "log_batches",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("first_pos", sa.BigInteger(), nullable=False),
        sa.Column("edge_id", ID, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("chunk", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.Float(), nullable=False),
        sa.Column("last_at", sa.Float(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "first_pos", name="pk_log_batches"),
    )


def _rounds() -> None:
    op.create_table(
        "rounds",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "round", name="pk_rounds"),
    )


def _models() -> None:
    op.create_table(
        "models",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("sites", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "round", name="pk_models"),
    )


def _blobs() -> None:
    op.create_table(
        "blobs",
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("last_round", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_blobs"),
    )
    op.create_index("ix_blobs_content", "blobs", ["run_id", "sha256"])
