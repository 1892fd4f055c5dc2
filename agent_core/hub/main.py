"""Run a hub: services, database, broker link, HTTP; until a signal ends it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy import select

from agent_core import lifeline
from agent_core.errors import StorageError
from agent_core.hub import address, devices, tables
from agent_core.hub.arrivals import Arrivals
from agent_core.hub.broker import write_secret
from agent_core.hub.external import ExternalServices
from agent_core.hub.factory import create_hub
from agent_core.hub.listener import Listener
from agent_core.hub.migrate import migrate
from agent_core.hub.nats_config import DeviceLogin
from agent_core.hub.publisher import Publisher
from agent_core.hub.relay import Relay
from agent_core.hub.services import Endpoints, Services
from agent_core.hub.settings import HubSettings
from agent_core.hub.state import BrokerAddress, Hub
from agent_core.hub.store import Store, sqlite_url
from agent_core.hub.sweeper import Sweeper
from agent_core.paths import Home
from agent_core.protocol.topics import HUB_SUBSCRIPTIONS
from agent_core.transport.mqtt import MqttLink
from agent_core.transport.rest import system_trust

log = logging.getLogger(__name__)

GRACE_S = 3  # for requests that are being answered when the hub is told to end


@dataclass(frozen=True)
class HubOptions:
    """What a person chose when starting a hub."""

    home: Home
    host: str = "127.0.0.1"
    port: int | None = None
    database: str = field(default="", repr=False)  # may hold a password
    services: ExternalServices = field(default_factory=ExternalServices)
    settings: HubSettings = field(default_factory=HubSettings)
    lifeline: int | None = None  # the hub ends when this is cut


def run_hub(options: HubOptions, on_ready: Callable[[str], None]) -> None:
    """Run a hub in this process until SIGTERM or SIGINT; `on_ready` gets its address."""
    address.check_host(options.host)
    folder = _folder(options.home)
    with (
        contextlib.closing(address.listen(folder, options.port)) as sock,
        contextlib.suppress(asyncio.CancelledError),  # the lifeline was cut
    ):
        asyncio.run(_serve(options, folder, sock, on_ready))


def _folder(home: Home) -> Path:
    try:
        home.make()
        home.hub.mkdir(exist_ok=True)
        home.hub.chmod(0o700)
    except OSError as error:
        raise StorageError(
            f"The hub's folder {home.hub} cannot be made: {error.strerror}.",
            next_step="Name another folder with --home.",
            code="storage.home",
        ) from error
    return home.hub


async def _serve(
    options: HubOptions, folder: Path, sock: socket.socket, on_ready: Callable[[str], None]
) -> None:
    if options.lifeline is not None and (task := asyncio.current_task()) is not None:
        loop = asyncio.get_running_loop()
        lifeline.watch(options.lifeline, lambda: loop.call_soon_threadsafe(task.cancel))
    async with contextlib.AsyncExitStack() as stack:
        store = Store(options.database or sqlite_url(folder / "hub.sqlite3"))
        stack.callback(store.close)
        services = Services(options.home, options.services)
        stack.push_async_callback(services.stop)
        endpoints = await _start(services, store)
        hub = Hub(
            store=store,
            folder=folder,
            settings=_named(options.settings, folder / "name"),
            secret=_secret(folder / "secret"),
            url=f"http://127.0.0.1:{sock.getsockname()[1]}",
            objects=services.objects,
            broker=services.broker,
            health=services.health,
            broker_address=BrokerAddress(
                endpoints.mqtt_host, endpoints.mqtt_port, endpoints.mqtt_tls
            ),
        )
        await services.broker.sync(await asyncio.to_thread(_logins, hub))
        tasks = await _connect(hub, endpoints, stack)
        server = _Server(
            uvicorn.Config(
                create_hub(hub),
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=GRACE_S,
                timeout_keep_alive=30,
                ws="none",
            )
        )
        found = folder / "hub.json"
        stack.callback(found.unlink, missing_ok=True)
        server.on_started = lambda: _announce(found, hub, endpoints, on_ready)
        await _until_end(server, sock, tasks)


async def _start(services: Services, store: Store) -> Endpoints:
    """Start the services while the database is brought up to date."""
    started, migrated = await asyncio.gather(
        services.start(), asyncio.to_thread(migrate, store), return_exceptions=True
    )
    # Both have ended; the database's error is the plainer one where both failed.
    if isinstance(migrated, BaseException):
        raise migrated
    if isinstance(started, BaseException):
        raise started
    return started


def _announce(path: Path, hub: Hub, endpoints: Endpoints, on_ready: Callable[[str], None]) -> None:
    address.announce(
        path,
        {
            "url": hub.url,
            "pid": os.getpid(),
            "name": hub.settings.name,
            "mqtt": {"host": endpoints.mqtt_host, "port": endpoints.mqtt_port},
            "s3": {"url": endpoints.s3_url},
        },
    )
    on_ready(hub.url)


def _logins(hub: Hub) -> list[DeviceLogin]:
    table = tables.devices
    with hub.store.read() as reader:
        rows = reader.all(select(table).where(table.c.revoked.is_(False)))
    logins = [devices.broker_login(hub.secret, row) for row in rows]
    return [DeviceLogin(x.edge_id, x.account_id, x.username, x.password) for x in logins]


def _secret(path: Path) -> bytes:
    """Return the hub's own secret, from which the devices' broker passwords derive."""
    try:
        return bytes.fromhex(path.read_text("ascii").strip())
    except FileNotFoundError:
        fresh = secrets.token_bytes(32)
        write_secret(path, fresh.hex() + "\n")
        return fresh
    except (OSError, ValueError) as error:
        raise StorageError(
            f"The hub's secret in {path} cannot be read.",
            next_step="Restore it from a backup; without it every device has to be bound again.",
            code="storage.secret",
        ) from error


def _named(settings: HubSettings, path: Path) -> HubSettings:
    """Return the settings with the hub's name, which a restart keeps."""
    if settings.name:
        write_secret(path, settings.name + "\n")
        return settings
    try:
        return replace(settings, name=path.read_text("utf-8").strip())
    except OSError:
        return replace(settings, name="SiloDesk hub")


async def _connect(
    hub: Hub, endpoints: Endpoints, stack: contextlib.AsyncExitStack
) -> list[asyncio.Task[None]]:
    """Connect to the broker and start what works beside HTTP."""
    publisher = Publisher(hub.store, hub.counters)
    relay = Relay(hub.url_of, hub.counters)
    arrivals = Arrivals(hub.store, hub.object_store.head)
    listener = Listener(hub.store, relay, arrivals, hub.counters, hub.vitals, hub.instance)

    def on_state(is_connected: bool, detail: str) -> None:
        if is_connected:
            task = asyncio.ensure_future(asyncio.to_thread(listener.greeting))
            task.add_done_callback(greet)
        else:
            log.warning("The hub's line to the broker: %s", detail)

    def greet(task: asyncio.Future[list[Any]]) -> None:
        if not task.cancelled() and task.exception() is None:
            for item in task.result():
                publisher.publish(item.topic, item.payload)

    link = MqttLink(
        endpoints.mqtt_host,
        endpoints.mqtt_port,
        endpoints.mqtt_username,
        endpoints.mqtt_password,
        f"silodesk-hub-{secrets.token_hex(8)}",
        on_message=listener.heard,
        on_state=on_state,
        tls=system_trust() if endpoints.mqtt_tls else None,
        clean=True,
    )
    publisher.attach(asyncio.get_running_loop(), link)
    stack.push_async_callback(link.close)
    await link.subscribe(HUB_SUBSCRIPTIONS)
    await link.connect()
    hub.link = link
    sweeper = Sweeper(hub.store, hub.objects, hub.settings)
    works: list[Coroutine[Any, Any, None]] = [
        listener.work(), publisher.tell_changes(), sweeper.work()
    ]  # fmt: skip
    tasks = [asyncio.create_task(work) for work in works]
    stack.push_async_callback(_cancel, tasks)
    return tasks


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Server(uvicorn.Server):
    """uvicorn, with a word when it listens."""

    on_started: Callable[[], None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.on_started is not None:
            self.on_started()


async def _until_end(server: _Server, sock: socket.socket, tasks: list[asyncio.Task[None]]) -> None:
    loop = asyncio.get_running_loop()

    def end(*_: Any) -> None:
        server.should_exit = True

    # uvicorn puts its own handlers over these and raises the signal again when it is through;
    # then these make it harmless, so that the children are ended in peace.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    serving = loop.create_task(server.serve(sockets=[sock]))
    done, _ = await asyncio.wait([serving, *tasks], return_when=asyncio.FIRST_COMPLETED)
    if serving not in done:  # a task of the hub ended, which none should
        server.should_exit = True
        await serving
    for task in done:
        task.result()
