"""A run that fails tells what happened, where, and what to do: in the run and on the device."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_core.errors import UserInputError
from agent_core.protocol.states import TERMINAL
from agent_core.rehearsal.federation import Federation
from agent_core.rehearsal.packing import pack_flower
from agent_core.rehearsal.run import RunWish, prepare, start, wait

pytestmark = [pytest.mark.runtime, pytest.mark.timeout(180)]
APPS = Path(__file__).parent / "apps"
FIRST, SECOND = "Klinikum Lindenau", "St. Anna Hospital"


@pytest.fixture(scope="module")
def federation() -> Iterator[Federation]:
    """Return a running federation of two silos whose pip may ask no index."""
    root = Path(tempfile.mkdtemp(prefix="sd-", dir="/tmp"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        with Federation(silos=2, root=root, say=lambda _: None) as running:
            yield running
    shutil.rmtree(root, ignore_errors=True)


def failed(federation: Federation, app: str, **parameters: Any) -> dict[str, Any]:
    """Run an app to its end, which is no good one, and return the run."""
    package = pack_flower(APPS / app, federation.folder / "build")
    wish = RunWish(packages=[package], name=app, parameters=parameters, round_deadline_s=60)
    run = prepare(federation, wish)
    start(federation, run["id"])
    run = wait(federation, run["id"], 90, lambda _: None)
    assert run["state"] in ("FAILED", "EXCEPTION"), run["detail"]
    assert "Traceback" not in run["detail"]
    return run


def detail_of(run: dict[str, Any], silo: str) -> str:
    """Return what a run says of one site."""
    return str(next(device["detail"] for device in run["devices"] if device["silo"] == silo))


def end_states(federation: Federation, run_id: int) -> dict[str, str]:
    """Return how each site's part ended; their jobs end a moment after the run."""
    deadline = time.monotonic() + 30
    while True:
        run = federation.coordinator.client.call("runs.get", run_id=run_id)
        states = {device["silo"]: str(device["state"]) for device in run["devices"]}
        if set(states.values()) <= {str(state) for state in TERMINAL}:
            return states
        assert time.monotonic() < deadline, states
        time.sleep(0.1)


def shown(federation: Federation, run: dict[str, Any], verb: str = "show") -> str:
    """Return what a person reads of a run in a terminal."""
    told = subprocess.run(
        [sys.executable, "-m", "agent_core.cli", "run", verb, str(run["id"]), "--home",
         str(federation.coordinator.home.root)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in told.stderr
    assert verb != "watch" or told.returncode == 1
    return told.stdout + told.stderr


def test_a_job_that_crashes_names_site_and_line(federation: Federation) -> None:
    """Also at `run show`, and at `run watch` with where the log is."""
    run = failed(federation, "trouble", trouble="crash", at=1)
    assert FIRST in run["detail"]
    assert SECOND not in run["detail"]
    assert "'age_at_diagnosis'" in run["detail"]
    states = end_states(federation, run["id"])
    assert states[FIRST] == "EXCEPTION"
    assert states[SECOND] == "KILLED"
    assert "client_app.py:25" in run["detail"]
    assert run["detail"] in shown(federation, run)
    watched = shown(federation, run, "watch")
    assert f"error: The run ended as {run['state']}: " in watched
    assert f"silodesk run logs {run['id']}" in watched
    logs = federation.coordinator.client.call("runs.logs", run_id=run["id"], limit=5000)
    assert any("Traceback" in line["text"] for line in logs["items"])  # the log keeps it


def test_out_of_memory_names_site_and_way_out(federation: Federation) -> None:
    """One site allows its jobs less than the package takes."""
    silo = federation.members[2].client
    silo.call("settings.set", job_memory=900)
    try:
        run = failed(federation, "trouble", trouble="memory", at=2)
    finally:
        silo.call("settings.set", job_memory=0)
    assert SECOND in run["detail"]
    assert "The job ran out of memory (fedml/trouble/client_app.py:27" in run["detail"]
    assert "Allow jobs more memory at that site" in run["detail"]


def test_a_parameter_of_a_wrong_type_names_it(federation: Federation) -> None:
    """The package says that it is a number: no run is made."""
    with pytest.raises(UserInputError, match="The parameter learning-rate is a number") as refused:
        failed(federation, "trouble", **{"learning-rate": "fast"})
    assert "such as 0.1" in refused.value.next_step


def test_an_app_whose_import_fails_names_what_is_missing(federation: Federation) -> None:
    """At the site where it was tried."""
    run = failed(federation, "broken")
    assert FIRST in run["detail"] or SECOND in run["detail"]
    assert "'silodesk_no_such_module'" in run["detail"]
    assert "requirements" in run["detail"]


def test_a_requirement_that_cannot_be_installed_is_named(federation: Federation) -> None:
    """With the site that could not."""
    run = failed(federation, "demanding")
    assert "silodesk-no-such-requirement>=9" in run["detail"]
    assert any(member.name in run["detail"] for member in federation.members)
    assert "Correct the name or version" in run["detail"]


def test_a_data_folder_that_went_away_is_named(federation: Federation) -> None:
    """It was there when it was set."""
    silo, data = federation.members[1].client, federation.folder / "data"
    data.mkdir()
    silo.call("settings.set", data_dir=str(data))
    data.rmdir()
    try:
        run = failed(federation, "trouble")
    finally:
        silo.call("settings.set", data_dir="")
    assert f"{FIRST}: The data folder {data} of this silo does not exist." in run["detail"]
    assert "settings" in detail_of(run, FIRST)


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root can mount a small disk"
)
def test_no_disk_for_a_job_names_site_and_need(federation: Federation) -> None:
    """The folder of jobs lies on a disk of 16 MB."""
    jobs = federation.members[2].home.jobs
    jobs.mkdir(exist_ok=True)
    small = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(jobs)]
    if subprocess.run(small, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        run = failed(federation, "trouble")
    finally:
        subprocess.run(["umount", "-l", str(jobs)], check=False, capture_output=True)
    assert SECOND in run["detail"]
    assert "a job needs" in detail_of(run, SECOND)
    assert "Free some space" in detail_of(run, SECOND)
