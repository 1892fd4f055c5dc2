"""S5 and S11: every kind of caller at every endpoint; only the table's cells pass."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from helpers.hub_bench import API, Bench, Machine, Person, Scene

from agent_core.hub.accounts import ACCESS, Who
from agent_core.hub.factory import ROUTERS

REFUSED = {401, 403, 404}


@dataclass
class Cast:
    """One caller of each kind, and the things they are tried on."""

    scene: Scene
    run: dict[str, Any]
    callers: dict[str, dict[str, str]]
    kinds: dict[str, set[Who]]

    def fill(self, path: str) -> str:
        """Return the path with the numbers of existing things."""
        scene = self.scene
        values: dict[str, Callable[[], Any]] = {
            "group_id": lambda: scene.group,
            "account_id": lambda: scene.people[1].id,
            "edge_id": lambda: scene.silos[1].edge,
            "invitation_id": lambda: self._invitation(path),
            "code": scene.invite,
            "sha256": lambda: scene.package,
            "application_id": lambda: scene.application,
            "project_id": lambda: scene.project,
            "run_id": lambda: self._run(path),
            "upload_id": self._upload,
            "round_number": lambda: 1,
        }
        return path.format(**{name: values[name]() for name in re.findall(r"{(\w+)}", path)})

    def _run(self, path: str) -> int:
        if path.endswith(("/plan", "/start")):
            return int(self.scene.create()["id"])
        return int(self.run["id"])

    def _invitation(self, path: str) -> int:
        body: dict[str, Any] = {"group_id": self.scene.group}
        if path.endswith(("/accept", "/decline")):
            body["email"] = "stranger@example.org"
        number = int(self.scene.owner.ok("POST", "/invitations", json=body)["id"])
        if path.endswith("/reopen"):
            self.scene.owner.ok("DELETE", f"/invitations/{number}")
        return number

    def _upload(self) -> str:
        body = {"sha256": "a" * 64, "size": 3}
        return str(self.scene.owner.ok("POST", "/uploads", json=body)["upload_id"])

    def body(self, endpoint: str) -> dict[str, Any]:
        """Return a body that gets past validation."""
        scene, sha256 = self.scene, "b" * 64
        code = scene.invite() if endpoint.endswith(("/accept", "/decline")) else ""
        signed = {"device_id": "x", "name": "x", "silo": "x", "public_key": "x", "signature": "x"}
        plan = self._plan() if endpoint.endswith("/start") else {}
        return {
            "PUT /api/v1/me/owner-key": {"public_key": scene.owner.public},
            "POST /api/v1/invitations": {"group_id": scene.group},
            "POST /api/v1/invitations/accept": {"code": code},
            "POST /api/v1/invitations/decline": {"code": code},
            "POST /api/v1/devices": signed,
            "POST /api/v1/groups": {"name": "x"},
            "PATCH /api/v1/groups/{group_id}": {"name": "x"},
            "POST /api/v1/uploads": {"sha256": sha256, "size": 1},
            "POST /api/v1/uploads/{upload_id}/complete": {"parts": []},
            "POST /api/v1/applications": {
                "name": "x", "group_id": scene.group, "packages": [scene.package],
            },
            "POST /api/v1/projects": {"name": "x", "group_id": scene.group},
            "POST /api/v1/runs": {
                "project_id": scene.project, "application_id": scene.application,
                "server_edge": scene.server.edge, "client_edges": [scene.silos[0].edge],
            },
            "POST /api/v1/runs/{run_id}/start": {
                "plan": plan, "owner_key": "x", "signature": "x",
            },
            "POST /api/v1/telemetry": {"stream": "logs", "first_sequence": 1, "records": []},
            "POST /api/v1/objects": {
                "run_id": self.run["id"], "kind": "blob", "round": 1, "sha256": sha256, "size": 1,
            },
            "POST /api/v1/objects/complete": {"run_id": self.run["id"], "sha256": self.blob},
            "POST /api/v1/accounts": {"email": "n@x.org", "name": "n", "password": "long enough"},
            "POST /api/v1/accounts/reset": {"code": "wrong", "password": "long enough"},
            "POST /api/v1/sessions": {"email": "n@x.org", "password": "wrong"},
            "POST /api/v1/sessions/refresh": {"refresh_token": "wrong"},
        }.get(endpoint, {})  # fmt: skip

    def _plan(self) -> dict[str, Any]:
        run = self.scene.create()
        return dict(self.scene.owner.ok("GET", f"/runs/{run['id']}/plan"))

    def __post_init__(self) -> None:
        self.blob = self.scene.silos[1].upload(self.run, b"tensor")


def cast_for(bench: Bench) -> Cast:
    scene = Scene(bench)
    scientist = scene.join("scientist", "scientist")
    admin = scene.owner  # the first account
    owner = scene.join("owner", "scientist")
    scene.group, old = owner.ok("POST", "/groups", json={"name": "own"})["id"], scene.group
    _rebuild(scene, owner, scientist, admin)
    assert scene.group != old
    for machine in scene.silos:  # they are the new group's alone: all others are strangers to them
        admin.ok("DELETE", f"/groups/{old}/devices/{machine.edge}")
    body = {"group_id": old}
    link = admin.ok("POST", "/invitations", json=body)["link"]
    stranger = Person(bench, "stranger", str(httpx.URL(link).params["code"]))
    revoked = scene.people[0].bind("revoked")
    scene.people[0].ok("DELETE", f"/devices/{revoked.edge}")
    outside = stranger.bind("outside")
    run = scene.running()
    _model(scene, run)
    callers = {
        "nobody": {}, "stranger": stranger.auth, "operator": scene.people[0].auth,
        "operator itself": scene.people[1].auth, "scientist": scientist.auth,
        "owner": owner.auth, "admin": admin.auth, "device": scene.silos[1].auth,
        "device outside": outside.auth, "revoked device": revoked.auth,
        "forged": {"Authorization": "Bearer " + "x" * 43},
    }  # fmt: skip
    signed_in = {Who.ACCOUNT}
    kinds: dict[str, set[Who]] = {
        "nobody": set(), "revoked device": set(), "forged": set(),
        "stranger": signed_in, "admin": signed_in | {Who.ADMIN},
        "operator": signed_in | {Who.OPERATOR},
        "operator itself": signed_in | {Who.OPERATOR, Who.SELF},
        "scientist": signed_in | {Who.SCIENTIST},
        "owner": signed_in | {Who.OWNER},
        "device": {Who.DEVICE}, "device outside": {Who.DEVICE},
    }  # fmt: skip
    return Cast(scene, run, callers, kinds)


def _rebuild(scene: Scene, owner: Person, scientist: Person, admin: Person) -> None:
    """Give the group to another owner, so that the administrator is a stranger to it."""
    scene.owner = owner
    owner.ok("PUT", "/me/owner-key", json={"public_key": owner.public})
    for person in [*scene.people, scientist]:
        role = "scientist" if person is scientist else "operator"
        person.ok("POST", "/invitations/accept", json={"code": scene.invite(role)})
    scene.server = owner.bind("server")
    for machine in [scene.server, *scene.silos]:
        machine.owner.ok("PUT", f"/groups/{scene.group}/devices/{machine.edge}")
    scene.package = scene.upload(owner, {"type": "flower", "name": "other"})
    body = {"name": "app", "group_id": scene.group, "packages": [scene.package]}
    scene.application = owner.ok("POST", "/applications", json=body)["id"]
    body = {"name": "project", "group_id": scene.group}
    scene.project = owner.ok("POST", "/projects", json=body)["id"]


def _model(scene: Scene, run: dict[str, Any]) -> None:
    record = {
        "run_id": run["id"], "round": 1, "sha256": "c" * 64, "size": 1, "created_at": 1.0,
    }  # fmt: skip
    scene.server.telemetry("models", 1, [record])


def owners(endpoint: str) -> set[str]:
    """Return who is SELF for the thing that Cast tries the endpoint on."""
    if "/runs/" in endpoint or "/uploads/" in endpoint or "/packages/" in endpoint:
        return {"owner"}
    if any(thing in endpoint for thing in ("/invitations/{", "/applications/{", "/projects/{")):
        return {"owner"}
    return {"operator itself"}


def passes(endpoint: str, who: str, kinds: set[Who]) -> bool:
    allowed = ACCESS[endpoint]
    if Who.ANYONE in allowed:
        return True
    mine = set(kinds) - {Who.SELF}
    if who in owners(endpoint) and kinds:
        mine.add(Who.SELF)
    if who == "stranger":  # whom the invitations that are tried here name
        mine.add(Who.ADDRESSEE)
    return bool(mine & allowed)


# What only the thing decides, not the caller: these endpoints answer everyone who may ask.
_OWN_DEVICE = {"POST /api/v1/objects", "POST /api/v1/objects/complete",
               "GET /api/v1/packages/{sha256}/url"}  # fmt: skip


def test_s5_table_and_routes_name_the_same_endpoints() -> None:
    routes = {
        f"{method} {route.path}"
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    assert routes == set(ACCESS)


def test_s5_s11_only_the_tables_cells_pass(bench: Bench) -> None:
    cast = cast_for(bench)
    faults: list[str] = []
    # Reading first: writing changes what later calls meet.
    for endpoint in sorted(ACCESS, key=lambda name: (not name.startswith("GET"), name)):
        verb, path = endpoint.split(" ")
        if endpoint in {"DELETE /api/v1/sessions", "POST /api/v1/devices/renew"}:
            continue  # they end the caller's own credential: below
        for who, headers in cast.callers.items():
            expected = passes(endpoint, who, cast.kinds[who])
            if who == "device outside" and endpoint in _OWN_DEVICE:
                expected = False
            answer = _try(cast, bench, verb, path, endpoint, who, headers)
            if (answer not in REFUSED) != expected:
                faults.append(f"{who}: {endpoint} -> {answer}, expected pass={expected}")
    assert not faults, "\n".join(faults)


def _try(
    cast: Cast, bench: Bench, verb: str, path: str, endpoint: str, who: str, headers: dict[str, str]
) -> int:
    body = cast.body(endpoint)
    options: dict[str, Any] = {"json": body} if body or verb in {"POST", "PATCH"} else {}
    status = bench.client.request(verb, cast.fill(path), headers=headers, **options).status_code
    if endpoint in {"POST /api/v1/sessions", "POST /api/v1/sessions/refresh",
                    "POST /api/v1/accounts"}:  # fmt: skip
        return 200 if status in {401, 403} else status  # these refuse what was sent, not who
    if endpoint == "POST /api/v1/runs/{run_id}/start":
        # 403 to the owner is the bad signature; a stranger hears 404, a member 403 of its role.
        return 200 if status == 403 and who == "owner" else status
    if endpoint == "POST /api/v1/devices":
        return 200 if status == 403 and Who.ACCOUNT in cast.kinds[who] else status
    if status < 300:
        _restore(cast, endpoint)
    return status


def _restore(cast: Cast, endpoint: str) -> None:
    scene = cast.scene
    member, machine = scene.people[1], scene.silos[1]
    if endpoint.endswith("{invitation_id}/accept"):  # the stranger is one no more
        people = scene.owner.ok("GET", f"/groups/{scene.group}")["members"]
        number = next(one["account_id"] for one in people if one["name"] == "stranger")
        scene.owner.ok("DELETE", f"/groups/{scene.group}/members/{number}")
    if endpoint.startswith(("DELETE /api/v1/groups/", "DELETE /api/v1/dev")):
        member.ok("POST", "/invitations/accept", json={"code": scene.invite()})
        again = Machine(member, machine.name, machine.key)
        machine.token = again.token
        cast.callers["device"] = machine.auth
        member.ok("PUT", f"/groups/{scene.group}/devices/{machine.edge}")


@pytest.mark.parametrize("path", ["/devices/renew", "/sessions"])
def test_s5_credentials_end_with_what_ends_them(scene: Scene, path: str) -> None:
    person, machine = scene.people[0], scene.silos[0]
    if path == "/sessions":
        assert scene.bench.call("DELETE", path, headers=machine.auth).status_code == 403
        person.ok("DELETE", path)
        assert person.call("GET", "/me").status_code == 401
        return
    assert person.call("POST", path).status_code == 403
    fresh = scene.bench.ok("POST", path, headers=machine.auth)
    batch = {"stream": "logs", "first_sequence": 1, "records": []}
    assert scene.bench.call(
        "POST", "/telemetry", headers=machine.auth, json=batch
    ).status_code == 401  # fmt: skip
    machine.token = fresh["device_token"]
    scene.bench.ok("POST", "/telemetry", headers=machine.auth, json=batch)
    assert fresh["broker"]["password"] != machine.broker["password"]


def test_s11_revoked_member_reads_nothing_any_more(scene: Scene) -> None:
    run = scene.create()
    code = scene.invite()
    person = Person(scene.bench, "temporary", code)
    person.ok("POST", "/invitations/accept", json={"code": code})  # as after a lost answer
    machine = person.bind("temporary")
    person.ok("PUT", f"/groups/{scene.group}/devices/{machine.edge}")
    person.ok("GET", f"/runs/{run['id']}")
    scene.owner.ok("DELETE", f"/groups/{scene.group}/members/{person.id}")
    for path in (f"/runs/{run['id']}", f"/groups/{scene.group}", f"/projects/{scene.project}"):
        assert person.call("GET", path).status_code == 404
    assert person.ok("GET", "/runs")["items"] == []
    group = scene.owner.ok("GET", f"/groups/{scene.group}")
    assert machine.edge not in group["devices"]
    again = person.call("POST", "/invitations/accept", json={"code": code})
    assert (again.status_code, "members" in again.text) == (409, False)
    body = {"project_id": scene.project, "application_id": scene.application,
            "server_edge": scene.server.edge, "client_edges": [scene.silos[0].edge]}  # fmt: skip
    writes = {
        f"/invitations/{_addressed(scene, person)}/accept": None, "/runs": body,
        f"/runs/{run['id']}/stop": {}, f"/runs/{run['id']}/clone": {},
        "/projects": {"name": "x", "group_id": scene.group},
    }  # fmt: skip
    first, *others = writes.items()
    for path, sent in others:
        assert person.call("POST", path, json=sent).status_code in {403, 404}, path
    person.ok("POST", first[0])  # a fresh invitation lets it in again, and nothing else


def test_s11_nobody_is_made_a_member_unasked(scene: Scene) -> None:
    outsider = Person(scene.bench, "outsider", scene.invite())
    own = outsider.ok("POST", "/groups", json={"name": "trap"})["id"]
    answers = [
        outsider.call("PUT", f"/groups/{own}/members/{number}", json={"role": "operator"})
        for number in (scene.owner.id, scene.people[0].id, 4711)
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text.replace("4711", "") for answer in answers}) == 1
    assert [m["account_id"] for m in outsider.ok("GET", f"/groups/{own}")["members"]] == [
        outsider.id
    ]
    outsider.ok("DELETE", f"/groups/{scene.group}/members/{outsider.id}")
    put = f"/groups/{scene.group}/members/{outsider.id}"
    assert scene.owner.call("PUT", put, json={}).status_code == 404  # its own wish stands


def _addressed(scene: Scene, person: Person) -> int:
    body = {"group_id": scene.group, "email": person.email}
    return int(scene.owner.ok("POST", "/invitations", json=body)["id"])


def test_api_prefix_is_one(bench: Bench) -> None:
    paths = bench.client.get("/openapi.json").json()["paths"]
    assert all(p.startswith(API) for p in paths if p not in {"/healthz", "/readyz", "/metrics"})
