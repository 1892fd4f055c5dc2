"""An agent in the test's own process, bound to a hub that is not there: orders come by hand."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent_core.agent import assembly as assembly_module
from agent_core.agent.assembly import Assembly
from agent_core.agent.credentials import Credentials
from agent_core.jobs import runtime
from agent_core.jobs.runtime import Runtime
from agent_core.jobs.supervisor import Supervisor
from agent_core.keys import FileStore, public_text
from agent_core.packages.builder import BuildRequest, BuildResult, build
from agent_core.paths import Home
from agent_core.protocol import signing
from agent_core.protocol.messages import (
    Edge,
    PackageRef,
    Peer,
    RoundMessage,
    RunPlan,
    Shape,
    StartOrder,
    StatusMessage,
    StopOrder,
    to_payload,
)
from agent_core.protocol.records import Binding, BrokerAccess, Device
from agent_core.protocol.states import Role, State
from agent_core.settings import Settings

EDGE, SERVER_EDGE = 2, 1
NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens


def make_package(
    folder: Path, text: str = "print('hello')\n", key: Any = None, role: str = "client"
) -> BuildResult:
    """Build a script package whose run the fake worker replaces by the parameter `code`."""
    source = folder / "source"
    (source / "config").mkdir(parents=True, exist_ok=True)
    (source / "main.py").write_text(text)
    (source / "config" / "fedml_config.yaml").write_text("train_args:\n  comm_round: 3\n")
    return build(
        BuildRequest(
            type=role, source_folder=source, entry_point="main.py",
            config_folder=source / "config", dest_folder=folder, engine="script", key=key,
        )
    )  # fmt: skip


def bind_by_hand(home: Home, credentials: Path) -> None:
    """Put a binding into the store as if a hub had answered."""
    device = Device(
        edge_id=EDGE, device_id="0x1@Linux.Edge.Device", name="d", silo="St. Anna",
        account_id=1, public_key="", state=State.IDLE, created_at=time.time(),
    )  # fmt: skip
    broker = BrokerAccess(
        host="127.0.0.1", port=9, username="d2", password="p", client_id="silodesk-x"
    )
    Credentials(FileStore(credentials, home)).keep_binding(
        NOWHERE,
        Binding(
            device=device, device_token="t", broker=broker, expires_at=time.time() + 86400
        ),
    )  # fmt: skip


@dataclass
class AgentBench:
    """Start, feed and look into an agent without a hub."""

    home: Home
    package: BuildResult
    owner: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    settings: Settings = field(default_factory=Settings)
    made: Assembly | None = None
    changed: list[Any] = field(default_factory=list)
    _inbox: int = 0

    @property
    def agent(self) -> Assembly:
        """Return the running assembly."""
        assert self.made is not None
        return self.made

    async def start(self) -> None:
        """Start an agent on the home, or start it again."""
        credentials = self.home.credentials
        if not credentials.exists():
            bind_by_hand(self.home, credentials)
        self.made = await Assembly.make(
            self.home, credentials, lambda: self.settings, self.change, lambda: None,
            self.changed.append,
        )  # fmt: skip
        handles = await self.made.parts.supervisor.attach_all()
        self.strays = self.made.dispatcher.resume(handles)

    def change(self, **fields: Any) -> Settings:
        """Change settings in memory."""
        self.settings = self.settings.model_copy(update=fields)
        return self.settings

    async def stop(self) -> None:
        """End the agent as SIGTERM does; jobs go on."""
        if self.made is not None:
            await self.made.close()
            self.made = None

    def place_package(self, package: BuildResult | None = None) -> PackageRef:
        """Put a package where the agent would have fetched it to."""
        package = package or self.package
        target = self.home.packages / f"{package.zip_sha256}.zip"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(package.package_path.read_bytes())
        return self.ref(package)

    def ref(self, package: BuildResult | None = None) -> PackageRef:
        """Return how a plan names a package."""
        package = package or self.package
        return PackageRef(
            role=Role.CLIENT, name="p", content_digest=package.content_digest,
            zip_sha256=package.zip_sha256, size=package.size, engine="script",
        )  # fmt: skip

    def order(self, run_id: int = 1, epoch: int = 1, code: str = "", **plan: Any) -> StartOrder:
        """Return a signed start order for this device."""
        fields: dict[str, Any] = {
            "run_id": run_id, "epoch": epoch, "run_name": "r", "project": "p", "group_id": 1,
            "application": "app", "packages": [self.ref()],
            "edges": [
                Edge(edge_id=SERVER_EDGE, device_name="s", silo="Lab", role=Role.SERVER, rank=0),
                Edge(edge_id=EDGE, device_name="d", silo="St. Anna", role=Role.CLIENT, rank=1),
            ],
            "parameters": {"code": code}, "rounds": 3, "issued_at": time.time(),
            "expires_at": time.time() + 600, "owner_name": "Elif", "owner_account_id": 7,
        }  # fmt: skip
        content = RunPlan(**{**fields, **plan})
        return StartOrder(
            inbox_seq=self.number(), edge_id=EDGE, plan=content,
            owner_key=public_text(self.owner),
            signature=signing.sign(self.owner, content.model_dump(mode="json")), package_url="",
        )  # fmt: skip

    def stop_order(self, run_id: int = 1, epoch: int = 1, reason: str = "enough") -> StopOrder:
        """Return a stop order."""
        return StopOrder(
            inbox_seq=self.number(), edge_id=EDGE, run_id=run_id, epoch=epoch, reason=reason
        )

    def round_message(self, message_id: str = "m1", **fields: Any) -> RoundMessage:
        """Return a message of the server's job."""
        values = {
            "inbox_seq": self.number(), "run_id": 1, "epoch": 1, "from_edge": SERVER_EDGE,
            "to_edge": EDGE, "message_id": message_id, "round": 1,
        }  # fmt: skip
        return RoundMessage(**{**values, **fields})

    def peer(self, edge_id: int = 9) -> Peer:
        """Return news of another device."""
        return Peer(inbox_seq=self.number(), run_id=1, epoch=1, edge_id=edge_id, state=State.FAILED)

    def number(self) -> int:
        """Return the next inbox number."""
        self._inbox += 1
        return self._inbox

    def tell(self, message: Shape, body: bytes = b"") -> None:
        """Hand the agent a message as if the broker had brought it."""
        self.agent.dispatcher.on_payload("inbox", to_payload(message, body))

    def allow(self) -> None:
        """Give a standing approval for the package."""
        self.agent.parts.approvals.standing.allow(self.package.content_digest, "test")

    def state(self, run_id: int = 1) -> State | None:
        """Return the state of the run's job."""
        job = self.agent.parts.book.of_run(run_id)
        return job.state if job else None

    def statuses(self) -> list[StatusMessage]:
        """Return the status messages that wait for the hub."""
        box = self.agent.parts.mailbox
        kept = [box.get("status", number) for number in box.ready("status")]
        return [StatusMessage.model_validate_json(item.header) for item in kept if item]

    def outbox(self) -> list[tuple[RoundMessage, bytes]]:
        """Return the round messages that may leave."""
        box = self.agent.parts.mailbox
        kept = [box.get("outbox", number) for number in box.ready("outbox")]
        return [(RoundMessage.model_validate_json(item.header), item.body) for item in kept if item]

    def spooled(self, stream: str) -> list[dict[str, Any]]:
        """Return the records of a stream that wait for the hub."""
        spool = self.agent.push._spool
        batch = spool.batch(stream, 10_000)
        return batch.records if batch else []

    async def until(self, is_so: Callable[[], bool], what: str, bound_s: float = 20.0) -> None:
        """Wait on the loop until something is so; fails after the bound."""
        deadline = time.monotonic() + bound_s
        while not is_so():
            assert time.monotonic() < deadline, f"not within {bound_s} s: {what}; {self.statuses()}"
            await asyncio.sleep(0.01)

    async def until_state(self, state: State, run_id: int = 1) -> None:
        """Wait until the run's job is in a state."""
        await self.until(lambda: self.state(run_id) == state, f"run {run_id} {state}")


def replace_parts(monkeypatch: Any, worker: Path) -> None:
    """Let jobs run the fake worker under this Python instead of a runtime with torch."""
    monkeypatch.setattr(assembly_module, "Supervisor", lambda home: Supervisor(home, worker))
    made = Runtime(Path(sys.executable), "test")
    monkeypatch.setattr(runtime, "ensure", lambda *_args, **_options: made)
    monkeypatch.setattr("agent_core.agent.job_path.STOP_GRACE_S", 0.3)
    # A hub that is away must not hold the end of a job up.
    monkeypatch.setattr("agent_core.agent.job_path.SETTLE_S", 0.1)
    monkeypatch.setattr("agent_core.agent.job_path.STOP_SETTLE_S", 0.1)
