"""What a running hub consists of, passed to everything that serves it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from agent_core.errors import ServiceError
from agent_core.hub import devices, identity
from agent_core.hub.counters import Counters
from agent_core.hub.ingest import Ingest
from agent_core.hub.logs import LogFiles
from agent_core.hub.model_check import ModelChecks
from agent_core.hub.ports import Broker, LinkState, Objects, PackageReader
from agent_core.hub.sessions import Brake
from agent_core.hub.settings import HubSettings
from agent_core.hub.storage_book import StorageBook
from agent_core.hub.store import Reader, Store
from agent_core.hub.vitals import VitalsBoard
from agent_core.protocol.records import Binding, BrokerAccess, PackageInfo


@dataclass(frozen=True)
class BrokerAddress:
    """Where devices reach the broker."""

    host: str = "127.0.0.1"
    port: int = 0
    tls: bool = False


def read_package(path: Path, size: int, sha256: str) -> PackageInfo:
    """Read and verify a package file with agent_core.packages."""
    from agent_core.hub.intake import read  # reading packages needs much that starting does not

    return read(path, size, sha256)


@dataclass
class Hub:
    """The parts of one hub."""

    store: Store
    folder: Path
    settings: HubSettings = field(default_factory=HubSettings)
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    url: str = "http://127.0.0.1:8750"
    objects: Objects | None = None
    broker: Broker | None = None
    broker_address: BrokerAddress = field(default_factory=BrokerAddress)
    link: LinkState | None = None
    read_package: PackageReader = read_package
    counters: Counters = field(default_factory=Counters)
    health: Callable[[], dict[str, tuple[str, int]]] = dict  # child -> its fault, its restarts
    started_at: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        self.storage = StorageBook()
        self.logs = LogFiles(self.folder / "logs", self.settings.log_chunk)
        self.ingest = Ingest(self.logs, self.counters)
        self.vitals = VitalsBoard()
        self.model_checks = ModelChecks()
        self.brake = Brake(self.settings.sign_in_failures, self.settings.sign_in_window_s)

    @cached_property
    def instance(self) -> str:
        """Return the hub's own identity."""
        return identity.instance(self.store)

    @property
    def object_store(self) -> Objects:
        """Return the object store; raises where the hub has none."""
        if self.objects is None:
            raise ServiceError(
                "This hub runs without an object store.",
                next_step="Start it with `silodesk hub`, or name one with --s3.",
                code="service.store",
            )
        return self.objects

    def url_of(self, key: str) -> str:
        """Return a URL for reading an object."""
        return self.object_store.presign_get(key, self.settings.url_valid_s)

    def login(self, reader: Reader, edge_id: int) -> devices.BrokerLogin:
        """Return what a device shows to the broker."""
        return devices.broker_login(self.secret, devices.find(reader, edge_id))

    def binding(self, reader: Reader, edge_id: int, token: str) -> Binding:
        """Return what binding or renewing a device answers."""
        row = devices.find(reader, edge_id)
        login = devices.broker_login(self.secret, row)
        return Binding(
            device=devices.record(row),
            device_token=token,
            broker=BrokerAccess(
                host=self.broker_address.host,
                port=self.broker_address.port,
                tls=self.broker_address.tls,
                username=login.username,
                password=login.password,
                client_id=login.client_id,
            ),
            expires_at=row["token_expires_at"],
            hub=self.instance,
        )

    async def admit(self, login: devices.BrokerLogin) -> None:
        """Let a device in at the broker, with its newest password."""
        if self.broker is not None:
            await self.broker.set_device(
                login.edge_id, login.account_id, login.username, login.password
            )

    async def shut_out(self, edge_id: int) -> None:
        """Shut a device out at the broker."""
        if self.broker is not None:
            await self.broker.remove_device(edge_id)
