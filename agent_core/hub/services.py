"""The hub's broker and object store: its own as supervised children, or outside ones by address."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import IO, TypeVar

from agent_core.errors import ServiceError, UnreachableError
from agent_core.hub import loopback, mosquitto, seaweed
from agent_core.hub.broker import BrokerControl, NatsBroker
from agent_core.hub.children import Child, Program
from agent_core.hub.external import ExternalServices
from agent_core.hub.mosquitto import MosquittoBroker
from agent_core.hub.mqtt_probe import handshake
from agent_core.hub.nats_config import HUB_USER
from agent_core.hub.objects import ObjectStore
from agent_core.hub.premises import check_disk, find_program, keep_secrets, lock
from agent_core.paths import Home
from agent_core.transport.rest import system_trust

BUCKET = "silodesk"
PORT_ATTEMPTS = 3
NATS_PORTS = ("mqtt", "nats")

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Endpoints:
    """Where the services are and how the hub signs in; passwords and keys are secrets."""

    mqtt_host: str
    mqtt_port: int
    mqtt_tls: bool
    mqtt_username: str
    mqtt_password: str = field(repr=False)
    s3_url: str
    s3_access_key: str = field(repr=False)
    s3_secret_key: str = field(repr=False)
    bucket: str = BUCKET


class Services:
    """Start in the thread that lives as long as the hub: its end is the children's end."""

    def __init__(self, home: Home, external: ExternalServices | None = None) -> None:
        self._folder = home.hub
        self._external = external or ExternalServices()
        self._children: dict[str, Child] = {}
        self.store_ports: dict[str, int] = {}
        self._lock: IO[str] | None = None
        self._broker: BrokerControl | None = None
        self._objects: ObjectStore | None = None

    @property
    def broker(self) -> BrokerControl:
        """Return the control of the broker's users."""
        return _started(self._broker)

    @property
    def objects(self) -> ObjectStore:
        """Return the object store."""
        return _started(self._objects)

    def faults(self) -> dict[str, str]:
        """Return what is wrong with each child, by name; empty sentences are health."""
        return {name: child.fault for name, child in self._children.items()}

    def health(self) -> dict[str, tuple[str, int]]:
        """Return each child's fault (empty is health) and how often it was started again."""
        return {name: (child.fault, child.restarts) for name, child in self._children.items()}

    def pids(self) -> dict[str, int | None]:
        """Return the process id of each child that runs."""
        return {name: child.pid for name, child in self._children.items()}

    async def start(self) -> Endpoints:
        """Start or reach broker and store and return where they are; raises SiloDeskErrors."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        self._lock = lock(self._folder / "services.lock")
        try:
            broker, store = await _both(self._start_broker(), self._start_store())
        except BaseException:  # whatever it is, no child stays behind
            await self.stop()
            raise
        host, port, tls, username, password = broker
        url, access_key, secret_key, bucket = store
        return Endpoints(host, port, tls, username, password, url, access_key, secret_key, bucket)

    async def start_store(self) -> None:
        """Start or reach the store alone, for backup and restore."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = lock(self._folder / "services.lock")
        try:
            await self._start_store()
        except BaseException:  # whatever it is, no child stays behind
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the children, or take leave of what is external."""
        await asyncio.gather(*(child.stop() for child in self._children.values()))
        self._children.clear()
        seaweed.forget_sockets(self.store_ports)
        if isinstance(self._broker, MosquittoBroker):
            await self._broker.close()
        if self._objects is not None:
            self._objects.close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def _start_broker(self) -> tuple[str, int, bool, str, str]:
        outside = self._external.broker()
        if outside is not None:
            trust = system_trust() if outside.tls else None
            control = MosquittoBroker(
                outside.host, outside.port, outside.username, outside.password, trust
            )
            self._broker = control
            password = keep_secrets(self._folder / "mosquitto.json", ["hub"])["hub"]
            await control.start(password)
            return outside.host, outside.port, outside.tls, mosquitto.HUB_USER, password
        return await _with_other_ports(self._start_nats)

    async def _start_nats(self) -> tuple[str, int, bool, str, str]:
        folder = self._folder / "broker"
        folder.mkdir(exist_ok=True)
        ports = loopback.claim(self._folder / "ports-broker.json", NATS_PORTS)
        password = keep_secrets(folder / "secrets.json", ["hub_password"])["hub_password"]
        broker = NatsBroker(folder, ports, password)
        broker.write()

        async def is_ready() -> bool:
            return await handshake(loopback.LOOPBACK, ports["mqtt"], HUB_USER, password) == 0

        program = Program(
            title="The message broker",
            command=[find_program("nats-server"), "-c", str(broker.config)],
            folder=folder,
            is_ready=is_ready,
            environment={"GOMEMLIMIT": "256MiB"},
        )
        child = self._children["broker"] = Child(program)
        broker.attach(child)
        self._broker = broker
        await child.start()
        return loopback.LOOPBACK, ports["mqtt"], False, HUB_USER, password

    async def _start_store(self) -> tuple[str, str, str, str]:
        outside = self._external.store()
        if outside is not None:
            access_key, secret_key = outside.access_key, outside.secret_key
            url, bucket = outside.url, outside.bucket
        else:
            url, access_key, secret_key = await _with_other_ports(self._start_seaweed)
            bucket = BUCKET
        self._objects = ObjectStore(url, access_key, secret_key, bucket)
        await asyncio.to_thread(self._objects.wait_until_it_serves)
        return url, access_key, secret_key, bucket

    async def _start_seaweed(self) -> tuple[str, str, str]:
        folder = self._folder / "store"
        folder.mkdir(exist_ok=True)
        check_disk(folder)
        book = self._folder / "ports-store.json"
        ports = loopback.claim(book, seaweed.PORTS, seaweed.BESIDE)
        keys = keep_secrets(folder / "secrets.json", seaweed.SECRETS)
        self.store_ports = ports
        seaweed.forget_sockets(ports)
        program = seaweed.program(find_program("weed"), folder, ports, keys)
        child = self._children["store"] = Child(program)
        await child.start()
        url = f"http://{loopback.LOOPBACK}:{ports['s3']}"
        return url, keys["access_key"], keys["secret_key"]


async def _with_other_ports(start: Callable[[], Awaitable[Thing]]) -> Thing:
    """Start again where another program took a port between looking and listening."""
    for _ in range(PORT_ATTEMPTS - 1):
        try:
            return await start()
        except ServiceError as error:
            if error.code != "service.port":
                raise
    return await start()


async def _both(
    broker: Awaitable[tuple[str, int, bool, str, str]], store: Awaitable[tuple[str, str, str, str]]
) -> tuple[tuple[str, int, bool, str, str], tuple[str, str, str, str]]:
    """Wait for both to end before raising what one of them raised."""
    first, second = await asyncio.gather(broker, store, return_exceptions=True)
    if isinstance(first, BaseException):
        raise first
    if isinstance(second, BaseException):
        raise second
    return first, second


def _started(thing: Thing | None) -> Thing:
    if thing is None:
        raise UnreachableError("The hub's services are not started yet.")
    return thing
