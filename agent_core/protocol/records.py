"""What REST answers carry and the desktop shows: accounts, devices, groups, runs, telemetry.

Times are seconds since the epoch (float), sizes are bytes, ids are integers.
"""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import Field

from agent_core.protocol.record import Record as Record
from agent_core.protocol.record import Sha256
from agent_core.protocol.records_data import DatasetShown, DatasetUse, SharedDataset
from agent_core.protocol.records_rules import JobHold, RuleState
from agent_core.protocol.states import Role, Stage, State
from agent_core.protocol.vitals import Vitals

Item = TypeVar("Item")


class Page(Record, Generic[Item]):
    """One page of a list; `next_cursor` is empty on the last one."""

    items: list[Item]
    next_cursor: str = ""
    total: int | None = None


class Account(Record):
    id: int
    email: str
    name: str
    is_admin: bool = False
    owner_key: str = ""  # public key that signs this account's packages and runs
    created_at: float


class Session(Record):
    """What sign-in answers; tokens are secrets and are never shown or logged."""

    account: Account
    access_token: str
    refresh_token: str
    access_expires_at: float


class Hardware(Record):
    cpu: str = ""
    cores: int = 0
    memory: int = 0
    disk_free: int = 0
    gpus: list[str] = Field(default_factory=list)
    os: str = ""
    python: str = ""
    sandbox: str = ""  # bubblewrap | unshare | none


class Device(Record):
    edge_id: int
    device_id: str  # "0x…@Linux.Edge.Device", as FedML's agents call themselves
    name: str
    silo: str
    account_id: int
    account_name: str = ""
    public_key: str
    state: State
    presence: Literal["online", "silent", "offline"] = "offline"
    last_seen: float | None = None
    running: list[int] = Field(default_factory=list)
    agent_version: str = ""
    hardware: Hardware = Hardware()
    created_at: float
    revoked: bool = False
    vitals: Vitals | None = None  # of its newest heartbeat, while the hub remembers it
    datasets: list[SharedDataset] = Field(default_factory=list)  # that the reader may know of


class BrokerAccess(Record):
    """Where and with what a device reaches the broker; the password is a secret."""

    host: str
    port: int
    tls: bool = False
    username: str
    password: str
    client_id: str


class Binding(Record):
    """What binding a device answers."""

    device: Device
    device_token: str  # REST credential of the device; a secret
    broker: BrokerAccess
    expires_at: float
    hub: str = ""  # the hub's own identity, as GET /hub tells it


class Member(Record):
    account_id: int
    name: str
    email: str
    role: Literal["owner", "scientist", "operator"]
    owner_key: str = ""


class Group(Record):
    id: int
    name: str
    owner_id: int
    members: list[Member] = Field(default_factory=list)
    devices: list[int] = Field(default_factory=list)  # edge ids
    created_at: float


class Invitation(Record):
    id: int
    link: str = ""  # only in the answer that made it
    group_id: int | None = None
    group_name: str = ""
    email: str = ""  # empty: whoever holds the link
    role: Literal["scientist", "operator"] = "operator"
    state: Literal["open", "accepted", "declined", "revoked", "expired"]
    invited_by: str = ""
    created_at: float
    expires_at: float


class Project(Record):
    id: int
    name: str
    group_id: int
    description: str = ""
    owner_id: int
    run_count: int = 0
    created_at: float
    archived_at: float | None = None


class PackageInfo(Record):
    """A package the hub stores."""

    zip_sha256: Sha256
    content_digest: Sha256
    type: Literal["client", "server", "flower"]
    name: str
    engine: str
    size: int
    builder_key: str = ""
    signed: bool = False
    manifest: dict[str, Any] = Field(default_factory=dict)
    uploaded_at: float
    uploaded_by: str = ""


class Application(Record):
    id: int
    name: str
    group_id: int
    packages: list[PackageInfo]  # [flower] or [client, server]
    created_at: float
    created_by: str = ""
    note: str = ""
    archived_at: float | None = None


class StageMark(Record):
    """A step a device reached in a run; `detail` says why something waits or how it went."""

    stage: Stage
    at: float
    detail: str = ""
    round: int | None = None


class RunDevice(Record):
    """A device's part in a run, with its timeline."""

    edge_id: int
    name: str
    silo: str
    role: Role
    rank: int
    state: State
    stages: list[StageMark] = Field(default_factory=list)  # the first mark of each stage
    round: int = 0
    detail: str = ""  # why it waits, or how it ended
    waiting_since: float | None = None
    waiting_until: float | None = None
    presence: Literal["online", "silent", "offline"] = "offline"
    last_seen: float | None = None
    bytes_up: int = 0
    bytes_down: int = 0
    dataset: DatasetShown | None = None  # what its job was given; nameless: the silo keeps it


class RoundRecord(Record):
    """A closed round as the server job reported it."""

    round: int
    started_at: float
    closed_at: float
    answered: int
    asked: int
    closed_by: Literal["all", "deadline"] = "all"
    missing: list[int] = Field(default_factory=list)  # edge ids asked that gave no good answer
    metrics: dict[str, float] = Field(default_factory=dict)
    bytes_up: int = 0
    bytes_down: int = 0


class Run(Record):
    id: int
    epoch: int
    name: str
    project_id: int
    project_name: str
    group_id: int
    application_id: int
    application_name: str
    owner_id: int
    owner_name: str
    state: State
    detail: str = ""  # cause of the end, or what is waited for
    parameters: dict[str, Any] = Field(default_factory=dict)
    rounds: int | None = None
    round: int = 0
    round_deadline_s: float = 600.0
    quorum: int = 1
    created_at: float
    started_at: float | None = None
    ended_at: float | None = None
    ended_by: str = ""  # who stopped it
    paused_by: str = ""  # who paused it; in force once the state is PAUSED
    devices: list[RunDevice] = Field(default_factory=list)
    headline: dict[str, float] = Field(default_factory=dict)  # last global value by metric
    bytes_up: int = 0
    bytes_down: int = 0
    archived_at: float | None = None
    change: int = 0


class RunEvent(Record):
    """A line of a run's event list."""

    at: float
    kind: str  # state | stage | round | order | peer | model
    text: str
    edge_id: int | None = None
    level: Literal["info", "ok", "warn", "danger"] = "info"


class Metric(Record):
    """One point of one curve. `edge_id` 0 is the global curve (the server's)."""

    edge_id: int
    sequence: int = 0  # of the sending device's stream
    run_id: int
    key: str  # "test_accuracy", "train_loss"
    value: float
    round: int | None = None
    step: int = 0
    at: float


class LogLine(Record):
    edge_id: int
    sequence: int = 0
    run_id: int
    at: float
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
    source: str = "job"  # job | agent
    text: str


class SystemSample(Record):
    """System figures of a device during a run; None is a gap, never an invented value."""

    edge_id: int
    sequence: int = 0
    run_id: int = 0
    at: float
    cpu_percent: float | None = None  # of the whole machine
    memory_used: int | None = None
    memory_total: int | None = None
    disk_free: int | None = None
    net_sent: int | None = None
    net_received: int | None = None
    job_cpu_percent: float | None = None  # of one core
    job_rss: int | None = None
    gpu_percent: float | None = None
    gpu_memory_used: int | None = None
    gpu_temperature: float | None = None


class ModelRecord(Record):
    """A round's aggregated weights."""

    run_id: int
    round: int
    sha256: Sha256
    size: int
    created_at: float
    metrics: dict[str, float] = Field(default_factory=dict)
    sites: list[int] = Field(default_factory=list)
    url: str = ""  # presigned GET, only where one model is read


class TelemetryBatch(Record):
    """device -> hub: records of one stream, numbered without gaps from `first_sequence`."""

    stream: Literal["metrics", "logs", "system", "rounds", "models"]
    first_sequence: int = Field(ge=1)
    records: list[dict[str, Any]]
    spool: str = Field(default="", max_length=40)  # another one numbers anew; nothing is a repeat


class TelemetryAck(Record):
    """hub -> device: the highest sequence of the stream that the hub has without a gap."""

    stream: str
    highest: int


class Approval(Record):
    """A decision the operator has to make or made; lives at the agent."""

    id: int
    run_id: int
    epoch: int
    state: Literal["pending", "approved", "refused", "withdrawn"]
    run_name: str
    project: str
    application: str
    group_id: int
    asked_by: str
    asked_at: float
    role: Role
    engine: str
    content_digest: str
    fingerprint: str  # the digest as words
    builder_key: str = ""
    signed: bool = False
    first_time: bool = True  # no version of this application was approved here before
    changed_files: list[str] = Field(default_factory=list)
    files: list[dict[str, Any]] = Field(default_factory=list)  # path, size, sha256
    parameters: dict[str, Any] = Field(default_factory=dict)
    rounds: int | None = None
    sandbox: str = ""  # what contains the job, in plain words
    scope: Literal["", "once", "run", "standing"] = ""
    decided_at: float | None = None
    decided_by: str = ""
    reason: str = ""
    expires_at: float | None = None
    owner_account_id: int = 0
    owner_key: str = ""
    key_known_since: float | None = None  # when this account's key was first seen here
    key_changed: bool = False  # this account signed with another key before
    seen_before: Literal["", "approved", "refused"] = ""  # the last decision on this very content
    seen_at: float | None = None
    last_approval: int | None = None  # whose version the changes are told against
    last_approved_at: float | None = None
    requirements: list[str] = Field(default_factory=list)  # packages its runtime gets
    data_wanted: list[str] = Field(default_factory=list)  # columns that the package declares
    data: Literal["default", "none", "chosen"] = "default"  # how its data is decided
    dataset: DatasetUse | None = None
    asked_again: str = ""  # why a decision that was made does not hold
    bytes_per_round: int | None = None  # what an earlier run of this application sent


class LocalJob(Record):
    """A job on this machine, as the agent knows it."""

    job_id: str
    run_id: int
    epoch: int
    run_name: str
    project: str
    role: Role
    state: State
    detail: str = ""
    round: int = 0
    rounds: int | None = None
    pid: int | None = None
    started_at: float | None = None
    ended_at: float | None = None
    bytes_up: int = 0
    bytes_down: int = 0
    rss: int | None = None
    waiting_since: float | None = None  # for what `detail` names, where a deadline bounds it
    waiting_until: float | None = None
    hold: JobHold | None = None  # why its next message is withheld, though it may still work


class AgentStatus(Record):
    """The agent as the desktop shows it at the foot of every page."""

    version: str
    home: str
    state: Literal["unbound", "connecting", "online", "silent", "offline"]
    detail: str = ""  # why not online, in a sentence
    hub_url: str = ""
    hub_name: str = ""
    account: Account | None = None
    device: Device | None = None
    heartbeat_age_s: float | None = None
    heartbeat_ms: float | None = None
    approvals_waiting: int = 0
    jobs: list[LocalJob] = Field(default_factory=list)
    hardware: Hardware = Hardware()
    system: SystemSample | None = None
    bytes_up_today: int = 0
    bytes_down_today: int = 0
    bytes_by_kind: dict[str, int] = Field(default_factory=dict)  # updates | metrics | logs | other
    subscribed: list[str] = Field(default_factory=list)
    rules: list[RuleState] = Field(default_factory=list)  # house rules as they stand now
    all_paused: str = ""  # why every job is paused by hand, or nothing
    prewarmed: bool = False  # an idle worker waits, its frameworks imported
