"""Pretended machines give way to the one that the window is on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from helpers.waiting import until

from agent_core.rehearsal import elsewhere
from agent_core.rehearsal.federation import Federation
from agent_core.rehearsal.processes import Family

STARTS_ANOTHER = """
import subprocess
subprocess.run(["sleep", "60"], start_new_session=True)
"""
BOUND_S = 20.0


def group_level(pid: int) -> int:
    """Return the nice level of a process's session."""
    return int(Path(f"/proc/{pid}/autogroup").read_text().rpartition(" ")[2])


def test_hub_and_silos_start_lower_than_the_coordinator(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The window talks to the coordinator's agent."""
    levels: dict[str, int] = {}

    def start(_: Family, name: str, arguments: list[str], nice: int = 0) -> Any:
        assert arguments
        levels[name] = nice

    monkeypatch.setattr(Family, "start", start)
    federation = Federation(silos=2, root=tmp_path, say=lambda _: None)
    federation._start_hub()
    for number in range(3):
        federation._start_agent(number)
    assert levels == {"hub": 5, "coordinator": 0, "silo-1": 5, "silo-2": 5}


def test_a_process_is_started_lower(tmp_path: Path) -> None:
    """So that all it starts inherits it."""
    family = Family(tmp_path)
    try:
        child = family.start("agent", ["agent", "--home", str(tmp_path)], elsewhere.LEVEL)
        assert psutil.Process(child.process.pid).nice() >= elsewhere.LEVEL
    finally:
        family.end()


@pytest.mark.skipif(
    not Path("/proc/self/autogroup").exists(), reason="this kernel does not group by sessions"
)
def test_sessions_of_descendants_are_lowered_too() -> None:
    """The hub gives broker and store sessions of their own."""
    hub = subprocess.Popen([sys.executable, "-c", STARTS_ANOTHER], start_new_session=True)
    try:
        until(psutil.Process(hub.pid).children, BOUND_S)
        broker = psutil.Process(hub.pid).children()[0]
        elsewhere.give_way([hub.pid])
        for pid in (hub.pid, broker.pid):
            until(lambda pid=pid: group_level(pid) >= elsewhere.LEVEL, BOUND_S)
        broker.kill()
    finally:
        hub.kill()
        hub.wait()
