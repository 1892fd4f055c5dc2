"""The doctor beside a real hub: all is well, the broker hangs, the store hangs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_core.client import EventStream
from agent_core.rehearsal.federation import Federation


@pytest.fixture(scope="module")
def running() -> Iterator[Federation]:
    """A hub with one bound agent."""
    root = Path(tempfile.mkdtemp(prefix="sd"))
    try:
        with Federation(silos=0, root=root, say=lambda _: None) as federation:
            yield federation
    finally:
        shutil.rmtree(root, ignore_errors=True)


def run(federation: Federation) -> dict[str, Any]:
    return dict(federation.coordinator.client.call("doctor.run"))


def states(report: dict[str, Any]) -> dict[str, str]:
    return {check["key"]: check["state"] for check in report["checks"]}


def pause(federation: Federation, child: str) -> int:
    """Stop a child of the hub in its tracks: its port takes connections and says nothing."""
    record = federation.folder / "hub" / "hub" / child / "service.json"
    pid = int(json.loads(record.read_text())["pid"])
    os.kill(pid, signal.SIGSTOP)
    return pid


def test_a_healthy_hub_passes_every_check_and_tells_each(running: Federation) -> None:
    heard: list[str] = []

    def on_event(name: str, fields: dict[str, Any]) -> None:
        if name == "doctor" and fields["run"] == "mine":
            heard.append(fields["check"]["key"])

    stream = EventStream(running.coordinator.home, on_event)
    try:
        report = running.coordinator.client.call("doctor.run", run="mine")
    finally:
        stream.close()
    found = states(report)
    assert not [key for key, state in found.items() if state in {"fail", "skip"}]
    assert report["path"][-1]["kind"] == "store"
    assert report["path"][-1]["state"] == "ok"
    assert "broker" in report["letter"]


def test_a_store_that_hangs_is_the_fault(running: Federation) -> None:
    pid = pause(running, "store")
    try:
        report = run(running)
    finally:
        os.kill(pid, signal.SIGCONT)
    found = states(report)
    assert (found["broker"], found["heartbeat"], found["store"]) == ("pass", "pass", "fail")
    assert report["fault"] == "store"


def test_a_broker_that_hangs_is_the_fault(running: Federation) -> None:
    pid = pause(running, "broker")
    try:
        report = run(running)
    finally:
        os.kill(pid, signal.SIGCONT)
    found = states(report)
    assert "fail" in {found["broker"], found["heartbeat"]}
    assert found["hub"] == "pass"


def test_the_command_asks_the_agent_and_fails_where_the_hub_is_not(running: Federation) -> None:
    command = [sys.executable, "-m", "agent_core.cli", "doctor", "--json", "--home",
               str(running.coordinator.home.root), "http://127.0.0.1:9"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["fault"] == "tcp"
    assert states(report)["broker"] == "skip"
