"""Who may speak and listen on the broker: devices come, change and go while it runs."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from agent_core.errors import ServiceError
from agent_core.hub.children import Child
from agent_core.hub.nats_config import DeviceLogin, render

RELOAD_BOUND_S = 15.0
# On SIGHUP nats-server reads its configuration anew. Where there is none (Windows) the child is
# ended, and its supervisor starts it with the new one.
_RELOAD_SIGNAL = getattr(signal, "SIGHUP", signal.SIGTERM)
_RELOADED = b"Reloaded server configuration"
_REFUSED = b"Failed to reload server configuration"


class BrokerControl(Protocol):
    """The broker's users, as the hub sets them."""

    async def set_device(self, edge_id: int, account_id: int, username: str, password: str) -> None:
        """Let a device in with exactly its topics, or change its password; returns in effect."""

    async def remove_device(self, edge_id: int) -> None:
        """Shut a device out and drop its connection."""

    async def sync(self, devices: Sequence[DeviceLogin]) -> None:
        """Make the broker know these devices and no others."""


class NatsBroker:
    """The users of the embedded nats-server: a file of its configuration, and a signal."""

    def __init__(self, folder: Path, ports: dict[str, int], hub_password: str) -> None:
        """Remember the devices of the last time, so that they may come back before the hub asks."""
        self.config = folder / "nats.conf"
        self._book = folder / "devices.json"
        self._folder, self._ports, self._hub_password = folder, ports, hub_password
        self._devices = self._read()
        self._child: Child | None = None
        self._lock = asyncio.Lock()
        self._asked = 0  # rises with every change
        self._applied = 0  # the last change that the broker knows

    def attach(self, child: Child) -> None:
        """Name the child that reads the configuration."""
        self._child = child

    async def set_device(self, edge_id: int, account_id: int, username: str, password: str) -> None:
        """Let a device in with exactly its topics, or change its password; returns in effect."""
        login = DeviceLogin(edge_id, account_id, username, password)
        if self._devices.get(edge_id) != login:
            self._devices[edge_id] = login
            self._asked += 1
        await self._take_effect()

    async def remove_device(self, edge_id: int) -> None:
        """Shut a device out and drop its connection."""
        if self._devices.pop(edge_id, None) is not None:
            self._asked += 1
        await self._take_effect()

    async def sync(self, devices: Sequence[DeviceLogin]) -> None:
        """Make the broker know these devices and no others."""
        wanted = {device.edge_id: device for device in devices}
        if wanted != self._devices:
            self._devices = wanted
            self._asked += 1
        await self._take_effect()

    def write(self) -> None:
        """Write configuration and book of devices, each whole or not at all."""
        store = self._folder / "jetstream"
        text = render(
            ports=self._ports,
            store=store,
            hub_password=self._hub_password,
            devices=self._devices.values(),
        )
        write_secret(self.config, text)
        book = [asdict(device) for device in self._devices.values()]
        write_secret(self._book, json.dumps(book, indent=2))

    async def _take_effect(self) -> None:
        wanted = self._asked
        async with self._lock:
            # Whoever held the lock before may have carried this change along.
            if self._applied >= wanted:
                return
            carried = self._asked
            await asyncio.to_thread(self.write)
            await self._reload()
            self._applied = carried

    async def _reload(self) -> None:
        child = self._child
        pid = child.pid if child is not None else None
        if child is None or pid is None:
            return  # it reads the file when it starts
        log = child.program.log
        offset = log.stat().st_size
        child.signal(_RELOAD_SIGNAL)
        deadline = time.monotonic() + RELOAD_BOUND_S
        while child.pid == pid:
            with log.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(offset if size >= offset else 0)  # a long log was cut in between
                news = file.read()
            if _RELOADED in news:
                return
            if _REFUSED in news or time.monotonic() > deadline:
                raise ServiceError(
                    "The broker did not take the change of a device's credentials.",
                    next_step=f"Restart the hub; if it happens again, see {log}.",
                    code="service.broker",
                )
            await asyncio.sleep(0.005)

    def _read(self) -> dict[int, DeviceLogin]:
        try:
            rows = json.loads(self._book.read_text("utf-8"))
            return {int(row["edge_id"]): DeviceLogin(**row) for row in rows}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError):
            return {}  # the hub syncs its devices from the database after every start


def write_secret(path: Path, text: str) -> None:
    """Replace a file that only its owner may read."""
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)
