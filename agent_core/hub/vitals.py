"""The machines' figures of the last minutes, as heartbeats brought them; kept in memory only."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from agent_core.protocol.records import Device
from agent_core.protocol.vitals import Vitals

KEPT = 60  # samples of a device: ten minutes of heartbeats


class VitalsBoard:
    """The newest samples by device; a hub that starts anew has them again after a heartbeat."""

    def __init__(self) -> None:
        self._samples: dict[int, deque[Vitals]] = {}
        self._lock = threading.Lock()

    def take(self, edge_id: int, sample: Vitals | None) -> None:
        """Keep what a heartbeat brought."""
        if sample is None:
            return
        with self._lock:
            self._samples.setdefault(edge_id, deque(maxlen=KEPT)).append(sample)

    def forget(self, edge_id: int) -> None:
        """Drop a device's samples."""
        with self._lock:
            self._samples.pop(edge_id, None)

    def history(self, edge_id: int) -> list[Vitals]:
        """Return a device's samples, the oldest first."""
        with self._lock:
            return list(self._samples.get(edge_id, ()))

    def complete(self, found: Sequence[Device]) -> list[Device]:
        """Return devices with their newest figures."""
        with self._lock:
            newest = {one.edge_id: self._samples.get(one.edge_id) for one in found}
        return [
            one.model_copy(update={"vitals": samples[-1]}) if samples else one
            for one in found
            for samples in (newest[one.edge_id],)
        ]
