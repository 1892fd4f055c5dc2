"""Accounts, groups, packages and runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, each after those it refers to."""
    for make in (
        _accounts,
        _sessions,
        _devices,
        _groups,
        _members,
        _group_devices,
        _invitations,
        _packages,
        _package_owners,
        _uploads,
        _applications,
        _application_packages,
        _projects,
        _runs,
        _run_devices,
        _stages,
        _idempotency,
        _inbox,
        _relayed,
    ):
        make()


def downgrade() -> None:
    """Refuse: a database is not taken back, it is restored from a backup."""
    raise NotImplementedError


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", ID, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("owner_key", sa.String(100), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("email", name="uq_accounts_email"),
        sqlite_autoincrement=True,
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("access_hash", sa.String(64), nullable=False),
        sa.Column("access_expires_at", sa.Float(), nullable=False),
        sa.Column("refresh_hash", sa.String(64), nullable=False),
        sa.Column("refresh_expires_at", sa.Float(), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("rotated_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_sessions_account_id"),
        sa.UniqueConstraint("access_hash", name="uq_sessions_access_hash"),
        sa.UniqueConstraint("refresh_hash", name="uq_sessions_refresh_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"])
    op.create_index("ix_sessions_previous_hash", "sessions", ["previous_hash"])


def _devices() -> None:
    op.create_table(
        "devices",
        sa.Column("edge_id", ID, nullable=False),
        sa.Column("device_id", sa.String(200), nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("silo", sa.String(200), nullable=False),
        sa.Column("public_key", sa.String(100), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("token_expires_at", sa.Float(), nullable=False),
        sa.Column("credential", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("last_seen", sa.Float()),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("running", sa.JSON(), nullable=False),
        sa.Column("agent_version", sa.String(50), nullable=False),
        sa.Column("hardware", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.Column("next_inbox", ID, nullable=False),
        sa.PrimaryKeyConstraint("edge_id", name="pk_devices"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_devices_account_id"),
        sa.UniqueConstraint("account_id", "device_id", name="uq_devices_account_id_device_id"),
        sa.UniqueConstraint("token_hash", name="uq_devices_token_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_devices_account_id", "devices", ["account_id"])


def _groups() -> None:
    op.create_table(
        "groups",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_groups"),
        sa.ForeignKeyConstraint(["owner_id"], ["accounts.id"], name="fk_groups_owner_id"),
        sqlite_autoincrement=True,
    )


def _members() -> None:
    op.create_table(
        "members",
        sa.Column("group_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "account_id", name="pk_members"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_members_group_id"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_members_account_id"),
    )
    op.create_index("ix_members_account_id", "members", ["account_id"])


def _group_devices() -> None:
    op.create_table(
        "group_devices",
        sa.Column("group_id", ID, nullable=False),
        sa.Column("edge_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("group_id", "edge_id", name="pk_group_devices"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_group_devices_group_id"),
        sa.ForeignKeyConstraint(["edge_id"], ["devices.edge_id"], name="fk_group_devices_edge_id"),
    )
    op.create_index("ix_group_devices_edge_id", "group_devices", ["edge_id"])


def _invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", ID, nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("group_id", ID),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("invited_by", ID, nullable=False),
        sa.Column("accepted_by", ID),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_invitations_group_id"),
        sa.ForeignKeyConstraint(["invited_by"], ["accounts.id"], name="fk_invitations_invited_by"),
        sa.ForeignKeyConstraint(
            ["accepted_by"], ["accounts.id"], name="fk_invitations_accepted_by"
        ),
        sa.UniqueConstraint("code_hash", name="uq_invitations_code_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_invitations_group_id", "invitations", ["group_id"])
    op.create_index("ix_invitations_invited_by", "invitations", ["invited_by"])


def _packages() -> None:
    op.create_table(
        "packages",
        sa.Column("zip_sha256", sa.String(64), nullable=False),
        sa.Column("content_digest", sa.String(64), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("engine", sa.String(20), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("builder_key", sa.String(100), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("uploaded_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("zip_sha256", name="pk_packages"),
    )


def _package_owners() -> None:
    op.create_table(
        "package_owners",
        sa.Column("zip_sha256", sa.String(64), nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("zip_sha256", "account_id", name="pk_package_owners"),
        sa.ForeignKeyConstraint(
            ["zip_sha256"], ["packages.zip_sha256"], name="fk_package_owners_zip_sha256"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_package_owners_account_id"
        ),
    )


def _uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_uploads_account_id"),
    )
    op.create_index("ix_uploads_account_id", "uploads", ["account_id"])


def _applications() -> None:
    op.create_table(
        "applications",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("created_by", ID, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_applications"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_applications_group_id"),
        sa.ForeignKeyConstraint(["created_by"], ["accounts.id"], name="fk_applications_created_by"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_applications_group_id", "applications", ["group_id"])


def _application_packages() -> None:
    op.create_table(
        "application_packages",
        sa.Column("application_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("zip_sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("application_id", "position", name="pk_application_packages"),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_application_packages_application_id"
        ),
        sa.ForeignKeyConstraint(
            ["zip_sha256"], ["packages.zip_sha256"], name="fk_application_packages_zip_sha256"
        ),
    )
    op.create_index("ix_application_packages_zip_sha256", "application_packages", ["zip_sha256"])


def _projects() -> None:
    op.create_table(
        "projects",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_projects_group_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["accounts.id"], name="fk_projects_owner_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_projects_group_id", "projects", ["group_id"])


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", ID, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("application_id", ID, nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("rounds", sa.Integer()),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("round_deadline_s", sa.Float(), nullable=False),
        sa.Column("quorum", sa.Integer(), nullable=False),
        sa.Column("headline", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("started_at", sa.Float()),
        sa.Column("stop_asked_at", sa.Float()),
        sa.Column("ended_at", sa.Float()),
        sa.Column("ended_by", sa.String(200), nullable=False),
        sa.Column("plan_expires_at", sa.Float()),
        sa.Column("blobs_left", sa.Boolean(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_runs_project_id"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_runs_group_id"),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_runs_application_id"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["accounts.id"], name="fk_runs_owner_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_runs_group_id", "runs", ["group_id"])
    op.create_index("ix_runs_project_id", "runs", ["project_id"])
    op.create_index("ix_runs_state", "runs", ["state"])


def _run_devices() -> None:
    op.create_table(
        "run_devices",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("edge_id", ID, nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("status_seq", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("waiting_since", sa.Float()),
        sa.Column("waiting_until", sa.Float()),
        sa.Column("bytes_up", sa.BigInteger(), nullable=False),
        sa.Column("bytes_down", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "edge_id", name="pk_run_devices"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_devices_run_id"),
        sa.ForeignKeyConstraint(["edge_id"], ["devices.edge_id"], name="fk_run_devices_edge_id"),
    )
    op.create_index("ix_run_devices_edge_id", "run_devices", ["edge_id"])


def _stages() -> None:
    op.create_table(
        "stages",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("edge_id", ID, nullable=False),
        sa.Column("stage", sa.String(20), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer()),
        sa.PrimaryKeyConstraint("run_id", "edge_id", "stage", name="pk_stages"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_stages_run_id"),
        sa.ForeignKeyConstraint(["edge_id"], ["devices.edge_id"], name="fk_stages_edge_id"),
    )


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "key", name="pk_idempotency"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_idempotency_account_id"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_idempotency_run_id"),
    )


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("edge_id", ID, nullable=False),
        sa.Column("inbox_seq", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("topic", sa.String(200), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("sent_at", sa.Float(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("edge_id", "inbox_seq", name="pk_inbox"),
        sa.ForeignKeyConstraint(["edge_id"], ["devices.edge_id"], name="fk_inbox_edge_id"),
    )
    op.create_index("ix_inbox_run_id", "inbox", ["run_id"])
    op.create_index("ix_inbox_sent_at", "inbox", ["sent_at"])


def _relayed() -> None:
    op.create_table(
        "relayed",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("from_edge", ID, nullable=False),
        sa.Column("message_id", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "from_edge", "message_id", name="pk_relayed"),
    )
