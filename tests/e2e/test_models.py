"""A trained model exported, served and asked, over every process there is; and nothing left."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from helpers.waiting import until
from helpers.worker_peer import runtime_python

from agent_core.client import AgentClient
from agent_core.errors import ForbiddenError, SiloDeskError, UserInputError
from agent_core.protocol.states import TERMINAL
from agent_core.rehearsal.federation import Federation
from agent_core.rehearsal.packing import pack_flower, samples

pytestmark = [
    pytest.mark.runtime,
    pytest.mark.timeout(400),
    pytest.mark.skipif(runtime_python() is None, reason="there is no job runtime here"),
]
LOAD = """
import sys, json, torch
script = torch.jit.load(sys.argv[1])
print(json.dumps(script(torch.tensor(json.loads(sys.argv[2]))).tolist()))
"""
Served = tuple[dict[str, Any], str]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Federation, int]]:
    """Yield a federation with a finished run of two rounds, allowed for the run's jobs."""
    sample = samples()["breast-cancer"]
    with Federation(silos=2, data=sample.data, say=lambda _: None) as running:
        package = pack_flower(sample.folder, tmp_path_factory.mktemp("build"))
        application = running.add_application("Breast cancer", [package])
        running.allow(application, by="test")
        client = running.coordinator.client
        project = client.call("projects.create", name="p", group_id=running.group_id)
        run = client.call(
            "runs.create", project_id=project["id"], application_id=application["id"], rounds=2,
            quorum=2, server_edge=running.coordinator.edge_id,
            client_edges=[member.edge_id for member in running.members[1:]],
        )  # fmt: skip
        client.call("runs.start", run_id=run["id"])
        until(
            lambda: client.call("runs.get", run_id=run["id"])["state"] in TERMINAL
            and client.call("runs.models", run_id=run["id"])["total"] == 3, 180,
        )  # fmt: skip
        yield running, int(run["id"])


def serving(client: AgentClient, serving_id: str) -> dict[str, Any]:
    """Return a prediction server's record."""
    found = [one for one in client.call("serving.list") if one["id"] == serving_id]
    return dict(found[0])


def served(
    client: AgentClient, run_id: int, number: int, **more: Any
) -> tuple[dict[str, Any], str]:
    """Start a prediction server and wait until it serves."""
    answer = client.call("serving.start", run_id=run_id, round=number, **more)
    name = answer["serving"]["id"]
    until(lambda: serving(client, name)["state"] != "starting", 90)
    found = serving(client, name)
    assert found["state"] == "serving", found["detail"]
    return found, str(answer["token"])


def post(url: str, token: str, body: bytes, kind: str = "application/json") -> tuple[int, Any]:
    """Send a body; return status and content."""
    headers = {"Content-Type": kind, **({"Authorization": f"Bearer {token}"} if token else {})}
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_export_serve_and_predict_agree(trained: tuple[Federation, int], tmp_path: Path) -> None:
    federation, run_id = trained
    client = federation.coordinator.client
    detail = client.call("models.show", run_id=run_id, round=2)
    assert detail["is_mine"]
    assert detail["exports"]["torchscript"] == ""
    assert "onnx" in detail["exports"]["onnx"]
    assert detail["packages"][0]["is_allowed"]
    assert len(detail["packages"][0]["fingerprint"].split("-" if "-" in
               detail["packages"][0]["fingerprint"] else " ")) >= 4  # fmt: skip
    assert [site["took_part"] for site in detail["sites"] if site["role"] == "client"] == [True] * 2
    rows = detail["declaration"]["input"]["examples"]

    saved = client.call("models.export", run_id=run_id, round=2, path=str(tmp_path))
    done = subprocess.run(
        [str(runtime_python()), "-W", "ignore", "-c", LOAD, saved["path"], json.dumps(rows)],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    by_script = json.loads(done.stdout)

    found, token = served(client, run_id, 2)
    by_agent = client.call("serving.predict", id=found["id"], rows=rows)["predictions"]
    body = json.dumps({"rows": rows}).encode()
    status, by_rest = post(found["url"], token, body)
    assert status == 200
    assert by_rest["predictions"] == by_agent
    for one, chances in zip(by_agent, by_script, strict=True):
        assert list(one["probabilities"].values()) == pytest.approx(chances, abs=1e-4)

    assert post(found["url"], "", body)[0] == 401
    assert post(found["url"], "x" * 43, body)[0] == 401
    assert post(found["url"].replace(found["id"], "other"), token, body)[0] == 401
    assert post(found["url"], token, b"{")[0] == 422
    assert post(found["url"], token, b" " * (9 * 1024 * 1024))[0] == 413
    assert post(found["url"], token, b"x", "text/html")[0] == 415
    table = federation.data / "silo-1" / "test.csv"  # type: ignore[operator]
    status, by_table = post(found["url"], token, table.read_bytes(), "text/csv")
    assert status == 200
    assert len(by_table["predictions"]) == len(table.read_text().splitlines()) - 1
    with pytest.raises(UserInputError, match="takes 30"):
        client.call("serving.predict", id=found["id"], rows=[[1.0]])
    health = found["url"].split("/v1/")[0] + "/healthz"
    with urllib.request.urlopen(health, timeout=30) as answer:
        assert json.load(answer) == {"status": "ok", "models": 1}

    fresh = client.call("serving.token", id=found["id"])["token"]
    assert post(found["url"], token, body)[0] == 401
    assert post(found["url"], fresh, body)[0] == 200

    stopped = client.call("serving.stop", id=found["id"])
    assert stopped["state"] == "ended"
    assert "Stopped by Elif Kaya" in stopped["detail"]
    assert stopped["calls"] >= 3
    until(lambda: not psutil.pid_exists(found["pid"]), 20)
    log = "".join(p.read_text() for p in federation.coordinator.home.root.rglob("*.log"))
    assert token not in log
    assert fresh not in log


def test_s1_without_an_approval_a_person_has_to_say_yes(trained: tuple[Federation, int]) -> None:
    """Another silo's operator: refused with the facts, then allowed for exactly this content."""
    federation, run_id = trained
    client = federation.members[1].client
    digest = client.call("approvals.standing")[0]["content_digest"]
    client.call("approvals.disallow", content_digest=digest)
    try:
        with pytest.raises(ForbiddenError) as refused:
            client.call("serving.start", run_id=run_id, round=1)
        assert refused.value.code == "forbidden.approval"
        assert refused.value.details["content_digest"] == digest
        with pytest.raises(ForbiddenError):
            client.call("models.export", run_id=run_id, round=1, path="/tmp", allow="0" * 64)
        found, _ = served(client, run_id, 1, allow=digest)
        assert (found["allowed_how"], found["allowed_by"]) == ("now", "Operator 1")
        client.call("serving.stop", id=found["id"])
    finally:
        client.call("approvals.allow", content_digest=digest, by="test")


def test_r1_a_server_outlives_its_agent_and_dies_alone(trained: tuple[Federation, int]) -> None:
    federation, run_id = trained
    member = federation.coordinator
    found, token = served(member.client, run_id, 2)
    rows = found["declaration"]["input"]["examples"]
    body = json.dumps({"rows": rows}).encode()
    before = post(found["url"], token, body)[1]["predictions"]

    member.child.process.kill()
    member.child.process.wait(20)
    federation.restart(member)

    def is_back() -> bool:
        try:
            return bool(serving(member.client, found["id"])["state"] == "serving")
        except SiloDeskError:
            return False

    until(is_back, 60)
    now = serving(member.client, found["id"])
    until(lambda: _answers(now["url"], token, body), 60)
    assert now["url"] == found["url"]
    assert post(now["url"], token, body)[1]["predictions"] == before

    psutil.Process(now["pid"]).kill()
    until(lambda: serving(member.client, found["id"])["state"] == "ended", 60)
    assert serving(member.client, found["id"])["detail"]
    member.client.call("serving.forget", id=found["id"])


def _answers(url: str, token: str, body: bytes) -> bool:
    try:
        return post(url, token, body)[0] == 200
    except OSError:
        return False


def test_stop_everything_stops_the_servers_too(trained: tuple[Federation, int]) -> None:
    federation, run_id = trained
    client = federation.coordinator.client
    found, _ = served(client, run_id, 0)
    client.call("jobs.stop_all", reason="closing")
    assert "closing" in serving(client, found["id"])["detail"]


def command(federation: Federation, *words: str) -> Any:
    """Run `silodesk model … --json` at the coordinator's home; return what it printed."""
    home = str(federation.coordinator.home.root)
    done = subprocess.run(
        [sys.executable, "-m", "agent_core.cli", "model", *words, "--home", home, "--json"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_the_command_line_does_it_all(trained: tuple[Federation, int], tmp_path: Path) -> None:
    federation, run_id = trained
    run = str(run_id)
    listed = command(federation, "list", "--run", run)
    assert [model["round"] for model in listed] == [2, 1, 0]
    assert command(federation, "show", run, "2")["model"]["sha256"] == listed[0]["sha256"]
    saved = command(federation, "download", run, "2", str(tmp_path))
    assert saved["sha256"] == listed[0]["sha256"]
    script = command(federation, "export", run, "2", str(tmp_path / "m.pt"))
    assert Path(script["path"]).stat().st_size == script["size"]
    started = command(federation, "serve", run, "2")
    name = started["serving"]["id"]
    rows = started["serving"]["declaration"]["input"]["examples"]
    values = ",".join(str(value) for value in rows[0])
    one = command(federation, "predict", name, "--row", values)
    status, answer = post(
        started["serving"]["url"], started["token"], json.dumps({"rows": rows[:1]}).encode()
    )
    assert status == 200
    assert answer["predictions"] == one["predictions"]
    table = str(federation.data / "silo-1" / "test.csv")  # type: ignore[operator]
    assert len(command(federation, "predict", name, table)["predictions"]) > 10
    assert [s["state"] for s in command(federation, "list", "--served") if s["id"] == name] == [
        "serving"
    ]
    assert command(federation, "stop", name)["state"] == "ended"
    assert command(federation, "show", run, "9")["code"] == "missing.model"
    assert command(federation, "delete", run, "0", "--yes")["rounds"] == [0]
