"""Names and archives at the hub, and what it says about parameters it does not know."""

from __future__ import annotations

from helpers.hub_bench import Scene

from agent_core.hub import parameters
from agent_core.protocol.records import PackageInfo


def test_a_repeated_run_counts_on(scene: Scene) -> None:
    run = scene.create(name="baseline")
    names = [scene.owner.ok("POST", f"/runs/{run['id']}/clone")["name"] for _ in range(2)]
    last = scene.owner.ok("GET", f"/runs/{run['id']}")
    copy_id = scene.owner.ok("GET", "/runs")["items"][0]["id"]
    again = scene.owner.ok("POST", f"/runs/{copy_id}/clone")

    assert names == ["baseline (2)", "baseline (3)"]
    assert again["name"] == "baseline (4)"
    assert last["name"] == "baseline"


def test_a_run_is_renamed_put_away_and_taken_out(scene: Scene) -> None:
    run = scene.create(name="first")
    path = f"/runs/{run['id']}"
    assert scene.owner.ok("PATCH", path, json={"name": "better"})["name"] == "better"
    assert scene.owner.ok("PATCH", path, json={"archived": True})["archived_at"]
    assert scene.owner.ok("GET", "/runs")["items"] == []
    assert len(scene.owner.ok("GET", "/runs?archived=only")["items"]) == 1
    assert scene.owner.ok("PATCH", path, json={"archived": False})["archived_at"] is None
    assert len(scene.owner.ok("GET", "/runs")["items"]) == 1


def test_a_run_that_goes_on_is_not_put_away(scene: Scene) -> None:
    run = scene.start()
    answer = scene.owner.call("PATCH", f"/runs/{run['id']}", json={"archived": True})
    assert answer.status_code == 409


def test_projects_and_applications_are_renamed_and_put_away(scene: Scene) -> None:
    run = scene.create()
    for things, number in (("projects", "project_id"), ("applications", "application_id")):
        path = f"/{things}/{run[number]}"
        assert scene.owner.ok("PATCH", path, json={"name": "Other"})["name"] == "Other"
        scene.owner.ok("PATCH", path, json={"archived": True})
        assert scene.owner.ok("GET", f"/{things}")["items"] == []
        assert len(scene.owner.ok("GET", f"/{things}?archived=all")["items"]) == 1


def test_an_unknown_parameter_names_its_nearest() -> None:
    package = PackageInfo(
        zip_sha256="a" * 64, content_digest="b" * 64, type="flower", name="x", engine="flower",
        size=1, manifest={"config": {"learning-rate": 0.1, "num-server-rounds": 3}}, uploaded_at=0,
    )  # fmt: skip
    (text,) = parameters.warnings([package], {"learning-rte": 0.2, "rounds": 2})
    assert "“learning-rte”" in text
    assert "“learning-rate”" in text
    assert not parameters.warnings([package], {"learning-rate": 0.2})
