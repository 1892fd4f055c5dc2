"""A hub without broker and store, driven by its HTTP application and by its ear, for tests."""

from __future__ import annotations

import copy
import hashlib
import json
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent_core.hub.arrivals import Arrivals
from agent_core.hub.factory import create_hub
from agent_core.hub.listener import Listener
from agent_core.hub.migrate import migrate
from agent_core.hub.relay import Relay
from agent_core.hub.settings import HubSettings
from agent_core.hub.state import Hub
from agent_core.hub.store import Notice, Outgoing, Store, sqlite_url
from agent_core.hub.sweeper import Sweeper
from agent_core.protocol import signing
from agent_core.protocol.messages import (
    Inbox,
    InboxAck,
    Presence,
    RoundMessage,
    Shape,
    StatusMessage,
    from_hub,
    to_payload,
)
from agent_core.protocol.records import PackageInfo
from agent_core.protocol.states import Stage, State
from agent_core.protocol.topics import device_topics
from agent_core.protocol.vitals import Vitals

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather see a successor of httpx
    from fastapi.testclient import TestClient

API = "/api/v1"
PASSWORD = "correct horse battery"


class MemoryObjects:
    """An object store in a dictionary; `put` plays the uploader."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.signed = ""  # what addresses for reading end with, as a signature would

    def presign_put(
        self, key: str, size: int, part_size: int, *, in_parts: bool = False
    ) -> dict[str, Any]:
        upload_id = f"of:{key}" if in_parts else ""
        url = f"put:{upload_id or key}"
        return {"upload_id": upload_id, "part_size": size, "parts": [{"number": 1, "url": url}]}

    def put(self, url: str, content: bytes) -> None:
        self.content[url.removeprefix("put:")] = content

    def complete(self, key: str, upload_id: str, parts: list[dict[str, Any]]) -> None:
        if upload_id and upload_id in self.content:
            self.content[key] = self.content.pop(upload_id)

    def presign_get(self, key: str, expires_s: int) -> str:
        return f"get:{key}{self.signed}"

    def head(self, key: str) -> int | None:
        return len(self.content[key]) if key in self.content else None

    def sha256(self, key: str) -> str:
        return hashlib.sha256(self.content[key]).hexdigest()

    def drop_unfinished(self, prefix: str) -> None:
        for key in [key for key in self.content if key.startswith(f"of:{prefix}")]:
            del self.content[key]

    def delete(self, keys: list[str]) -> None:
        for key in keys:
            self.content.pop(key, None)

    def delete_prefix(self, prefix: str) -> None:
        for key in [key for key in self.content if key.startswith(prefix)]:
            del self.content[key]

    def list_all(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        yield from [(k, len(v)) for k, v in self.content.items() if k.startswith(prefix)]

    def get_file(self, key: str, path: Path) -> None:
        path.write_bytes(self.content[key])

    def put_file(self, key: str, path: Path) -> None:
        self.content[key] = path.read_bytes()


def describe_json(path: Path, size: int, sha256: str) -> PackageInfo:
    """Read a "package" that is a JSON object, so that tests need no builder."""
    told = json.loads(path.read_bytes())
    return PackageInfo(
        zip_sha256=sha256, content_digest=sha256, type=told["type"], name=told["name"],
        engine="flower", size=size, uploaded_at=time.time(), manifest={"files": [1, 2]},
    )  # fmt: skip


class Person:
    """A signed-in account with its owner key."""

    def __init__(self, bench: Bench, name: str, code: str = "") -> None:
        self.bench, self.name = bench, name
        self.email = f"{name}@example.org"
        body = {"email": self.email, "name": name, "password": PASSWORD, "code": code}
        session = bench.ok("POST", "/accounts", json=body)
        self.id: int = session["account"]["id"]
        self.token: str = session["access_token"]
        self.refresh: str = session["refresh_token"]
        self.key = Ed25519PrivateKey.generate()
        self.public = signing.encode(self.key.public_key().public_bytes_raw())

    @property
    def auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def call(self, verb: str, path: str, **options: Any) -> httpx.Response:
        return self.bench.call(verb, path, headers=self.auth, **options)

    def ok(self, verb: str, path: str, **options: Any) -> Any:
        return self.bench.ok(verb, path, headers=self.auth, **options)

    def bind(self, name: str, key: Ed25519PrivateKey | None = None) -> Machine:
        return Machine(self, name, key or Ed25519PrivateKey.generate())


class Machine:
    """A bound device, speaking what its agent would."""

    def __init__(self, owner: Person, name: str, key: Ed25519PrivateKey) -> None:
        self.owner, self.bench, self.name, self.key = owner, owner.bench, name, key
        public = signing.encode(key.public_key().public_bytes_raw())
        claim = {"device_id": name, "public_key": public, "account_id": owner.id}
        binding = owner.ok(
            "POST", "/devices",
            json={
                "device_id": name, "name": name, "silo": f"silo {name}", "public_key": public,
                "signature": signing.sign(key, claim), "agent_version": "0.1.0",
            },
        )  # fmt: skip
        self.edge: int = binding["device"]["edge_id"]
        self.token: str = binding["device_token"]
        self.broker = binding["broker"]
        self.topics = device_topics(self.edge)
        self._sequence = 0

    @property
    def auth(self) -> dict[str, str]:
        return {"Authorization": f"Device {self.token}"}

    def next(self) -> int:
        self._sequence += 1
        return self._sequence

    def say(self, topic: str, message: Shape, body: bytes = b"") -> None:
        """Speak on a topic."""
        self.bench.listener.handle([(topic, to_payload(message, body))])

    def beat(self, *, resync: bool = False, vitals: Vitals | None = None) -> None:
        message = Presence(
            sequence=self.next(), edge_id=self.edge, resync=resync, at=time.time(), vitals=vitals
        )
        self.say(self.topics.active, message)

    def status(self, run: dict[str, Any], state: State, **fields: Any) -> StatusMessage:
        message = StatusMessage.model_validate(
            {
                "sequence": self.next(), "edge_id": self.edge, "run_id": run["id"],
                "epoch": run["epoch"], "state": state, "at": time.time(), **fields,
            }
        )  # fmt: skip
        self.say(self.topics.status, message)
        return message

    def begin(self, run: dict[str, Any]) -> None:
        """Go the way from the order to a running job."""
        self.status(run, State.INITIALIZING, stage=Stage.FETCHED)
        is_server = any(d["edge_id"] == self.edge and d["role"] == "server" for d in run["devices"])
        state = State.RUNNING if is_server else State.TRAINING
        self.status(run, state, stage=Stage.STARTED)

    def send(self, run: dict[str, Any], to: int, message_id: str, **fields: Any) -> None:
        message = RoundMessage.model_validate(
            {
                "sequence": self.next(), "run_id": run["id"], "epoch": run["epoch"],
                "from_edge": self.edge, "to_edge": to, "message_id": message_id, **fields,
            }
        )  # fmt: skip
        self.say(self.topics.outbox, message, b"body of " + message_id.encode())

    def take(self) -> None:
        """Acknowledge everything in the inbox."""
        numbers = [m.inbox_seq for m, _ in self.inbox() if getattr(m, "inbox_seq", 0)]
        self.say(self.topics.outbox, InboxAck(inbox_seqs=numbers))

    def inbox(self, kind: str = "") -> list[tuple[Inbox, bytes]]:
        """Return what was published for this device so far."""
        mine = [
            from_hub(item.payload)
            for item in self.bench.published
            if item.topic in self.topics.subscribed
        ]
        return [(message, body) for message, body in mine if not kind or message.kind == kind]

    def telemetry(
        self, stream: str, first: int, records: list[dict[str, Any]], **options: Any
    ) -> Any:
        body = {"stream": stream, "first_sequence": first, "records": records}
        return self.bench.ok("POST", "/telemetry", headers=self.auth, json=body, **options)

    def upload(self, run: dict[str, Any], content: bytes, round_number: int = 1,
               kind: str = "blob") -> str:  # fmt: skip
        sha256 = hashlib.sha256(content).hexdigest()
        body = {
            "run_id": run["id"], "kind": kind, "round": round_number, "sha256": sha256,
            "size": len(content),
        }  # fmt: skip
        put = self.bench.ok("POST", "/objects", headers=self.auth, json=body)
        if not put["exists"]:
            self.bench.objects.put(put["parts"][0]["url"], content)
            done = {"run_id": run["id"], "sha256": sha256, "upload_id": put["upload_id"],
                    "parts": [{"number": 1, "etag": "x"}]}  # fmt: skip
            self.bench.ok("POST", "/objects/complete", headers=self.auth, json=done)
        return sha256


class Bench:
    """The hub under test."""

    def __init__(self, folder: Path, url: str, settings: HubSettings | None = None) -> None:
        self.store = Store(url)
        migrate(self.store)
        self.objects = MemoryObjects()
        self.hub = Hub(
            store=self.store,
            folder=folder,
            settings=settings or HubSettings(),
            objects=self.objects,
            read_package=describe_json,
        )
        self.published: list[Outgoing] = []
        self.notices: list[Notice] = []
        self.store.on_commit = self._take
        self.listener = Listener(
            self.store, Relay(self.hub.url_of, self.hub.counters),
            Arrivals(self.store, self.objects.head), self.hub.counters,
            self.hub.vitals, self.hub.instance,
        )  # fmt: skip
        self.sweeper = Sweeper(self.store, self.objects, self.hub.settings)
        self.client = TestClient(create_hub(self.hub), raise_server_exceptions=False)
        self.client.__enter__()  # one loop for all calls, instead of one for each

    def _take(self, outgoing: list[Outgoing], notices: list[Notice]) -> None:
        self.published += outgoing
        self.notices += notices

    def __deepcopy__(self, _memo: dict[int, Any]) -> Bench:
        """Refuse: a scene is moved to another bench by `moved`."""
        raise TypeError

    def call(self, verb: str, path: str, **options: Any) -> httpx.Response:
        """Call an endpoint."""
        return self.client.request(verb, API + path, **options)

    def ok(self, verb: str, path: str, **options: Any) -> Any:
        """Call an endpoint that must succeed; return its JSON."""
        answer = self.call(verb, path, **options)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def close(self) -> None:
        """Close the database."""
        self.client.__exit__(None, None, None)
        self.store.close()


def moved(scene: Scene, bench: Bench) -> Scene:
    """Return a scene on another bench, whose database is a copy of the first one's."""
    old = scene.bench
    bench.hub.secret = old.hub.secret
    bench.objects.content = dict(old.objects.content)
    keys = {id(owner.key): owner.key for owner in [scene.owner, *scene.people]}
    keys |= {id(machine.key): machine.key for machine in [scene.server, *scene.silos]}
    return copy.deepcopy(scene, {id(old): bench, **keys})


@contextmanager
def sqlite_bench(folder: Path, settings: HubSettings | None = None) -> Iterator[Bench]:
    """Give a hub on a fresh SQLite file."""
    bench = Bench(folder, sqlite_url(folder / "hub.sqlite3"), settings)
    try:
        yield bench
    finally:
        bench.close()


class Scene:
    """A group with an owner, a coordinator's device, two silos, and what a run needs."""

    def __init__(self, bench: Bench, silos: int = 2) -> None:
        self.bench = bench
        self.owner = Person(bench, "ada")
        self.group: int = self.owner.ok("POST", "/groups", json={"name": "study"})["id"]
        self.owner.ok("PUT", "/me/owner-key", json={"public_key": self.owner.public})
        self.server = self.owner.bind("coordinator")
        self.people = [self.join(f"operator{number}") for number in range(silos)]
        self.silos = [person.bind(f"m-{person.name}") for person in self.people]
        for machine in [self.server, *self.silos]:
            path = f"/groups/{self.group}/devices/{machine.edge}"
            machine.owner.ok("PUT", path)
        self.package = self.upload(self.owner, {"type": "flower", "name": "app"})
        self.application: int = self.owner.ok(
            "POST", "/applications",
            json={"name": "app", "group_id": self.group, "packages": [self.package]},
        )["id"]  # fmt: skip
        self.project: int = self.owner.ok(
            "POST", "/projects", json={"name": "project", "group_id": self.group}
        )["id"]

    def invite(self, role: str = "operator", **fields: Any) -> str:
        """Return the code of a fresh invitation."""
        body = {"group_id": self.group, "role": role, **fields}
        link = self.owner.ok("POST", "/invitations", json=body)["link"]
        return str(httpx.URL(link).params["code"])

    def join(self, name: str, role: str = "operator") -> Person:
        """Return a new person in the group."""
        return Person(self.bench, name, self.invite(role))

    def upload(self, person: Person, content: dict[str, Any]) -> str:
        """Upload a package; return its hash."""
        raw = json.dumps(content).encode()
        sha256 = hashlib.sha256(raw).hexdigest()
        put = person.ok("POST", "/uploads", json={"sha256": sha256, "size": len(raw)})
        if not put["exists"]:
            self.bench.objects.put(put["parts"][0]["url"], raw)
            done = {"parts": [{"number": 1, "etag": "x"}]}
            person.ok("POST", f"/uploads/{put['upload_id']}/complete", json=done)
        return sha256

    def create(self, person: Person | None = None, **fields: Any) -> dict[str, Any]:
        """Return a new run in IDLE."""
        body = {
            "project_id": self.project, "application_id": self.application,
            "server_edge": self.server.edge,
            "client_edges": [machine.edge for machine in self.silos], "rounds": 3, **fields,
        }  # fmt: skip
        return dict((person or self.owner).ok("POST", "/runs", json=body))

    def start(self, **fields: Any) -> dict[str, Any]:
        """Return a started run."""
        run = self.create(**fields)
        plan = self.owner.ok("GET", f"/runs/{run['id']}/plan")
        body = {
            "plan": plan,
            "owner_key": self.owner.public,
            "signature": signing.sign(self.owner.key, plan),
        }
        return dict(self.owner.ok("POST", f"/runs/{run['id']}/start", json=body))

    def running(self, **fields: Any) -> dict[str, Any]:
        """Return a run whose jobs all run."""
        run = self.start(**fields)
        for machine in [self.server, *self.silos]:
            machine.beat()
            machine.take()
            machine.begin(run)
        return self.get(run)

    def get(self, run: dict[str, Any]) -> dict[str, Any]:
        """Return a run as it is now."""
        return dict(self.owner.ok("GET", f"/runs/{run['id']}"))
