"""Walk as the README says: hub, sign-up, group, invitation, package, run, approval, all typed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent_core.rehearsal.packing import samples
from agent_core.rehearsal.processes import Family

pytestmark = [pytest.mark.runtime, pytest.mark.timeout(240)]
PASSWORD = "correct horse battery staple"


@dataclass
class Person:
    """Somebody at a machine of their own."""

    family: Family
    name: str

    @property
    def home(self) -> Path:
        """Return the folder of this person's agent."""
        return self.family.root / self.name

    def types(self, *words: str, stdin: str = "", expect: int = 0) -> Any:
        """Type a command with --json; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "agent_core.cli", *words, "--json", "--home", str(self.home)],
            input=stdin.encode(),
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == expect, (words, done.stdout, done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def opens_agent(self, *more: str) -> None:
        """Start this person's agent in the foreground of another terminal."""
        credentials = self.family.root / f"{self.name}-credentials.json"
        self.family.start(
            self.name,
            ["agent", "--home", str(self.home), "--credentials", str(credentials), *more],
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            status = subprocess.run(
                [sys.executable, "-m", "agent_core.cli", "status", "--home", str(self.home)],
                capture_output=True, check=False, timeout=60,
            )  # fmt: skip
            if status.returncode == 0:
                return
        raise AssertionError(f"the agent of {self.name} did not come up")


@pytest.fixture
def family(root: Path) -> Iterator[Family]:
    """Return the processes of the test, ended after it."""
    processes = Family(root)
    yield processes
    processes.end()


def hub_url(family: Family) -> str:
    """Start a hub and return its address."""
    home = family.root / "hub"
    child = family.start("hub", ["hub", "--home", str(home), "--port", "0", "--json"])
    file = home / "hub" / "hub.json"
    family.wait_for(child, file.exists, "The hub")
    return str(json.loads(file.read_text())["url"])


def test_two_people_train_a_model_by_commands_alone(family: Family) -> None:
    """Everything a window does can be typed, and answers in JSON."""
    sample = samples()["breast-cancer"]
    assert sample.data is not None
    url = hub_url(family)
    scientist, operator = Person(family, "lab"), Person(family, "site")
    scientist.opens_agent()
    operator.opens_agent("--data", str(sample.data / "silo-1"))

    bound = scientist.types(
        "login", "--hub", url, "you@lab.example", "--sign-up", "Elif Kaya",
        "--silo", "Meridian Lab", "--password-stdin", stdin=PASSWORD,
    )  # fmt: skip
    assert f"flserver_agent/{bound['device']['edge_id']}/start_train" in json.dumps(bound)
    group = scientist.types("group", "create", "Oncology")["id"]
    scientist.types("group", "add-device", str(group), str(bound["device"]["edge_id"]))
    link = scientist.types("group", "invite", str(group))["link"]
    operator.types(
        "join", link, "--email", "op@site.example", "--name", "Op Erator", "--silo", "St. Anna",
        "--password-stdin", stdin=PASSWORD,
    )  # fmt: skip
    devices = {one["silo"]: one["edge_id"] for one in items(scientist.types("device", "list"))}
    assert set(devices) == {"Meridian Lab", "St. Anna"}

    built = scientist.types(
        "build", "-t", "flower", "-sf", str(sample.folder), "-df", str(family.root / "out")
    )
    assert built
    package = family.root / "out" / "dist-packages" / "flower-package.zip"
    assert scientist.types("package", "verify", str(package))
    app = scientist.types("app", "create", "WDBC", str(package), "--group", str(group))
    project = scientist.types("project", "create", "Breast cancer", "--group", str(group))
    run = scientist.types(
        "run", "create", "--project", str(project["id"]), "--app", str(app["id"]),
        "--server", str(devices["Meridian Lab"]), "--client", str(devices["St. Anna"]),
        "--rounds", "3", "--param", "local-epochs=1",
    )  # fmt: skip
    scientist.types("run", "start", str(run["id"]))

    for person in (scientist, operator):
        approve(person)

    ended = wait_for_end(scientist, run["id"])
    assert ended["state"] == "FINISHED", ended["detail"]
    points = items(scientist.types("run", "metrics", str(run["id"])))
    assert {point["round"] for point in points if point["key"] == "test_accuracy"} == {1, 2, 3}
    models = items(scientist.types("run", "models", str(run["id"])))
    assert {model["round"] for model in models} >= {1, 2, 3}
    saved = family.root / "model.safetensors"
    scientist.types("run", "save-model", str(run["id"]), str(saved), "--round", "3")
    assert saved.stat().st_size > 0
    assert items(scientist.types("run", "logs", str(run["id"])))
    scientist.types("run", "start", str(run["id"]), expect=1)  # it has ended; no traceback


def approve(person: Person) -> None:
    """Wait until this person is asked, and approve for this run."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        waiting = items(person.types("approval", "list"))
        if waiting:
            assert person.types("approval", "show", str(waiting[0]["id"]))
            person.types("approval", "approve", str(waiting[0]["id"]), "--scope", "run")
            return
        time.sleep(0.1)
    raise AssertionError(f"{person.name} was not asked")


def wait_for_end(person: Person, run_id: int) -> dict[str, Any]:
    """Wait for a run's end by asking for it."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        run = person.types("run", "show", str(run_id))
        if run["state"] in {"FINISHED", "FAILED", "KILLED", "EXCEPTION"}:
            return dict(run)
        time.sleep(0.3)
    raise AssertionError("the run did not end")


def items(answer: Any) -> list[dict[str, Any]]:
    """Return the items of a page, or the list itself."""
    return list(answer["items"] if isinstance(answer, dict) else answer)
