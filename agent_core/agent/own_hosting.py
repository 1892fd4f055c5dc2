"""The agent's own methods about a hub that is hosted in its home."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from agent_core.agent import hosting_state
from agent_core.agent.events import EventBus
from agent_core.agent.hosting import host_hub
from agent_core.errors import ConflictError, ServiceError, last_problem
from agent_core.paths import Home

BACKUP_BOUND_S = 1700.0  # under the bound of a client's long call
LINE_LIMIT = 1024 * 1024


class HostingMethods:
    """Start, stop, back up and restore the hub of this home."""

    def __init__(self, home: Home, events: EventBus) -> None:
        self._home = home
        self._events = events
        self._busy = asyncio.Lock()

    def methods(self) -> dict[str, Callable[..., Any]]:
        """Return the methods by name."""
        return {
            "hub.host": self.host,
            "hub.state": self.state,
            "hub.stop": self.stop,
            "hub.restart": self.restart,
            "hub.backup": self.backup,
            "hub.restore": self.restore,
        }

    async def host(self, name: str = "SiloDesk") -> dict[str, Any]:
        """Start a hub on this machine."""
        return await host_hub(self._home, name)

    async def state(self) -> dict[str, Any]:
        """Return how the hub of this home is."""
        return {**await asyncio.to_thread(hosting_state.state, self._home),
                "is_busy": self._busy.locked()}  # fmt: skip

    async def stop(self) -> dict[str, Any]:
        """End the hub of this home."""
        return await hosting_state.stop(self._home)

    async def restart(self) -> dict[str, Any]:
        """End the hub of this home and start it again."""
        name = str(hosting_state.read(self._home).get("name") or "SiloDesk")
        await hosting_state.stop(self._home)
        return await host_hub(self._home, name)

    async def backup(self, path: str, task: str = "hub.backup") -> dict[str, Any]:
        """Write the hub into one file; progress is told as events of `task`."""
        made = await self._run(["backup", path], task)
        await asyncio.to_thread(hosting_state.note_backup, self._home, made)
        return made

    async def restore(
        self, path: str, replace: bool = False, task: str = "hub.restore"
    ) -> dict[str, Any]:
        """Make the hub of this home be what a backup holds; a former one is set aside."""
        await asyncio.to_thread(hosting_state.must_be_down, self._home)
        words = ["restore", path, *(["--replace"] if replace else [])]
        return await self._run(words, task)

    async def _run(self, words: list[str], task: str) -> dict[str, Any]:
        if self._busy.locked():
            raise ConflictError(
                "A backup or a restore goes on already.", next_step="Wait until it is done."
            )
        async with self._busy:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "agent_core.cli", "hub", *words, "--json",
                "--home", str(self._home.root), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, limit=LINE_LIMIT,
            )  # fmt: skip
            try:
                lines = await asyncio.wait_for(self._follow(process, task), BACKUP_BOUND_S)
            except TimeoutError:
                raise ServiceError(
                    f"It did not end within {BACKUP_BOUND_S / 60:.0f} min.",
                    next_step="Run `silodesk hub backup FILE` in a terminal; it has no bound.",
                ) from None
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        said = "\n".join(lines) + "\n"
        if process.returncode:
            raise last_problem(said) or ServiceError(
                f"It failed: {' '.join(lines[-1:]) or 'it said nothing'}.",
                next_step="Run the command in a terminal to see all of it.",
            )
        return dict(json.loads(said[said.index("{") :]))

    async def _follow(self, process: asyncio.subprocess.Process, task: str) -> list[str]:
        """Tell progress as it comes; return the other lines."""
        lines: list[str] = []
        assert process.stdout is not None  # noqa: S101 - it was asked for
        async for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            if not line.startswith('{"progress"'):
                lines.append(line)
                continue
            step = json.loads(line)
            self._events.emit(
                "progress", task=task, text=step["progress"], done=step["done"],
                total=step["total"],
            )  # fmt: skip
        await process.wait()
        return lines
