"""What travels over MQTT between hub and device: shapes, validated on arrival.

Every payload is an envelope (protocol/envelope.py) whose header is one of these models.
Sequences: a sender numbers what it sends per stream; the receiver acknowledges; the sender keeps
it until then and sends it again after RESEND_AFTER_S or on every reconnect. Receivers drop repeats.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from agent_core.errors import ProtocolError
from agent_core.protocol.envelope import pack, unpack
from agent_core.protocol.record import Sha256
from agent_core.protocol.records_data import DatasetShown
from agent_core.protocol.states import Role, Stage, State
from agent_core.protocol.vitals import Vitals

VERSION = 1
RESEND_AFTER_S = 5.0
HEARTBEAT_EVERY_S = 10.0
SILENT_AFTER_S = 15.0  # presence shown as SILENT when no heartbeat came for this long
OFFLINE_AFTER_S = 60.0
# The url of a tensor that travels in the message's own body: 4 bytes big-endian length of the
# inline part, the inline part, the tensors in the order of `blobs`. All of them, or none.
INLINE = "inline:"


class Shape(BaseModel):
    """The base of all messages: frozen, unknown fields ignored, versioned."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    version: int = VERSION


class Edge(Shape):
    """A device's part in a run."""

    edge_id: int
    device_name: str
    silo: str
    role: Role
    rank: int = Field(ge=0)  # the server's is 0, clients count from 1


class PackageRef(Shape):
    """Which package, by content and by file."""

    role: Role
    name: str
    content_digest: Sha256
    zip_sha256: Sha256
    size: int  # bytes
    engine: str  # flower | script | fedml


class RunPlan(Shape):
    """What the run's owner signs: everything that decides what runs where."""

    run_id: int
    epoch: int
    run_name: str
    project: str
    group_id: int
    application: str
    packages: list[PackageRef]  # one, or one per role; a Flower app's one package serves both
    edges: list[Edge]
    parameters: dict[str, Any] = Field(default_factory=dict)
    rounds: int | None = None
    round_deadline_s: float = 600.0
    quorum: int = 1  # silos whose answer a round needs
    issued_at: float  # seconds since the epoch
    expires_at: float
    owner_name: str
    owner_account_id: int

    def edge(self, edge_id: int) -> Edge:
        """Return a device's part; raises ProtocolError for a device outside the run."""
        for edge in self.edges:
            if edge.edge_id == edge_id:
                return edge
        raise ProtocolError(f"Device {edge_id} has no part in run {self.run_id}.")

    def package(self, role: Role) -> PackageRef:
        """Return the package of a role (the only one where one serves both)."""
        for package in self.packages:
            if package.role == role:
                return package
        return self.packages[0]


class StartOrder(Shape):
    """hub -> device on start_train."""

    kind: Literal["start"] = "start"
    inbox_seq: int
    edge_id: int
    plan: RunPlan
    owner_key: str
    signature: str  # by owner_key over canonical(plan.model_dump(mode="json"))
    package_url: str  # presigned GET, short-lived; a fresh one comes from the hub's REST


class StopOrder(Shape):
    """hub -> device on stop_train."""

    kind: Literal["stop"] = "stop"
    inbox_seq: int
    edge_id: int
    run_id: int
    epoch: int
    reason: str = ""
    by: str = ""


class PauseOrder(Shape):
    """hub -> the server job's device: the run's owner pauses it at its round's end, or resumes."""

    kind: Literal["pause"] = "pause"
    inbox_seq: int
    run_id: int
    epoch: int
    number: int  # rises with each order of a run; an older one than the last is dropped
    on: bool
    by: str = ""
    reason: str = ""


class BlobRef(Shape):
    """Tensor bytes that travel apart from their message, named by content."""

    sha256: Sha256
    size: int
    url: str = ""  # presigned GET, filled in by the hub when it forwards; or INLINE


class RoundMessage(Shape):
    """A Flower message between server job and client job.

    device -> hub in the outbox: `to_edge` and no urls. hub -> device in the inbox: `inbox_seq`.
    The body of the envelope is the inline part: Flower's message as the engine encoded it.
    """

    kind: Literal["round"] = "round"
    sequence: int = 0  # of the sending device's outbox
    inbox_seq: int = 0  # of the receiving device's inbox
    run_id: int
    epoch: int
    from_edge: int
    to_edge: int
    message_id: str
    reply_to: str = ""
    round: int = 0
    blobs: list[BlobRef] = Field(default_factory=list)


class Peer(Shape):
    """hub -> the server job's device: a client will not answer any more, is paused, or is back."""

    kind: Literal["peer"] = "peer"
    inbox_seq: int
    run_id: int
    epoch: int
    edge_id: int
    state: State
    reason: str = ""


class Ack(Shape):
    """hub -> device: the hub has these for good. One stream: status, outbox, or active."""

    kind: Literal["ack"] = "ack"
    stream: Literal["status", "outbox", "active"]
    sequences: list[int]
    hub_time: float = 0.0
    hub: str = ""  # of heartbeats: which hub answers


class InboxAck(Shape):
    """device -> hub in the outbox: the device has committed these inbox messages and orders."""

    kind: Literal["inbox_ack"] = "inbox_ack"
    inbox_seqs: list[int]


class HubHello(Shape):
    """hub -> device: the hub (re)started or wants everything not acknowledged again."""

    kind: Literal["hello"] = "hello"
    hub_time: float = 0.0


class Changed(Shape):
    """hub -> ui topic and inbox: something that people look at changed; fetch it if shown."""

    kind: Literal["changed"] = "changed"
    what: str  # run | device | group | project | application | invitation | metrics | logs | models
    id: int = 0
    change: int = 0  # rises with every change


class StatusMessage(Shape):
    """device -> hub on status: the device's part in a run changed, or a stage was reached."""

    kind: Literal["status"] = "status"
    sequence: int
    edge_id: int
    run_id: int
    epoch: int
    state: State
    stage: Stage | None = None
    round: int | None = None
    rounds: int | None = None
    detail: str = ""  # a sentence for people: cause, or what is waited for
    waiting_until: float | None = None
    bytes_up: int = 0  # of this run so far
    bytes_down: int = 0
    dataset: DatasetShown | None = None  # with the stage "approved": what the job is given
    at: float


class Presence(Shape):
    """device -> hub on active: heartbeat, acknowledged in the inbox."""

    kind: Literal["active"] = "active"
    sequence: int
    edge_id: int
    state: State = State.IDLE
    agent_version: str = ""
    running: list[int] = Field(default_factory=list)  # run ids of live jobs
    resync: bool = False  # just connected: send everything not acknowledged again
    vitals: Vitals | None = None  # the machine's figures of this moment
    at: float


class LastWill(Shape):
    """device -> hub on last_will_msg, sent by the broker."""

    kind: Literal["last_will"] = "last_will"
    edge_id: int


Inbox = Annotated[
    StartOrder | StopOrder | PauseOrder | RoundMessage | Peer | Ack | HubHello | Changed,
    Field(discriminator="kind"),
]
FromDevice = Annotated[
    RoundMessage | InboxAck | StatusMessage | Presence | LastWill,
    Field(discriminator="kind"),
]
_INBOX: TypeAdapter[Inbox] = TypeAdapter(Inbox)
_FROM_DEVICE: TypeAdapter[FromDevice] = TypeAdapter(FromDevice)


def to_payload(message: Shape, body: bytes = b"") -> bytes:
    """Return the MQTT payload of a message and its inline body."""
    return pack(message.model_dump_json().encode(), body)


def from_hub(payload: bytes) -> tuple[Inbox, bytes]:
    """Return the message (and body) that a device received; raises ProtocolError."""
    header, body = unpack(payload)
    try:
        return _INBOX.validate_json(header), body
    except ValidationError as error:
        raise ProtocolError(
            f"The hub sent a message of an unknown shape: {_first(error)}"
        ) from error


def from_device(payload: bytes) -> tuple[FromDevice, bytes]:
    """Return the message (and body) that the hub received; raises ProtocolError."""
    header, body = unpack(payload)
    try:
        return _FROM_DEVICE.validate_json(header), body
    except ValidationError as error:
        raise ProtocolError(
            f"A device sent a message of an unknown shape: {_first(error)}"
        ) from error


def _first(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
