"""Starting a hub on this machine as a process of its own, which outlives the agent."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from agent_core.agent.hosting_state import read
from agent_core.errors import ServiceError, SiloDeskError, last_problem
from agent_core.paths import Home
from agent_core.transport.rest import Rest

START_BOUND_S = 60.0
POLL_S = 0.1


async def host_hub(home: Home, name: str) -> dict[str, Any]:
    """Return the address of the hub in this home, starting it where it does not answer."""
    known = read(home)
    if known and await _answers(known["url"]):
        return {"url": known["url"]}
    file = home.hub / "hub.json"
    file.unlink(missing_ok=True)
    log = home.root / "logs" / "hub.log"
    process = await asyncio.to_thread(_start, home, name, log)
    # The hub may end long before the agent; nobody else would take its exit status.
    threading.Thread(target=process.wait, name="hub", daemon=True).start()
    until = time.monotonic() + START_BOUND_S
    while time.monotonic() < until:
        known = read(home)
        if known and await _answers(known["url"]):
            return {"url": known["url"]}
        if process.poll() is not None:
            raise _problem(log) or ServiceError(
                f"The hub ended while starting: {_last_words(log)}",
                next_step=f"The whole log is {log}.",
                code="service.hub",
            )
        await asyncio.sleep(POLL_S)
    raise ServiceError(
        f"The hub was not ready after {START_BOUND_S:.0f} s.",
        next_step=f"See {log}; it may still come up.",
        code="service.hub",
    )


def _start(home: Home, name: str, log: Path) -> subprocess.Popen[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "agent_core.cli", "hub", "--home", str(home.root),
             "--name", name, "--json"],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip


async def _answers(url: str) -> bool:
    try:
        await asyncio.to_thread(Rest(url).call, "GET", "/hub", timeout=(1, 3))
    except SiloDeskError:
        return False
    return True


def _problem(log: Path) -> SiloDeskError | None:
    try:
        return last_problem(log.read_text("utf-8", "replace"))
    except OSError:
        return None


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text("utf-8", "replace").strip().splitlines()
    except OSError:
        lines = []
    return " ".join(lines[-1:]) or "it said nothing."
