"""How much of each kind lies at the hub, counted where it lies and kept for half a minute."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from agent_core.errors import SiloDeskError
from agent_core.hub.ports import Objects
from agent_core.protocol.records_hub import StorageKind

KEPT_S = 30.0
AREAS = {"packages/": "packages", "models/": "models", "runs/": "tensors", "uploads/": "uploads"}


class StorageBook:
    """What lies at the hub by kind, counted anew when the last count is old."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at = 0.0
        self._found: list[StorageKind] = []

    def read(self, objects: Objects | None, folder: Path) -> tuple[list[StorageKind], float]:
        """Return the kinds and when they were counted."""
        with self._lock:
            if time.time() - self._at > KEPT_S:
                self._found = [*_objects(objects), *_files(folder)]
                self._at = time.time()
            return self._found, self._at

    def forget(self) -> None:
        """Count anew next time."""
        with self._lock:
            self._at = 0.0


def _objects(store: Objects | None) -> list[StorageKind]:
    sums = {name: [0, 0] for name in AREAS.values()}
    try:
        for key, size in store.list_all() if store else ():
            name = AREAS.get(key.split("/", 1)[0] + "/")
            if name:
                sums[name][0] += size
                sums[name][1] += 1
    except SiloDeskError:
        return []  # the store's own line says that it does not answer
    return [StorageKind(key=name, size=size, count=count) for name, (size, count) in sums.items()]


def _files(folder: Path) -> list[StorageKind]:
    logs = [path for path in (folder / "logs").rglob("*") if path.is_file()]
    database = list(folder.glob("hub.sqlite3*"))
    return [
        StorageKind(key="logs", size=_size(logs), count=len(logs)),
        StorageKind(key="database", size=_size(database), count=len(database)),
    ]


def _size(paths: list[Path]) -> int:
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size
        except OSError:
            continue  # it went away between listing and looking
    return total
