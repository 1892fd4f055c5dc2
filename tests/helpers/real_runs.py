"""Runs of small real applications in a federation, whose silo has to decide."""

from __future__ import annotations

import shutil
import time
import uuid
from pathlib import Path
from typing import Any

from agent_core.protocol.states import TERMINAL, State
from agent_core.rehearsal.federation import Federation, Member
from agent_core.rehearsal.packing import pack_flower, samples

BOUND_S = 90.0
SAYS = '    print("sees", sorted(path.name for path in data_folder(context).iterdir()))\n'
MARK = "    config = context.run_config\n    model = model_of"


def variant(root: Path, *changes: tuple[str, str]) -> Path:
    """Pack the breast cancer sample, its client saying what it sees, with texts replaced."""
    folder = root / uuid.uuid4().hex[:8]
    shutil.copytree(
        samples()["breast-cancer"].folder, folder, ignore=shutil.ignore_patterns("data")
    )
    file = folder / "breast_cancer" / "client_app.py"
    text = file.read_text()
    assert MARK in text
    text = text.replace(MARK, SAYS + MARK)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)
    return pack_flower(folder, root / f"{folder.name}-build")


def application(federation: Federation, name: str, package: Path) -> dict[str, Any]:
    """Upload a package; the coordinator allows it for its own half, the silos do not."""
    made = federation.add_application(name, [package])
    for one in made["packages"]:
        federation.coordinator.client.call(
            "approvals.allow", content_digest=one["content_digest"], by="test"
        )
    return made


def start(federation: Federation, app: dict[str, Any], silo: Member) -> int:
    """Start a run of one round with one silo; return its number."""
    client = federation.coordinator.client
    project = client.call(
        "projects.create", name=f"Project {uuid.uuid4().hex[:6]}", group_id=federation.group_id
    )
    run = client.call(
        "runs.create", idempotency_key=uuid.uuid4().hex, project_id=project["id"],
        application_id=app["id"], name=app["name"], rounds=1, round_deadline_s=60.0, quorum=1,
        server_edge=federation.coordinator.edge_id, client_edges=[silo.edge_id],
    )  # fmt: skip
    client.call("runs.start", run_id=run["id"])
    return int(run["id"])


def question(silo: Member, run_id: int) -> dict[str, Any]:
    """Wait until the silo is asked about a run; return the question."""
    return wait_for(
        lambda: next(
            (one for one in silo.client.call("approvals.list", state="pending")
             if one["run_id"] == run_id), None,
        ),
        "the silo to be asked",
    )  # fmt: skip


def ended(federation: Federation, run_id: int) -> dict[str, Any]:
    """Wait for a run's end; return it."""

    def look() -> dict[str, Any] | None:
        run = dict(federation.coordinator.client.call("runs.get", run_id=run_id))
        return run if State(run["state"]) in TERMINAL else None

    return wait_for(look, f"the end of run {run_id}")


def log_text(federation: Federation, run_id: int, wanted: str) -> str:
    """Return a run's log once it holds some words."""

    def look() -> str | None:
        page = federation.coordinator.client.call("runs.logs", run_id=run_id, limit=2000)
        text = "\n".join(line["text"] for line in page["items"])
        return text if wanted in text else None

    return str(wait_for(look, f"'{wanted}' in the log"))


def wait_for(look: Any, what: str, bound_s: float = BOUND_S) -> Any:
    """Return what `look` gives as soon as it gives something; fails after the bound."""
    deadline = time.monotonic() + bound_s
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {bound_s} s for {what}"
        time.sleep(0.1)  # the agent is asked, not slept for
