"""The hub's children: ports and passwords kept, deaths mended, nothing left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from helpers.services import BrokerOnly, Listener, run, running_services, until, wait_for

from agent_core.errors import ServiceError, UnreachableError
from agent_core.hub import loopback, premises
from agent_core.hub.loopback import LOOPBACK, is_free
from agent_core.hub.premises import check_disk, find_program, keep_secrets
from agent_core.hub.services import Endpoints, Services
from agent_core.paths import Home

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and file modes of POSIX")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def listening(pid: int) -> set[tuple[str, int]]:
    """Return the addresses on which a process listens."""
    return {
        (c.laddr.ip, c.laddr.port)
        for c in psutil.Process(pid).net_connections("tcp")
        if c.status == psutil.CONN_LISTEN
    }


def test_a_life_of_the_services(folder: Path) -> None:
    """Start, look, kill, mend, stop, start again: one start carries what starts are needed for."""

    sockets: list[Path] = []

    async def life() -> None:
        async with running_services(folder) as (services, first):
            _only_loopback(services)
            _nothing_secret_is_visible(services, folder, first.mqtt_password, first.s3_secret_key)
            services.objects.put_bytes("kept", b"kept")
            await services.broker.set_device(201, 1, "d201", "its password")
            await _second_hub_is_refused(folder)
            await _a_killed_broker_comes_back(services, first)
            pids = services.pids()
        assert not any(psutil.pid_exists(pid) for pid in pids.values() if pid)
        async with running_services(folder) as (services, second):
            assert second == first, "a restart keeps ports and credentials"
            assert services.objects.get_bytes("kept") == b"kept"
            async with Listener(second, "d201", "its password") as device:
                assert device.link.connected, "a device may come before the hub asks"
            sockets.extend(_sockets(services))
            assert sockets

    run(life())
    assert not [path for path in sockets if path.exists()]


def _sockets(services: Services) -> list[Path]:
    return list(Path("/tmp").glob(f"seaweedfs-*-{services.store_ports['filer']}.sock"))


def _only_loopback(services: Services) -> None:
    named = {*services.store_ports.values()}
    for name, pid in services.pids().items():
        assert pid is not None
        found = listening(pid)
        assert found
        assert {ip for ip, _ in found} == {LOOPBACK}, name
        if name == "store":
            assert {port for _, port in found} <= named, "no port that was not asked for"


def _nothing_secret_is_visible(services: Services, folder: Path, *known: str) -> None:
    secrets = [secret.encode() for secret in known]
    for pid in services.pids().values():
        assert pid is not None
        words = " ".join(psutil.Process(pid).cmdline()).encode()
        surroundings = Path(f"/proc/{pid}/environ").read_bytes() if os.name == "posix" else b""
        assert not [s for s in secrets if s in words or s in surroundings]
    for path in (folder / "hub").rglob("*"):
        if path.is_file() and any(secret in path.read_bytes() for secret in secrets):
            assert path.stat().st_mode & 0o077 == 0, f"{path} may be read by others"
            assert path.suffix != ".log"
    assert (folder / "hub").stat().st_mode & 0o077 == 0


async def _second_hub_is_refused(folder: Path) -> None:
    with pytest.raises(ServiceError) as told:
        await Services(Home(folder)).start()
    assert told.value.code == "service.running"
    assert "--home" in told.value.next_step


async def _a_killed_broker_comes_back(services: Services, endpoints: Endpoints) -> None:
    before = services.pids()["broker"]
    assert before is not None
    async with Listener(endpoints, endpoints.mqtt_username, endpoints.mqtt_password) as hub:
        os.kill(before, signal.SIGKILL)
        await until(lambda: not hub.link.connected, "the link notices")
        await until(lambda: services.pids()["broker"] not in (None, before), "a new broker")
        await until(lambda: hub.link.connected, "the link is back")
        await until(lambda: services.faults()["broker"] == "", "no fault any more")


def test_a_port_taken_by_a_stranger_is_replaced(tmp_path: Path) -> None:
    async def life() -> None:
        async with running_services(tmp_path, kind=BrokerOnly) as (_, first):
            pass
        with socket.create_server((LOOPBACK, first.mqtt_port)):
            async with running_services(tmp_path, kind=BrokerOnly) as (_, second):
                assert second.mqtt_port != first.mqtt_port
        async with running_services(tmp_path, kind=BrokerOnly) as (_, third):
            assert third.mqtt_port == second.mqtt_port, "the new one is remembered"

    run(life())


def test_a_port_taken_between_looking_and_listening_is_replaced_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = [False, True]  # from behind: at the first look the port seems free

    def seems_free(port: int) -> bool:
        return is_free(port) or (port == taken and blind.pop())

    async def life() -> None:
        async with running_services(tmp_path, kind=BrokerOnly) as (_, found):
            assert found.mqtt_port != taken

    with socket.create_server((LOOPBACK, 0)) as stranger:
        taken = stranger.getsockname()[1]
        (tmp_path / "hub").mkdir()
        (tmp_path / "hub" / "ports-broker.json").write_text(json.dumps({"mqtt": taken}))
        monkeypatch.setattr(loopback, "is_free", seems_free)
        run(life())
    assert blind == [], "it was tried, and looked at again"


HUB = """
import asyncio, sys
from pathlib import Path
from agent_core.hub.services import Services
from agent_core.paths import Home

async def main():
    services = Services(Home(Path(sys.argv[1])).make())
    await services.start()
    print(services.pids()["broker"], services.pids()["store"], flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.fixture
def killed_hub(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    with subprocess.Popen(
        [sys.executable, "-c", HUB, str(tmp_path)], stdout=subprocess.PIPE, cwd=Path.cwd()
    ) as hub:
        assert hub.stdout is not None
        pids = [int(word) for word in hub.stdout.readline().split()]
        yield hub, pids
        hub.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's promise is Linux'")
def test_r1_children_die_with_a_hub_that_is_killed(
    killed_hub: tuple[subprocess.Popen[bytes], list[int]],
) -> None:
    hub, pids = killed_hub
    assert len(pids) == 2
    hub.kill()
    hub.wait(10)
    wait_for(lambda: not any(alive(pid) for pid in pids), "broker and store are gone")


def alive(pid: int) -> bool:
    """Return whether a process still runs (one that waits to be buried does not)."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(premises.sysconfig, "get_path", lambda _: str(tmp_path))
    monkeypatch.setattr(premises.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServiceError) as told:
        find_program("weed")
    assert "weed" in told.value.sentence
    assert "--s3" in told.value.next_step
    with pytest.raises(ServiceError, match="--mqtt"):
        find_program("nats-server")


def test_a_full_disk_is_told_before_the_store_starts(tmp_path: Path) -> None:
    check_disk(tmp_path, 1)
    with pytest.raises(ServiceError) as told:
        check_disk(tmp_path, 2**62)
    assert told.value.code == "service.disk"
    assert str(tmp_path) in told.value.sentence
    assert "--home" in told.value.next_step


def test_asking_before_the_start_is_told(tmp_path: Path) -> None:
    services = Services(Home(tmp_path))
    with pytest.raises(UnreachableError):
        _ = services.broker
    with pytest.raises(UnreachableError):
        _ = services.objects
    asyncio.run(services.stop())


@POSIX
def test_secrets_are_made_once_and_readable_by_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = keep_secrets(path, ["a", "b"])
    assert len({*first.values()}) == 2
    assert min(map(len, first.values())) >= 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert keep_secrets(path, ["a", "b", "c"]).items() > first.items()
    path.write_text("{cut")
    assert keep_secrets(path, ["a"])["a"] != first["a"]
    assert json.loads(path.read_text())["a"]
