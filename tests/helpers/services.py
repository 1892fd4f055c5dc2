"""Real brokers and stores on loopback for tests: nats, seaweedfs and Debian's mosquitto."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

from agent_core.hub.external import ExternalServices
from agent_core.hub.loopback import claim
from agent_core.hub.services import Endpoints, Services
from agent_core.paths import Home
from agent_core.transport.mqtt import MqttLink

Result = TypeVar("Result")
MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
PLUGINS = (
    Path("/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so"),
    Path("/usr/lib/aarch64-linux-gnu/mosquitto_dynamic_security.so"),
    Path("/usr/lib/mosquitto_dynamic_security.so"),
)
_numbers = itertools.count(1)


class BrokerOnly(Services):
    """A hub's services without the store, where a test is about the broker."""

    async def _start_store(self) -> tuple[str, str, str, str]:
        return "", "", "", ""


@asynccontextmanager
async def running_services(
    folder: Path,
    external: ExternalServices | None = None,
    kind: type[Services] = Services,
) -> AsyncIterator[tuple[Services, Endpoints]]:
    """Run a hub's services in a folder, on the loop of the test."""
    services = kind(Home(folder).make(), external)
    endpoints = await services.start()
    try:
        yield services, endpoints
    finally:
        await services.stop()


class ServicesThread:
    """A hub's services on a loop of their own, for fixtures that many tests share."""

    def __init__(self, folder: Path, external: ExternalServices | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            self.services = self.run(_make(folder, external))
            self.endpoints: Endpoints = self.run(self.services.start())
        except BaseException:
            self._end()
            raise

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Return what a coroutine returns on the services' loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def stop(self) -> None:
        """Stop the services and end the loop."""
        self.run(self.services.stop())
        self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


async def _make(folder: Path, external: ExternalServices | None) -> Services:
    return Services(Home(folder).make(), external)


@contextmanager
def shared_services(folder: Path, external: ExternalServices | None = None) -> Iterator[Any]:
    """Run a hub's services for a module's tests: `.services`, `.endpoints`, `.run(coroutine)`."""
    thread = ServicesThread(folder, external)
    try:
        yield thread
    finally:
        thread.stop()


class Mosquitto:
    """Debian's mosquitto with its dynamic-security plugin, as an operator would set it up."""

    ADMIN, PASSWORD = "silodesk-admin", "operator's own choice"

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="sd-mosquitto-"))
        self.port = claim(self.folder / "ports.json", ["mqtt"])["mqtt"]
        self._process: subprocess.Popen[bytes] | None = None
        plugin = next(path for path in PLUGINS if path.exists())
        rules = self.folder / "dynsec.json"
        ctrl = shutil.which("mosquitto_ctrl")
        assert ctrl is not None
        subprocess.run(
            [ctrl, "dynsec", "init", str(rules), self.ADMIN, self.PASSWORD],
            check=True, capture_output=True, timeout=20,
        )  # fmt: skip
        (self.folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\n"
            "allow_anonymous false\nper_listener_settings false\n"
            f"plugin {plugin}\nplugin_opt_config_file {rules}\n"
            f"persistence true\npersistence_location {self.folder}/\n"
            "max_queued_messages 0\nuser root\n"
        )

    @staticmethod
    def available() -> bool:
        """Return whether broker, plugin and set-up tool are installed."""
        return bool(
            MOSQUITTO and shutil.which("mosquitto_ctrl") and any(p.exists() for p in PLUGINS)
        )

    @property
    def address(self) -> str:
        """Return the address as the hub's option takes it."""
        return f"mqtt://{self.ADMIN}:{self.PASSWORD.replace(' ', '%20')}@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the broker and wait until it listens."""
        assert MOSQUITTO is not None
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [MOSQUITTO, "-c", str(self.folder / "mosquitto.conf")], stdout=log, stderr=log
            )
        wait_for(lambda: _listens(self.port), "mosquitto listens")

    def stop(self) -> None:
        """Stop the broker; what it holds stays in its folder."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


class Listener:
    """A client that keeps what it hears and waits for it with a bound."""

    def __init__(self, endpoints: Endpoints, username: str, password: str, **options: Any) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.states: list[tuple[bool, str]] = []
        self.client_id = options.pop("client_id", f"test-{next(_numbers)}-{time.time_ns()}")
        self.link = MqttLink(
            endpoints.mqtt_host, endpoints.mqtt_port, username, password, self.client_id,
            lambda topic, payload: self.heard.append((topic, payload)),
            lambda up, detail: self.states.append((up, detail)),
            **options,
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        """Connect."""
        await self.link.connect()
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Disconnect."""
        await self.link.close()

    async def until(self, count: int, bound_s: float = 15.0) -> list[tuple[str, bytes]]:
        """Return the first messages once so many came."""
        await until(lambda: len(self.heard) >= count, f"{count} messages", bound_s)
        return self.heard[:count]


async def until(is_so: Callable[[], bool], what: str, bound_s: float = 15.0) -> None:
    """Wait on the loop until something is so; fails after the bound."""
    deadline = time.monotonic() + bound_s
    while not is_so():
        assert time.monotonic() < deadline, f"not within {bound_s} s: {what}"
        await asyncio.sleep(0.01)


def wait_for(is_so: Callable[[], bool], what: str, bound_s: float = 15.0) -> None:
    """Wait in a thread until something is so; fails after the bound."""
    deadline = time.monotonic() + bound_s
    while not is_so():
        assert time.monotonic() < deadline, f"not within {bound_s} s: {what}"
        time.sleep(0.01)


def run(work: Awaitable[Result]) -> Result:
    """Return what a coroutine returns on a loop of its own; bounded."""

    async def bounded() -> Result:
        return await asyncio.wait_for(work, 90)

    return asyncio.run(bounded())
