"""A real federation with something to see on every page, for the pictures."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent_core.errors import SiloDeskError
from agent_core.protocol.states import TERMINAL, State
from agent_core.rehearsal.federation import Federation
from agent_core.rehearsal.packing import pack_flower, samples

BOUND_S = 240.0
ROUNDS = 12
LIVE_ROUNDS = 5000


class Pictured:
    """A federation and what was made in it: a finished run, a live one, one that waits."""

    def __init__(self, federation: Federation) -> None:
        self.federation = federation
        self.client = federation.coordinator.client
        self.sample = samples()["breast-cancer"]
        self.build = federation.folder / "build"
        self.project_id = 0
        self.finished = 0
        self.second = 0
        self.running = 0
        self.waiting = 0

    def fill(self) -> None:
        """Make everything; each step waits until it can be seen."""
        known = self._application("Breast cancer", self.sample.folder)
        self.federation.allow(known, by="pictures")
        project = self.client.call(
            "projects.create", name="Breast cancer", group_id=self.federation.group_id
        )
        self.project_id = int(project["id"])
        self.finished = self._run(known, "Baseline", ROUNDS, {"lr": 0.05})
        self._until(lambda: State(self._of(self.finished)["state"]) in TERMINAL, "a finished run")
        self.second = self._run(known, "Smaller steps", 6, {"lr": 0.01})
        self._until(lambda: State(self._of(self.second)["state"]) in TERMINAL, "a second one")
        other = self._application("Breast cancer, deeper", self._changed())
        self.waiting = self._run(other, "Deeper model", 4, {})
        self._until(lambda: self.client.call("agent.status")["approvals_waiting"], "an approval")
        self.running = self._run(known, "Long training", LIVE_ROUNDS, {})
        self._until(lambda: self._of(self.running)["round"] >= 5, "rounds of a live run")
        for method, params in self._extras():
            self._try(method, **params)

    def _extras(self) -> list[tuple[str, dict[str, Any]]]:
        group = {"group_id": self.federation.group_id}
        data = self.sample.data
        return [
            ("invitations.create", {**group, "role": "operator"}),
            ("invitations.create", {**group, "role": "scientist"}),
            ("groups.create", {"name": "Radiology pilot"}),
            ("datasets.add", {"name": "Biopsies 2024", "path": str(data / "silo-1")}),
            ("datasets.add", {"name": "Held-out", "path": str(data / "silo-2" / "test.csv")}),
        ]

    def _try(self, method: str, **params: Any) -> None:
        try:
            self.client.call(method, **params)
        except SiloDeskError as error:
            print(f"not in the pictures: {method}: {error}")

    def _application(self, name: str, folder: Path) -> dict[str, Any]:
        return self.federation.add_application(name, [pack_flower(folder, self.build / name)])

    def _changed(self) -> Path:
        """Return a copy of the sample whose training code differs."""
        folder = self.federation.folder / "deeper"
        shutil.copytree(self.sample.folder, folder, ignore=shutil.ignore_patterns("data"))
        task = next(folder.rglob("task.py"))
        task.write_text(task.read_text() + "\n\ndef depth() -> int:\n    return 3\n")
        return folder

    def _run(
        self, application: dict[str, Any], name: str, rounds: int, parameters: dict[str, Any]
    ) -> int:
        members = self.federation.members
        run = self.client.call(
            "runs.create", idempotency_key=uuid.uuid4().hex, project_id=self.project_id,
            application_id=application["id"], name=name, parameters=parameters, rounds=rounds,
            round_deadline_s=120.0, quorum=len(members) - 1, server_edge=members[0].edge_id,
            client_edges=[member.edge_id for member in members[1:]],
        )  # fmt: skip
        self.client.call("runs.start", run_id=run["id"])
        return int(run["id"])

    def _of(self, run_id: int) -> dict[str, Any]:
        return dict(self.client.call("runs.get", run_id=run_id))

    def _until(self, is_so: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + BOUND_S
        while not is_so():
            if time.monotonic() > deadline:
                raise TimeoutError(f"There was no {what} within {BOUND_S:.0f} s.")
            time.sleep(0.3)


def open_federation(silos: int) -> Federation:
    """Return a federation of the sample's hospitals, not started yet."""
    return Federation(silos=silos, data=samples()["breast-cancer"].data, say=lambda _: None)
