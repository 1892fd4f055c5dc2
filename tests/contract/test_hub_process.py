"""The hub as its own process with its real broker and store: started, killed, restarted."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from helpers.services import Listener, run, until, wait_for

from agent_core.packages.builder import BuildRequest, build
from agent_core.protocol import signing
from agent_core.protocol.messages import (
    Changed,
    Presence,
    RoundMessage,
    StatusMessage,
    from_hub,
    to_payload,
)
from agent_core.protocol.states import State
from agent_core.protocol.topics import device_topics, ui_topic

APP = {
    "pyproject.toml": """[project]
name = "tiny"
version = "1.0"
[tool.flwr.app]
publisher = "tests"
[tool.flwr.app.components]
serverapp = "app:server"
clientapp = "app:client"
""",
    "app.py": """from flwr.clientapp import ClientApp
from flwr.serverapp import ServerApp
client = ClientApp()
server = ServerApp()
""",
}


class HubProcess:
    """`silodesk hub` on a home of its own, and an account on it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.process: subprocess.Popen[str] | None = None
        self.url = ""
        self.token = ""

    def start(self, *options: str) -> None:
        command = [sys.executable, "-m", "agent_core.cli", "--home", str(self.home), "hub",
                   "--port", "0", "--json", *options]  # fmt: skip
        with (self.home / "errors").open("w") as errors:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, (self.home / "errors").read_text()
        ready = json.loads(line)
        assert ready["ready"] is True
        self.url = ready["url"]

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def call(self, verb: str, path: str, auth: str = "", **options: Any) -> requests.Response:
        headers = {"Authorization": auth or self.token}
        return requests.request(verb, f"{self.url}/api/v1{path}", headers=headers, timeout=20,
                                **options)  # fmt: skip

    def ok(self, verb: str, path: str, auth: str = "", **options: Any) -> Any:
        answer = self.call(verb, path, auth, **options)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None


class Device:
    """A scripted device on the real broker."""

    def __init__(self, hub: HubProcess, account: int, name: str) -> None:
        key = Ed25519PrivateKey.generate()
        public = signing.encode(key.public_key().public_bytes_raw())
        claim = {"device_id": name, "public_key": public, "account_id": account}
        self.binding = hub.ok(
            "POST", "/devices",
            json={"device_id": name, "name": name, "silo": name, "public_key": public,
                  "signature": signing.sign(key, claim)},
        )  # fmt: skip
        broker = self.binding["broker"]
        self.edge = self.binding["device"]["edge_id"]
        self.topics = device_topics(self.edge)
        self.account = account
        endpoints: Any = SimpleNamespace(mqtt_host=broker["host"], mqtt_port=broker["port"])
        self.ear = Listener(
            endpoints, broker["username"], broker["password"], client_id=broker["client_id"],
            clean=True,
        )  # fmt: skip
        self.sequence = 0

    async def connect(self) -> None:
        await self.ear.link.subscribe([*self.topics.subscribed, ui_topic(self.account)])
        await self.ear.link.connect()

    def heard(self, kind: str) -> list[Any]:
        return [m for _, raw in self.ear.heard if (m := from_hub(raw)[0]).kind == kind]

    def next(self) -> int:
        self.sequence += 1
        return self.sequence

    def beat(self) -> None:
        message = Presence(sequence=self.next(), edge_id=self.edge, at=time.time(), resync=True)
        self.ear.link.publish(self.topics.active, to_payload(message))

    def status(self, run_id: int, state: State) -> None:
        message = StatusMessage(sequence=self.next(), edge_id=self.edge, run_id=run_id, epoch=1,
                                state=state, at=time.time())  # fmt: skip
        self.ear.link.publish(self.topics.status, to_payload(message))

    def send(self, run_id: int, to: int, message_id: str) -> None:
        message = RoundMessage(sequence=self.next(), run_id=run_id, epoch=1, from_edge=self.edge,
                               to_edge=to, message_id=message_id, round=1)  # fmt: skip
        self.ear.link.publish(self.topics.outbox, to_payload(message, b"update"))


@pytest.fixture
def hub() -> Iterator[HubProcess]:
    with tempfile.TemporaryDirectory(prefix="sd-hub-") as folder:
        process = HubProcess(Path(folder))
        process.start()
        yield process
        if process.process is not None and process.process.poll() is None:
            process.end()


def sign_up(hub: HubProcess) -> int:
    body = {"email": "a@example.org", "name": "ada", "password": "long enough"}
    session = hub.ok("POST", "/accounts", json=body)
    hub.token = f"Bearer {session['access_token']}"
    return int(session["account"]["id"])


def upload(hub: HubProcess, folder: Path) -> str:
    app = folder / "tiny"
    app.mkdir()
    for name, text in APP.items():
        (app / name).write_text(text)
    built = build(BuildRequest(type="flower", source_folder=app, dest_folder=folder))
    raw = built.package_path.read_bytes()
    sha256 = hashlib.sha256(raw).hexdigest()
    put = hub.ok("POST", "/uploads", json={"sha256": sha256, "size": len(raw)})
    etag = requests.put(put["parts"][0]["url"], data=raw, timeout=20).headers["ETag"]
    done = {"parts": [{"number": 1, "etag": etag}]}
    info = hub.ok("POST", f"/uploads/{put['upload_id']}/complete", json=done)
    assert (info["name"], info["type"], info["engine"]) == ("tiny", "flower", "flower")
    flipped = bytearray(raw)
    flipped[len(raw) // 2] ^= 1
    bad = hashlib.sha256(flipped).hexdigest()
    put = hub.ok("POST", "/uploads", json={"sha256": bad, "size": len(raw)})
    requests.put(put["parts"][0]["url"], data=bytes(flipped), timeout=20)
    refused = hub.call("POST", f"/uploads/{put['upload_id']}/complete", json={"parts": []})
    assert refused.status_code == 422  # S1
    assert hub.call("GET", f"/packages/{bad}").status_code == 404
    return sha256


def start(hub: HubProcess, account: int, devices: list[Device], folder: Path) -> dict[str, Any]:
    group = hub.ok("POST", "/groups", json={"name": "g"})["id"]
    for device in devices:
        hub.ok("PUT", f"/groups/{group}/devices/{device.edge}")
    body = {"name": "app", "group_id": group, "packages": [upload(hub, folder)]}
    application = hub.ok("POST", "/applications", json=body)["id"]
    project = hub.ok("POST", "/projects", json={"name": "p", "group_id": group})["id"]
    made = hub.ok(
        "POST", "/runs",
        json={"project_id": project, "application_id": application, "server_edge": devices[0].edge,
              "client_edges": [device.edge for device in devices[1:]]},
    )  # fmt: skip
    key = Ed25519PrivateKey.generate()
    public = signing.encode(key.public_key().public_bytes_raw())
    hub.ok("PUT", "/me/owner-key", json={"public_key": public})
    plan = hub.ok("GET", f"/runs/{made['id']}/plan")
    signed = {"plan": plan, "owner_key": public, "signature": signing.sign(key, plan)}
    return dict(hub.ok("POST", f"/runs/{made['id']}/start", json=signed))


def test_r3_a_run_goes_on_over_a_hub_killed_in_the_midst(hub: HubProcess, tmp_path: Path) -> None:
    account = sign_up(hub)
    devices = [Device(hub, account, f"d{number}") for number in range(3)]
    run(_play(hub, account, devices, tmp_path))


async def _play(hub: HubProcess, account: int, devices: list[Device], folder: Path) -> None:
    server, first, second = devices
    for device in devices:
        await device.connect()
        device.beat()
    await until(lambda: all(device.heard("ack") for device in devices), "heartbeats answered")
    made = await asyncio.to_thread(start, hub, account, devices, folder)
    number = made["id"]
    await until(lambda: all(device.heard("start") for device in devices), "start orders")
    url = first.heard("start")[0].package_url
    assert (await asyncio.to_thread(requests.get, url, timeout=20)).ok
    await until(lambda: any(c.what == "run" for c in server.heard("changed")), "a notice")
    assert isinstance(server.heard("changed")[0], Changed)
    for device in devices:
        device.status(number, State.INITIALIZING)
        device.status(number, State.RUNNING if device is server else State.TRAINING)
    server.send(number, first.edge, "m1")
    await until(lambda: bool(first.heard("round")), "the first message")
    await _reaches(hub, number, "RUNNING")  # these devices say a state once, agents again and again

    before = hub.url
    await asyncio.to_thread(hub.end, signal.SIGKILL)
    server.send(number, second.edge, "m2")  # into the void, or kept by the link
    await asyncio.to_thread(hub.start)
    assert hub.url == before
    await _sent_until_acknowledged(server, number, second.edge, "m2")
    await until(lambda: bool(second.heard("round")), "the message over the restart")
    second.beat()
    await until(lambda: len(second.heard("ack")) > 1, "the heartbeat after the restart")
    state = (await asyncio.to_thread(hub.ok, "GET", f"/runs/{number}"))["state"]
    assert state == "RUNNING"
    server.status(number, State.FINISHED)
    await until(lambda: bool(second.heard("stop")), "the clients' stop orders")
    assert (await asyncio.to_thread(hub.ok, "GET", f"/runs/{number}"))["state"] == "FINISHED"
    ids = {message.message_id for message in second.heard("round")}
    assert ids == {"m2"}
    numbers = {message.inbox_seq for message in second.heard("round")}
    assert len(numbers) == 1  # sent again perhaps, but forwarded once
    for device in devices:
        await device.ear.link.close()


async def _reaches(hub: HubProcess, run_id: int, state: str) -> None:
    """Wait (bounded) until the hub knows a run in a state."""
    deadline = time.monotonic() + 40
    while (await asyncio.to_thread(hub.ok, "GET", f"/runs/{run_id}"))["state"] != state:
        assert time.monotonic() < deadline, f"the hub never said {state}"
        await asyncio.sleep(0.1)


async def _sent_until_acknowledged(device: Device, run_id: int, to: int, message_id: str) -> None:
    """Send a message as an agent does: again and again, until the hub has it."""
    before = len(device.heard("ack"))
    deadline = time.monotonic() + 40
    while len(device.heard("ack")) == before:
        assert time.monotonic() < deadline, "the hub never acknowledged"
        device.send(run_id, to, message_id)
        await asyncio.sleep(0.2)


def test_it_ends_with_its_children_and_keeps_port_and_accounts(hub: HubProcess) -> None:
    sign_up(hub)
    book = hub.home / "hub" / "hub.json"
    found = json.loads(book.read_text())
    assert found["url"] == hub.url
    ports = [found["mqtt"]["port"], int(found["s3"]["url"].rpartition(":")[2])]
    assert hub.end() == 0
    assert not book.exists()
    for port in ports:
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port), 1)
    before = hub.url
    hub.start("--name", "St. Anna")
    assert hub.url == before
    about = hub.ok("GET", "/hub")
    assert (about["name"], about["first_account"]) == ("St. Anna", False)
    assert hub.ok("GET", "/me")["email"] == "a@example.org"
    wait_for(lambda: requests.get(f"{hub.url}/readyz", timeout=5).ok, "ready")


def test_a_second_hub_on_the_same_home_says_what_is_wrong(hub: HubProcess) -> None:
    command = [sys.executable, "-m", "agent_core.cli", "--home", str(hub.home), "hub", "--json"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    problem = json.loads(second.stdout)
    assert problem["code"] == "service.port"
    assert problem["next_step"]
    assert requests.get(f"{hub.url}/healthz", timeout=5).ok
