"""A hub with a run, models and logs: backed up while it runs, restored, and everything is there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from agent_core.rehearsal.federation import Federation
from agent_core.rehearsal.packing import pack_flower, samples
from agent_core.rehearsal.run import RunWish, run_once

BOUND_S = 120.0


def command(*arguments: str, home: Path) -> tuple[int, str, str]:
    """Run `silodesk hub …` and return how it ended and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "agent_core.cli", "hub", *arguments, "--json", "--home", str(home)],
        capture_output=True, text=True, timeout=BOUND_S, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def seen(federation: Federation, run_id: int) -> dict[str, Any]:
    """Return what a person would look for."""
    client = federation.coordinator.client
    models = client.call("runs.models", run_id=run_id)["items"]
    logs = client.call("runs.logs", run_id=run_id, limit=5000)["items"]
    return {
        "run": client.call("runs.get", run_id=run_id)["state"],
        "models": [(model["round"], model["sha256"]) for model in models],
        "logs": [line["text"] for line in logs],
        "metrics": client.call("runs.metrics", run_id=run_id)["items"],
        "applications": [a["name"] for a in client.call("applications.list")["items"]],
    }


def wait_until_online(federation: Federation) -> None:
    """Wait until every agent's heartbeat is answered again."""
    deadline = time.monotonic() + BOUND_S
    for member in federation.members:
        while member.client.call("agent.status")["state"] != "online":
            assert time.monotonic() < deadline, f"{member.name} did not come back"
            time.sleep(0.2)


def test_a_hub_is_backed_up_while_it_runs_and_restored_somewhere_else(
    federation: Federation, root: Path
) -> None:
    package = pack_flower(samples()["breast-cancer"].folder, root / "build")
    run_once(federation, RunWish([package], "Kept", rounds=2), lambda _: None)
    run_id = int(federation.coordinator.client.call("runs.list")["items"][0]["id"])
    before = seen(federation, run_id)
    assert before["models"]
    assert before["logs"]

    file = root / "hub.silohub"
    code, out, err = command("backup", str(file), home=federation.folder / "hub")
    assert code == 0, err
    made = json.loads(out)
    assert made["missing"] == 0
    assert '"progress"' in err
    assert file.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(file) as archive:
        assert any(name.startswith("objects/models/") for name in archive.namelist())

    os.killpg(federation.hub.process.pid, signal.SIGTERM)
    federation.hub.process.wait(BOUND_S)
    new = root / "moved"
    code, out, err = command("restore", str(file), home=new)
    assert code == 0, err
    assert json.loads(out)["set_aside"] == ""
    federation.family.start("hub", ["hub", "--home", str(new), "--json"])
    wait_until_online(federation)
    assert seen(federation, run_id) == before
    saved = federation.coordinator.client.call(
        "runs.save_model", run_id=run_id, round=before["models"][-1][0], path=str(root / "m.st")
    )
    assert saved["sha256"] == before["models"][-1][1]


@pytest.mark.timeout(300)
def test_agents_that_are_ahead_of_the_backup_go_on_with_the_restored_hub(
    federation: Federation, root: Path
) -> None:
    package = pack_flower(samples()["breast-cancer"].folder, root / "build")
    run_once(federation, RunWish([package], "Before", rounds=1), lambda _: None)
    file, hub = root / "hub.silohub", federation.folder / "hub"
    assert command("backup", str(file), home=hub)[0] == 0
    run_once(federation, RunWish([package], "Lost", rounds=1), lambda _: None)  # not in the backup
    client = federation.coordinator.client
    given = {run["id"] for run in client.call("runs.list")["items"]}
    first = client.call("hub.about", hub_url=client.call("agent.status")["hub_url"])["id"]

    os.killpg(federation.hub.process.pid, signal.SIGTERM)
    federation.hub.process.wait(BOUND_S)
    new = root / "moved"
    assert command("restore", str(file), home=new)[0] == 0
    federation.family.start("hub", ["hub", "--home", str(new), "--json"])
    wait_until_online(federation)
    assert client.call("hub.about", hub_url=client.call("agent.status")["hub_url"])["id"] != first
    assert len(client.call("runs.list")["items"]) == len(given) - 1 == 1

    run_once(federation, RunWish([package], "After", rounds=2), lambda _: None)
    newest = client.call("runs.list")["items"][0]
    assert newest["state"] == "FINISHED"
    assert newest["id"] not in given
    assert {m["round"] for m in client.call("runs.rounds", run_id=newest["id"])["items"]} == {1, 2}
    found = seen(federation, newest["id"])
    assert found["metrics"]
    assert found["logs"]


def test_a_running_hub_is_not_replaced_and_a_former_one_is_set_aside(root: Path) -> None:
    with Federation(silos=0, root=root / "f", say=lambda _: None) as federation:
        hub = federation.folder / "hub"
        file = root / "hub.silohub"
        assert command("backup", str(file), home=hub)[0] == 0
        code, err, _ = command("restore", str(file), "--replace", home=hub)
        assert code != 0
        assert "service.running" in err
        os.killpg(federation.hub.process.pid, signal.SIGTERM)
        federation.hub.process.wait(BOUND_S)
        code, err, _ = command("restore", str(file), home=hub)
        assert "conflict.hub" in err
        assert code != 0
        code, out, err = command("restore", str(file), "--replace", home=hub)
        assert code == 0, err
        aside = Path(json.loads(out)["set_aside"])
        assert (aside / "hub.sqlite3").is_file()
        federation.restart_hub()
        wait_until_online(federation)


@pytest.mark.parametrize("fault", ["flipped", "cut", "extra", "no zip"])
def test_a_damaged_backup_changes_nothing(root: Path, fault: str) -> None:
    file, home = root / "b", root / "home"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("hub/hub.sqlite3", b"x" * 10_000)
        entry = {"size": 10_000, "sha256": "0" * 64}
        listing = {"name": "n", "version": "1", "made_at": 1.0, "format": 1,
                   "files": {"hub/hub.sqlite3": entry}}  # fmt: skip
        archive.writestr("backup.json", json.dumps(listing))
        if fault == "extra":
            archive.writestr("hub/../../x", b"")
    if fault == "cut":
        file.write_bytes(file.read_bytes()[:5000])
    if fault == "no zip":
        file.write_bytes(b"hello")
    code, err, _ = command("restore", str(file), home=home)
    assert code == 2
    assert "input.backup" in err
    assert not (home / "hub").exists()
    assert not list(home.glob("restoring-*"))
