"""What an administrator sees and does: overview, accounts, reset links, cleaning up."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest
from helpers.hub_bench import PASSWORD, Bench, Scene, sqlite_bench
from sqlalchemy import update

from agent_core.hub import tables


@pytest.fixture
def bench(tmp_path: Path):
    with sqlite_bench(tmp_path) as found:
        yield found


@pytest.fixture
def scene(bench: Bench) -> Scene:
    return Scene(bench)


def sign_in(bench: Bench, email: str, password: str) -> httpx.Response:
    return bench.call("POST", "/sessions", json={"email": email, "password": password})


def test_the_overview_counts_what_lies_there(scene: Scene) -> None:
    found = scene.owner.ok("GET", "/hub/overview")
    assert found["accounts"] == 3
    assert sum(found["devices"].values()) == 3
    assert {part["key"] for part in found["parts"]} == {"database", "broker", "store"}
    storage = {kind["key"]: kind for kind in found["storage"]}
    assert storage["packages"]["count"] == 1
    assert storage["database"]["size"] > 0


def test_only_an_administrator_sees_accounts(scene: Scene) -> None:
    assert scene.people[0].call("GET", "/hub/accounts").status_code == 403
    people = scene.owner.ok("GET", "/hub/accounts")["items"]
    assert [one["name"] for one in people] == ["ada", "operator0", "operator1"]
    assert people[1]["groups"] == ["study"]
    assert people[1]["devices"] == 1


def test_a_disabled_account_is_out_at_once_and_may_come_back(scene: Scene) -> None:
    person, path = scene.people[0], f"/hub/accounts/{scene.people[0].id}"
    assert scene.owner.ok("PATCH", path, json={"is_disabled": True})["is_disabled"]
    assert person.call("GET", "/me").status_code == 401
    answer = sign_in(scene.bench, person.email, PASSWORD)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden.disabled")
    assert person.bench.call("GET", "/hub").status_code == 200
    scene.owner.ok("PATCH", path, json={"is_disabled": False})
    assert sign_in(scene.bench, person.email, PASSWORD).is_success


def test_the_role_is_given_but_nobody_changes_their_own(scene: Scene) -> None:
    person = scene.people[0]
    scene.owner.ok("PATCH", f"/hub/accounts/{person.id}", json={"is_admin": True})
    assert person.ok("GET", "/hub/overview")["accounts"] == 3
    own = person.call("PATCH", f"/hub/accounts/{person.id}", json={"is_admin": False})
    assert own.json()["code"] == "conflict.self"


def test_a_reset_link_works_once_and_ends_every_session(scene: Scene) -> None:
    person = scene.people[0]
    made = scene.owner.ok("POST", f"/hub/accounts/{person.id}/reset")
    link = httpx.URL(made["link"])
    assert link.scheme == "silodesk"
    body = {"code": link.params["code"], "password": "another long one"}
    session = scene.bench.ok("POST", "/accounts/reset", json=body)
    assert session["account"]["id"] == person.id
    assert person.call("GET", "/me").status_code == 401
    assert sign_in(scene.bench, person.email, "another long one").is_success
    again = scene.bench.call("POST", "/accounts/reset", json=body)
    assert again.json()["code"] == "conflict.reset"


def test_cleaning_up_counts_first_and_deletes_only_what_nobody_needs(scene: Scene) -> None:
    bench = scene.bench
    unused = scene.upload(scene.owner, {"type": "flower", "name": "unused"})
    long_ago = time.time() - 3 * 86400
    with bench.store.write() as tx:
        tx.run(update(tables.packages).values(uploaded_at=long_ago))
    kinds = {"kinds": ["packages", "uploads", "tensors"]}
    told = scene.owner.ok("POST", "/hub/clean-up", json={**kinds, "dry_run": True})["items"]
    counts = {one["key"]: one["count"] for one in told}
    assert counts == {"packages": 1, "uploads": 0, "tensors": 0}
    assert bench.objects.head(f"packages/{unused}.zip")
    scene.owner.ok("POST", "/hub/clean-up", json={**kinds, "dry_run": False})
    assert bench.objects.head(f"packages/{unused}.zip") is None
    assert bench.objects.head(f"packages/{scene.package}.zip")
    assert scene.owner.call("GET", f"/packages/{unused}").status_code == 404
