"""What the job tells its keeper: one thread writes every frame, small news go in batches."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from . import channel
from .stop import StopSwitch

BATCH_AFTER_S = 0.1
LINES_A_FRAME = 500
LINE_LIMIT = 16 * 1024  # characters of one log line
LINES_WAITING = 20_000  # more, and whoever logs waits for the keeper
BYTES_WAITING = 256 * 1024 * 1024  # of tensors


@dataclass(frozen=True)
class Blob:
    """Tensor bytes, named by their content, in the pieces that their owner holds."""

    sha256: str
    size: int
    parts: Sequence[bytes | memoryview]


@dataclass(frozen=True)
class _Outgoing:
    kind: str
    fields: dict[str, Any]
    parts: Sequence[bytes | memoryview] = ()
    weight: int = 0


class Reporter:
    """The outgoing half of the channel; every method may be called from any thread."""

    def __init__(self, stream: BinaryIO, switch: StopSwitch) -> None:
        self._stream = stream
        self._switch = switch
        self._changed = threading.Condition()
        self._queue: deque[_Outgoing] = deque()
        self._weight = 0
        self._lines: list[dict[str, Any]] = []
        self._metrics: list[dict[str, Any]] = []
        self._progress: dict[str, Any] | None = None
        self._batch_due: float | None = None
        self._named: OrderedDict[str, None] = OrderedDict()
        self._closing = False
        self._lost = False
        self._thread = threading.Thread(target=self._write, name="silodesk-writer", daemon=True)
        self._thread.start()

    def log(self, level: str, text: str, at: float | None = None) -> None:
        """Report log lines; a text of several lines becomes several."""
        at = time.time() if at is None else at
        lines = [
            {"at": at, "level": level, "text": line[:LINE_LIMIT]}
            for line in text.splitlines()
            if line.strip()
        ]
        with self._switch.shielded(), self._changed:
            while len(self._lines) > LINES_WAITING and self._may_wait():
                self._changed.wait(1.0)
            self._lines += lines
            self._batch_soon()

    def metrics(self, records: list[dict[str, Any]]) -> None:
        """Report points of curves: key, value, round, step, at, scope."""
        if records:
            with self._switch.shielded(), self._changed:
                self._metrics += records
                self._batch_soon()

    def progress(self, **fields: Any) -> None:
        """Report what the job does or waits for; only the latest news are sent."""
        with self._switch.shielded(), self._changed:
            self._progress = fields
            self._batch_soon()

    def send(
        self, kind: str, fields: dict[str, Any], parts: Sequence[bytes | memoryview] = ()
    ) -> None:
        """Send one frame, after the batches that wait."""
        with self._switch.shielded(), self._changed:
            self._flush_batches()
            self._push(kind, fields, parts)

    def send_blob(self, blob: Blob) -> None:
        """Send the bytes of a blob that no message has to name, unless the keeper has them."""
        self._wait_for_room()
        with self._switch.shielded(), self._changed:
            if blob.sha256 not in self._named:
                self._push(channel.BLOB, {"sha256": blob.sha256, "size": blob.size}, blob.parts)

    def message(self, fields: dict[str, Any], body: bytes, blobs: Sequence[Blob]) -> None:
        """Send a message to another job, and before it those blobs that the keeper lacks."""
        self._wait_for_room()
        named = [{"sha256": blob.sha256, "size": blob.size} for blob in blobs]
        with self._switch.shielded(), self._changed:
            for blob in blobs:
                if blob.sha256 not in self._named:
                    self._push(channel.BLOB, {"sha256": blob.sha256, "size": blob.size}, blob.parts)
                self._named[blob.sha256] = None
                self._named.move_to_end(blob.sha256)
            while len(self._named) > max(channel.BLOBS_KEPT, len(blobs)):
                self._named.popitem(last=False)
            self._push(channel.MESSAGE, {**fields, "blobs": named}, (body,))

    def close(self, timeout: float) -> None:
        """Write what waits, and end; bounded."""
        with self._changed:
            self._flush_batches()
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout)

    def _push(
        self, kind: str, fields: dict[str, Any], parts: Sequence[bytes | memoryview] = ()
    ) -> None:
        weight = sum(len(part) for part in parts)
        self._queue.append(_Outgoing(kind, fields, parts, weight))
        self._weight += weight
        self._changed.notify_all()

    def _wait_for_room(self) -> None:
        with self._switch.shielded(), self._changed:
            while self._weight > BYTES_WAITING and self._may_wait():
                self._changed.wait(1.0)
        self._switch.check()

    def _may_wait(self) -> bool:
        return not (self._switch.is_set or self._closing or self._lost)

    def _batch_soon(self) -> None:
        if self._batch_due is None:
            self._batch_due = time.monotonic() + BATCH_AFTER_S
            self._changed.notify_all()

    def _flush_batches(self) -> None:
        self._batch_due = None
        if self._progress is not None:
            self._push(channel.PROGRESS, self._progress)
            self._progress = None
        if self._metrics:
            self._push(channel.METRICS, {"records": self._metrics})
            self._metrics = []
        for start in range(0, len(self._lines), LINES_A_FRAME):
            self._push(channel.LOG, {"lines": self._lines[start : start + LINES_A_FRAME]})
        self._lines = []

    def _next(self) -> _Outgoing | None:
        with self._changed:
            while not self._queue:
                if self._closing:
                    return None
                now = time.monotonic()
                if self._batch_due is not None and now >= self._batch_due:
                    self._flush_batches()
                    continue
                self._changed.wait(None if self._batch_due is None else self._batch_due - now)
            outgoing = self._queue.popleft()
            self._weight -= outgoing.weight
            self._changed.notify_all()
            return outgoing

    def _write(self) -> None:
        while (outgoing := self._next()) is not None:
            if self._lost:
                continue
            try:
                channel.write_frame(self._stream, outgoing.kind, outgoing.fields, outgoing.parts)
            except channel.ChannelError as error:
                self.log("ERROR", str(error))
            except OSError:
                self._lost = True
                self._switch.lose_channel()
