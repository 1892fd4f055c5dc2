"""Accounts, sessions, invitations, devices: who gets in, and for how long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.hub_bench import PASSWORD, Bench, Machine, Person, Scene, sqlite_bench
from sqlalchemy import select, update

from agent_core.errors import LimitError
from agent_core.hub import hashing, tables
from agent_core.hub.sessions import Brake


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with sqlite_bench(tmp_path) as made:
        yield made


@pytest.fixture
def ada(bench: Bench) -> Person:
    return Person(bench, "ada")


def test_the_first_account_is_administrator_and_others_need_an_invitation(
    bench: Bench, ada: Person
) -> None:
    assert ada.ok("GET", "/me")["is_admin"] is True
    body = {"email": "b@example.org", "name": "b", "password": PASSWORD}
    assert bench.call("POST", "/accounts", json=body).json()["code"] == "forbidden.invitation"
    link = ada.ok("POST", "/invitations", json={})["link"]
    code = link.rpartition("code=")[2]
    assert (
        bench.ok("POST", "/accounts", json={**body, "code": code})["account"]["is_admin"] is False
    )
    again = {**body, "email": "c@example.org", "code": code}
    assert bench.call("POST", "/accounts", json=again).json()["code"] == "conflict.invitation"


@pytest.mark.parametrize(
    "change", [{"email": "nobody"}, {"password": "short"}, {"name": " "}], ids=str
)
def test_what_cannot_be_an_account(bench: Bench, change: dict[str, str]) -> None:
    body = {"email": "a@example.org", "name": "a", "password": PASSWORD, **change}
    answer = bench.call("POST", "/accounts", json=body)
    assert (answer.status_code, bool(answer.json()["next_step"])) == (422, True)


def test_an_address_has_one_account(bench: Bench, ada: Person) -> None:
    code = ada.ok("POST", "/invitations", json={})["link"].rpartition("code=")[2]
    body = {"email": "ADA@example.org ", "name": "x", "password": PASSWORD, "code": code}
    assert bench.call("POST", "/accounts", json=body).json()["code"] == "conflict.email"
    assert bench.ok("GET", f"/invitations/by-code/{code}")["state"] == "open"


def test_codes_are_judged_before_the_slow_part_and_guessing_is_braked(
    bench: Bench, ada: Person, every_place_is_taken: None
) -> None:
    code = ada.ok("POST", "/invitations", json={})["link"].rpartition("code=")[2]
    body = {"email": "b@example.org", "name": "b", "password": PASSWORD}
    busy = bench.call("POST", "/accounts", json={**body, "code": code})
    assert (busy.status_code, busy.json()["code"]) == (503, "limit.busy")
    assert int(busy.headers["Retry-After"]) > 0
    assert (
        bench.call("POST", "/sessions", json={"email": "x@y", "password": "z"}).status_code == 503
    )
    assert bench.call("GET", "/hub").status_code == 200
    reset = {"code": "wrong", "password": PASSWORD}
    assert bench.call("POST", "/accounts/reset", json=reset).json()["code"] == "conflict.reset"
    guess = {**body, "code": "wrong"}
    codes = [bench.call("POST", "/accounts", json=guess).json()["code"] for _ in range(20)]
    assert set(codes) == {"missing.invitation"}
    braked = bench.call("POST", "/accounts", json=guess)
    assert (braked.status_code, braked.json()["code"]) == (429, "limit.sign_in")


@pytest.fixture
def every_place_is_taken(ada: Person) -> Iterator[None]:
    places = hashing.turns._places
    for _ in range(hashing.WAITING):
        assert places.acquire(timeout=5)
    yield
    for _ in range(hashing.WAITING):
        places.release()


def test_secrets_are_stored_as_hashes(bench: Bench, ada: Person) -> None:
    machine = ada.bind("m")
    with bench.store.read() as reader:
        rows = [
            str(dict(row))
            for table in (tables.accounts, tables.sessions, tables.devices, tables.invitations)
            for row in reader.all(select(table))
        ]
    stored = " ".join(rows)
    assert "argon2id" in stored
    for secret in (PASSWORD, ada.token, ada.refresh, machine.token, machine.broker["password"]):
        assert secret not in stored


def test_signing_in_and_the_brake(bench: Bench, ada: Person) -> None:
    good = {"email": "Ada@example.org", "password": PASSWORD}
    assert bench.ok("POST", "/sessions", json=good)["account"]["id"] == ada.id
    for email in ("ada@example.org", "unknown@example.org"):
        bad = {"email": email, "password": "wrong"}
        codes = [bench.call("POST", "/sessions", json=bad).json()["code"] for _ in range(6)]
        assert codes == ["auth.password"] * 5 + ["limit.sign_in"]
    braked = bench.call("POST", "/sessions", json=good)
    assert (braked.status_code, int(braked.headers["Retry-After"]) > 0) == (429, True)


def test_the_brake_forgets_in_time() -> None:
    brake = Brake(limit=1, window_s=60)
    brake.failed("a")
    with pytest.raises(LimitError):
        brake.check("a")
    brake.check("b")
    brake.passed("a")
    brake.check("a")
    expired = Brake(limit=1, window_s=-1)
    expired.failed("a")
    expired.check("a")


def test_refresh_tokens_rotate_and_a_stolen_one_ends_the_session(bench: Bench, ada: Person) -> None:
    first = bench.ok("POST", "/sessions/refresh", json={"refresh_token": ada.refresh})
    assert ada.call("GET", "/me").status_code == 401
    # The answer may have been lost: for a minute the old token still works.
    second = bench.ok("POST", "/sessions/refresh", json={"refresh_token": ada.refresh})
    assert second["refresh_token"] != first["refresh_token"]
    with bench.store.write() as tx:
        tx.run(update(tables.sessions).values(rotated_at=time.time() - 61))
    stolen = bench.call("POST", "/sessions/refresh", json={"refresh_token": ada.refresh})
    assert stolen.status_code == 401
    headers = {"Authorization": f"Bearer {second['access_token']}"}
    assert bench.call("GET", "/me", headers=headers).status_code == 401


def test_access_ends_after_its_hour(bench: Bench, ada: Person) -> None:
    with bench.store.write() as tx:
        tx.run(update(tables.sessions).values(access_expires_at=time.time() - 1))
    assert ada.call("GET", "/me").json()["code"] == "auth.expired"
    fresh = bench.ok("POST", "/sessions/refresh", json={"refresh_token": ada.refresh})
    ada.token = fresh["access_token"]
    ada.ok("GET", "/me")
    with bench.store.write() as tx:
        tx.run(update(tables.sessions).values(refresh_expires_at=time.time() - 1))
    body = {"refresh_token": fresh["refresh_token"]}
    assert bench.call("POST", "/sessions/refresh", json=body).status_code == 401


def test_an_invitation_is_used_once_and_by_whom_it_is_for(bench: Bench) -> None:
    scene = Scene(bench, silos=1)
    code = scene.invite("scientist", email="Eve@example.org")
    about = bench.ok("GET", f"/invitations/by-code/{code}")
    assert (about["group_name"], about["role"], about["link"]) == ("study", "scientist", "")
    person = scene.people[0]
    for verb in ("accept", "decline"):
        wrong = person.call("POST", f"/invitations/{verb}", json={"code": code})
        assert wrong.json()["code"] == "forbidden.invitation"
    eve = Person(bench, "eve", code)
    assert eve.ok("POST", "/invitations/accept", json={"code": code})["id"] == scene.group
    roles = {m["name"]: m["role"] for m in eve.ok("GET", f"/groups/{scene.group}")["members"]}
    assert roles == {"ada": "owner", "operator0": "operator", "eve": "scientist"}
    again = person.call("POST", "/invitations/accept", json={"code": code})
    assert again.json()["code"] == "conflict.invitation"
    assert {p["name"] for p in eve.ok("GET", "/collaborators")["items"]} == set(roles)


def test_invitations_end_declined_revoked_or_expired(bench: Bench) -> None:
    scene = Scene(bench, silos=1)
    person = scene.people[0]
    declined, late = scene.invite(), scene.invite()
    person.ok("POST", "/invitations/decline", json={"code": declined})
    listed = scene.owner.ok("GET", "/invitations")["items"]
    scene.owner.ok("DELETE", f"/invitations/{listed[0]['id']}")
    expired = scene.invite(expires_in_s=0.001)
    time.sleep(0.002)
    for code in (declined, late, expired, "nonsense"):
        answer = person.call("POST", "/invitations/accept", json={"code": code})
        assert answer.status_code in {404, 409}
    states = [item["state"] for item in scene.owner.ok("GET", "/invitations")["items"]]
    assert states == ["expired", "revoked", "declined", "accepted"]


def test_a_device_proves_its_key_and_keeps_its_number(bench: Bench, ada: Person) -> None:
    machine = ada.bind("m")
    body = {"device_id": "m", "name": "m", "silo": "s", "public_key": ada.public,
            "signature": "AAAA"}  # fmt: skip
    assert ada.call("POST", "/devices", json=body).json()["code"] == "forbidden.signature"
    again = Machine(ada, "m", machine.key)
    assert again.edge == machine.edge
    assert again.broker["password"] != machine.broker["password"]
    assert "." not in again.broker["client_id"]
    old = bench.call("POST", "/devices/renew", headers=machine.auth)
    assert old.status_code == 401
    with bench.store.write() as tx:
        tx.run(update(tables.devices).values(token_expires_at=time.time() - 1))
    expired = bench.call("POST", "/devices/renew", headers=again.auth)
    assert expired.json()["code"] == "auth.expired"


def test_a_revoked_device_may_be_bound_again(bench: Bench, ada: Person) -> None:
    machine = ada.bind("m")
    renamed = ada.ok("PATCH", f"/devices/{machine.edge}", json={"silo": "North"})
    assert (renamed["silo"], renamed["name"]) == ("North", "m")
    assert ada.ok("DELETE", f"/devices/{machine.edge}")["revoked"] is True
    group = ada.ok("POST", "/groups", json={"name": "g"})["id"]
    refused = ada.call("PUT", f"/groups/{group}/devices/{machine.edge}")
    assert refused.json()["code"] == "input.device"
    back = Machine(ada, "m", machine.key)
    assert back.edge == machine.edge
    ada.ok("PUT", f"/groups/{group}/devices/{back.edge}")
    topology = ada.ok("GET", f"/groups/{group}/topology")
    (link,) = topology["links"]
    assert (link["from"], link["to"], link["presence"]) == ("hub", back.edge, "offline")


def test_a_group_keeps_its_owner(bench: Bench) -> None:
    scene = Scene(bench, silos=1)
    path = f"/groups/{scene.group}/members/{scene.owner.id}"
    assert scene.owner.call("DELETE", path).json()["code"] == "conflict.owner"
    assert scene.owner.call("PUT", path, json={"role": "operator"}).status_code == 409
    person = scene.people[0]
    person.ok("DELETE", f"/groups/{scene.group}/members/{person.id}")  # members may leave


def test_packages_belong_to_who_uploaded_them_or_shares_their_group(bench: Bench) -> None:
    scene = Scene(bench, silos=1)
    person = scene.people[0]
    info = person.ok("GET", f"/packages/{scene.package}")
    assert (info["name"], info["uploaded_by"], info["manifest"]) == (
        "app",
        "ada",
        {"files": [1, 2]},
    )
    listed = person.ok("GET", "/applications")["items"]
    assert listed[0]["packages"][0]["manifest"] == {}  # the list of files may be long
    own = scene.upload(person, {"type": "client", "name": "own"})
    assert scene.owner.call("GET", f"/packages/{own}").status_code == 404
    body = {"name": "x", "group_id": scene.group, "packages": [own]}
    assert scene.owner.call("POST", "/applications", json=body).json()["code"] == "missing.package"
    mine = scene.upload(scene.owner, {"type": "client", "name": "c"})
    body = {**body, "packages": [mine]}
    assert scene.owner.call("POST", "/applications", json=body).json()["code"] == "input.packages"
    server = scene.upload(scene.owner, {"type": "server", "name": "s"})
    body = {**body, "packages": [server, mine]}
    made = scene.owner.ok("POST", "/applications", json=body)
    assert [package["type"] for package in made["packages"]] == ["client", "server"]


def test_s1_an_upload_with_other_bytes_is_refused_and_deleted(bench: Bench, ada: Person) -> None:
    body = {"sha256": "a" * 64, "size": 3}
    put = ada.ok("POST", "/uploads", json=body)
    bench.objects.put(put["parts"][0]["url"], b"abc")
    path = f"/uploads/{put['upload_id']}/complete"
    assert ada.call("POST", path, json={"parts": []}).json()["code"] == "package.sha256"
    assert not bench.objects.content
    assert ada.call("POST", path, json={"parts": []}).json()["code"] == "missing.upload"
    large = {"sha256": "a" * 64, "size": 2**40}
    assert ada.call("POST", "/uploads", json=large).json()["code"] == "limit.package"
