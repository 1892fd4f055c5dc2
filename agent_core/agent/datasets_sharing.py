"""Tell the hub of the datasets that the operator shows: name, hash, rows, columns; never more."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path

from agent_core.agent.binding import DeviceBinding
from agent_core.agent.datasets import Datasets
from agent_core.agent.datasets_reading import DatasetReading
from agent_core.errors import SiloDeskError
from agent_core.protocol.records_data import SharedDataset

log = logging.getLogger(__name__)

LOOK_EVERY_S = 60.0
RETRY_S = 15.0


class DatasetSharing:
    """Keep the hub's list of shown datasets as it is here."""

    def __init__(
        self, datasets: Datasets, reading: DatasetReading, binding: DeviceBinding,
        default: Callable[[], Path | None],
    ) -> None:  # fmt: skip
        self._datasets = datasets
        self._reading = reading
        self._binding = binding
        self._default = default
        self._wanted = asyncio.Event()
        self._told = ""
        reading.on_version = self.mark

    def mark(self) -> None:
        """Say that a dataset changed."""
        self._wanted.set()

    async def keep_shared(self) -> None:
        """Register the folder of the settings, and share, for as long as the agent lives."""
        while True:
            self._wanted.clear()
            await self._reading.register_default(self._default())
            pause = LOOK_EVERY_S if await self._share() else RETRY_S
            try:
                await asyncio.wait_for(self._wanted.wait(), pause)
            except TimeoutError:
                pass

    def shown(self) -> list[SharedDataset]:
        """Return what the hub is told."""
        return [
            SharedDataset(
                name=one.name, version=one.version.hash, rows=one.version.rows,
                columns=len(one.version.columns), groups=one.groups,
            )
            for one in self._datasets.all() if one.shown and one.version is not None
        ]  # fmt: skip

    async def _share(self) -> bool:
        """Send what is shown unless the hub has it; return whether that is settled."""
        binding = self._binding.current
        if binding is None:
            return True
        shown = [one.model_dump(mode="json") for one in self.shown()]
        content = f"{binding.device.edge_id} {json.dumps(shown)}"
        if content == self._told:
            return True
        try:
            await self._binding.call("PUT", "/devices/datasets", json={"datasets": shown})
        except SiloDeskError as error:
            log.info("The hub was not told of the shown datasets: %s", error)
            return False
        self._told = content
        return True
