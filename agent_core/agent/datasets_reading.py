"""Read datasets in the background, one at a time, with progress and a way to stop."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from agent_core.agent.datasets import Datasets
from agent_core.agent.datasets_scan import CancelledScanError, entries_of, kind_of, mark_of, scan
from agent_core.agent.events import EventBus
from agent_core.errors import ConflictError, SiloDeskError
from agent_core.protocol.records_data import Dataset, DatasetVersion

log = logging.getLogger(__name__)

TELL_EVERY_S = 0.2


class DatasetReading:
    """Hash datasets on a thread; a reading that is asked for twice is done once."""

    def __init__(
        self, datasets: Datasets, events: EventBus, on_version: Callable[[], None] = lambda: None
    ) -> None:
        self._datasets = datasets
        self._events = events
        self._running: dict[int, asyncio.Task[DatasetVersion]] = {}
        self._stops: dict[int, threading.Event] = {}
        self._one_at_a_time = asyncio.Lock()
        self.problems: dict[int, str] = {}
        self.on_version = on_version

    def is_reading(self, dataset_id: int) -> bool:
        """Return whether a dataset is being read or waits for it."""
        return dataset_id in self._running

    def begin(self, dataset_id: int) -> None:
        """Start to read, unless it is being read."""
        task = self._task(self._datasets.get(dataset_id))
        task.add_done_callback(_heard)

    async def read(self, dataset_id: int) -> DatasetVersion:
        """Read a dataset whole and return its version."""
        return await asyncio.shield(self._task(self._datasets.get(dataset_id)))

    async def current(self, dataset_id: int) -> DatasetVersion:
        """Return the version of the content as it is now; it is read only where it changed."""
        dataset = self._datasets.get(dataset_id)
        if dataset.version is not None and not self.is_reading(dataset_id):
            mark = await asyncio.to_thread(lambda: mark_of(entries_of(Path(dataset.path))))
            if mark == self._datasets.mark(dataset_id):
                return dataset.version
        return await self.read(dataset_id)

    def stop(self, dataset_id: int) -> None:
        """Stop a reading; the version that was known stays."""
        stop = self._stops.get(dataset_id)
        if stop is not None:
            stop.set()

    async def register_default(self, path: Path | None) -> None:
        """Register and read the folder of the setting data_dir, as far as it is there."""
        if path is None or not await asyncio.to_thread(path.is_dir):
            return
        known = self._datasets.of_path(path)
        if known is None:
            kind = await asyncio.to_thread(kind_of, path)
            known = self._datasets.register_default(path, kind)
            self.tell(known.id)
        try:
            await self.current(known.id)
        except SiloDeskError as error:
            log.warning("The data folder was not read: %s", error)

    def tell(self, dataset_id: int) -> None:
        """Tell listeners that a dataset changed."""
        self._events.emit("changed", what="dataset", id=dataset_id, change=int(time.time() * 1000))

    def _task(self, dataset: Dataset) -> asyncio.Task[DatasetVersion]:
        task = self._running.get(dataset.id)
        if task is None:
            task = self._running[dataset.id] = asyncio.ensure_future(self._read(dataset))
            task.add_done_callback(lambda _: self._ended(dataset.id))
            self.tell(dataset.id)
        return task

    def _ended(self, dataset_id: int) -> None:
        self._running.pop(dataset_id, None)
        self._stops.pop(dataset_id, None)
        self.tell(dataset_id)

    async def _read(self, dataset: Dataset) -> DatasetVersion:
        stop = self._stops[dataset.id] = threading.Event()
        async with self._one_at_a_time:
            try:
                found = await asyncio.to_thread(
                    scan, Path(dataset.path), dataset.kind, self._progress(dataset), stop.is_set
                )
            except CancelledScanError:
                self.problems[dataset.id] = "The reading was stopped."
                raise ConflictError(
                    f"The reading of '{dataset.name}' was stopped.",
                    next_step="Read it again when there is time.",
                    code="conflict.scan",
                ) from None
            except SiloDeskError as error:
                self.problems[dataset.id] = str(error)
                raise
        self.problems.pop(dataset.id, None)
        version = self._datasets.keep_version(dataset.id, found)
        self.on_version()
        return version

    def _progress(self, dataset: Dataset) -> Callable[[int, int], None]:
        loop = asyncio.get_running_loop()
        last = [0.0]

        def tell(done: int, total: int) -> None:
            now = time.monotonic()
            if now - last[0] > TELL_EVERY_S:
                last[0] = now
                loop.call_soon_threadsafe(
                    lambda: self._events.emit(
                        "progress", task=f"dataset {dataset.id}", text=f"Reads {dataset.name}",
                        done=done, total=total,
                    )
                )  # fmt: skip

        return tell


def _heard(task: asyncio.Task[DatasetVersion]) -> None:
    """Take the outcome; the dataset itself shows what went wrong."""
    if not task.cancelled() and task.exception() is not None:
        log.warning("A dataset was not read: %s", task.exception())
