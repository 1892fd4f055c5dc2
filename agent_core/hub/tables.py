"""The hub's tables; the migrations in hub/migrations make them."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# 64 bits in both databases; SQLite numbers rows only where the type is INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")


def _number() -> Column[int]:
    return Column("id", Id, primary_key=True)


def _ref(name: str, target: str, *, primary_key: bool = False, index: bool = False) -> Column[int]:
    return Column(
        name, Id, ForeignKey(target), nullable=False, primary_key=primary_key, index=index or None
    )


accounts = Table(
    "accounts",
    metadata,
    _number(),
    Column("email", String(254), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("is_admin", Boolean, nullable=False),
    Column("owner_key", String(100), nullable=False),
    Column("created_at", Float, nullable=False),
    sqlite_autoincrement=True,
)

sessions = Table(
    "sessions",
    metadata,
    _number(),
    _ref("account_id", "accounts.id", index=True),
    Column("access_hash", String(64), nullable=False, unique=True),
    Column("access_expires_at", Float, nullable=False),
    Column("refresh_hash", String(64), nullable=False, unique=True),
    Column("refresh_expires_at", Float, nullable=False),
    Column("previous_hash", String(64), nullable=False, index=True),
    Column("rotated_at", Float, nullable=False),
    sqlite_autoincrement=True,
)

devices = Table(
    "devices",
    metadata,
    Column("edge_id", Id, primary_key=True),
    Column("device_id", String(200), nullable=False),
    _ref("account_id", "accounts.id", index=True),
    Column("name", String(200), nullable=False),
    Column("silo", String(200), nullable=False),
    Column("public_key", String(100), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("token_expires_at", Float, nullable=False),
    Column("credential", Integer, nullable=False),  # counts renewals; the broker password follows
    Column("state", String(20), nullable=False),
    Column("last_seen", Float),
    Column("gone", Boolean, nullable=False),  # the broker said that the connection broke
    Column("running", JSON, nullable=False),
    Column("agent_version", String(50), nullable=False),
    Column("hardware", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("revoked", Boolean, nullable=False),
    Column("next_inbox", Id, nullable=False),
    Column("previous_hash", String(64), index=True),  # of the token before the last renewal,
    Column("previous_until", Float),  # which works until then, or until the new one is used
    UniqueConstraint("account_id", "device_id"),
    sqlite_autoincrement=True,
)

groups = Table(
    "groups",
    metadata,
    _number(),
    Column("name", String(200), nullable=False),
    _ref("owner_id", "accounts.id"),
    Column("created_at", Float, nullable=False),
    sqlite_autoincrement=True,
)

members = Table(
    "members",
    metadata,
    _ref("group_id", "groups.id", primary_key=True),
    _ref("account_id", "accounts.id", primary_key=True, index=True),
    Column("role", String(20), nullable=False),
)

group_devices = Table(
    "group_devices",
    metadata,
    _ref("group_id", "groups.id", primary_key=True),
    _ref("edge_id", "devices.edge_id", primary_key=True, index=True),
)

invitations = Table(
    "invitations",
    metadata,
    _number(),
    Column("code_hash", String(64), nullable=False, unique=True),
    Column("group_id", Id, ForeignKey("groups.id"), index=True),
    Column("email", String(254), nullable=False),
    Column("role", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    _ref("invited_by", "accounts.id", index=True),
    Column("accepted_by", Id, ForeignKey("accounts.id")),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    sqlite_autoincrement=True,
)

packages = Table(
    "packages",
    metadata,
    Column("zip_sha256", String(64), primary_key=True),
    Column("content_digest", String(64), nullable=False),
    Column("type", String(20), nullable=False),
    Column("name", String(200), nullable=False),
    Column("engine", String(20), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("builder_key", String(100), nullable=False),
    Column("signed", Boolean, nullable=False),
    Column("manifest", JSON, nullable=False),
    Column("uploaded_at", Float, nullable=False),
)

# Who brought a package: its first uploader and everyone who uploaded the same content again.
package_owners = Table(
    "package_owners",
    metadata,
    Column("zip_sha256", String(64), ForeignKey("packages.zip_sha256"), primary_key=True),
    _ref("account_id", "accounts.id", primary_key=True),
    Column("at", Float, nullable=False),
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", String(40), primary_key=True),
    _ref("account_id", "accounts.id", index=True),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("store_id", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)

applications = Table(
    "applications",
    metadata,
    _number(),
    Column("name", String(200), nullable=False),
    _ref("group_id", "groups.id", index=True),
    _ref("created_by", "accounts.id"),
    Column("note", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("archived_at", Float),
    sqlite_autoincrement=True,
)

application_packages = Table(
    "application_packages",
    metadata,
    _ref("application_id", "applications.id", primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("zip_sha256", String(64), ForeignKey("packages.zip_sha256"), nullable=False, index=True),
)

projects = Table(
    "projects",
    metadata,
    _number(),
    Column("name", String(200), nullable=False),
    _ref("group_id", "groups.id", index=True),
    Column("description", Text, nullable=False),
    _ref("owner_id", "accounts.id"),
    Column("created_at", Float, nullable=False),
    Column("archived_at", Float),
    sqlite_autoincrement=True,
)

runs = Table(
    "runs",
    metadata,
    _number(),
    Column("epoch", Integer, nullable=False),
    Column("name", String(200), nullable=False),
    _ref("project_id", "projects.id", index=True),
    _ref("group_id", "groups.id", index=True),
    _ref("application_id", "applications.id"),
    _ref("owner_id", "accounts.id"),
    Column("state", String(20), nullable=False, index=True),
    Column("detail", Text, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("rounds", Integer),
    Column("round", Integer, nullable=False),
    Column("round_deadline_s", Float, nullable=False),
    Column("quorum", Integer, nullable=False),
    Column("headline", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("stop_asked_at", Float),
    Column("ended_at", Float),
    Column("ended_by", String(200), nullable=False),
    Column("plan_expires_at", Float),
    Column("archived_at", Float),
    Column("blobs_left", Boolean, nullable=False),  # tensors of the run still lie in the store
    Column("change", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

run_devices = Table(
    "run_devices",
    metadata,
    _ref("run_id", "runs.id", primary_key=True),
    _ref("edge_id", "devices.edge_id", primary_key=True, index=True),
    Column("role", String(10), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("status_seq", BigInteger, nullable=False),  # of the last status that was applied
    Column("round", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Column("waiting_since", Float),
    Column("waiting_until", Float),
    Column("bytes_up", BigInteger, nullable=False),
    Column("bytes_down", BigInteger, nullable=False),
)

stages = Table(
    "stages",
    metadata,
    _ref("run_id", "runs.id", primary_key=True),
    _ref("edge_id", "devices.edge_id", primary_key=True),
    Column("stage", String(20), primary_key=True),
    Column("at", Float, nullable=False),
    Column("detail", Text, nullable=False),
    Column("round", Integer),
)

idempotency = Table(
    "idempotency",
    metadata,
    _ref("account_id", "accounts.id", primary_key=True),
    Column("key", String(200), primary_key=True),
    _ref("run_id", "runs.id"),
    Column("body_hash", String(64), nullable=False, server_default=""),
)

inbox = Table(
    "inbox",
    metadata,
    _ref("edge_id", "devices.edge_id", primary_key=True),
    Column("inbox_seq", Id, primary_key=True),
    Column("run_id", Id, nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("topic", String(200), nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("sent_at", Float, nullable=False),
    Column("attempts", Integer, nullable=False),
    Index("ix_inbox_sent_at", "sent_at"),
)

relayed = Table(
    "relayed",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("from_edge", Id, primary_key=True),
    Column("message_id", String(200), primary_key=True),
)

streams = Table(
    "streams",
    metadata,
    Column("edge_id", Id, primary_key=True),
    Column("stream", String(20), primary_key=True),
    Column("highest", BigInteger, nullable=False),
    Column("spool", String(40), nullable=False, server_default=""),  # which spool numbered them
)

# The next position of each list that a window follows: one counter per run and list, taken in
# the transaction that inserts, so that no reader's cursor passes a row that comes later.
positions = Table(
    "positions",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("list", String(20), primary_key=True),
    Column("next", BigInteger, nullable=False),
)

run_events = Table(
    "run_events",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("pos", BigInteger, primary_key=True),
    Column("at", Float, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("edge_id", Id),
    Column("level", String(10), nullable=False),
)

metrics = Table(
    "metrics",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("pos", BigInteger, primary_key=True),
    Column("edge_id", Id, nullable=False),  # 0 is the global curve
    Column("sequence", BigInteger, nullable=False),
    Column("key", String(200), nullable=False),
    Column("value", Float(53), nullable=False),
    Column("round", Integer),
    Column("step", BigInteger, nullable=False),
    Column("at", Float, nullable=False),
    Index("ix_metrics_curve", "run_id", "key", "edge_id", "step"),
)

system_samples = Table(
    "system_samples",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("pos", BigInteger, primary_key=True),
    Column("edge_id", Id, nullable=False),
    Column("data", JSON, nullable=False),
)

log_batches = Table(
    "log_batches",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("first_pos", BigInteger, primary_key=True),
    Column("edge_id", Id, nullable=False),
    Column("count", Integer, nullable=False),
    Column("chunk", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("first_at", Float, nullable=False),
    Column("last_at", Float, nullable=False),
    Column("level", Integer, nullable=False),  # the highest in the batch
)

rounds = Table(
    "rounds",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("data", JSON, nullable=False),
)

round_traffic = Table(
    "round_traffic",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("bytes_up", BigInteger, nullable=False),
    Column("bytes_down", BigInteger, nullable=False),
)

models = Table(
    "models",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("metrics", JSON, nullable=False),
    Column("sites", JSON, nullable=False),
)

blobs = Table(
    "blobs",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("run_id", Id, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("last_round", Integer, nullable=False),  # the last round that used it
    Index("ix_blobs_content", "run_id", "sha256"),
)
