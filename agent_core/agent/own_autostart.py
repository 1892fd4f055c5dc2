"""The agent's own methods about the start at log-in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from agent_core.agent.autostart import autostart_of, change, report
from agent_core.paths import Home


class AutostartMethods:
    """What this account starts by itself for this home."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def methods(self) -> dict[str, Callable[..., Any]]:
        """Return the methods by name."""
        return {"autostart.get": self.get, "autostart.set": self.set}

    async def get(self) -> dict[str, Any]:
        """Return what starts at log-in and opens links."""
        return await asyncio.to_thread(lambda: report(autostart_of(self._home)))

    async def set(self, enabled: bool | None = None, links: bool | None = None) -> dict[str, Any]:
        """Put it in place or take it away."""
        return await asyncio.to_thread(lambda: change(autostart_of(self._home), enabled, links))
