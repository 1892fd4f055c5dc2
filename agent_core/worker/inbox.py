"""What the keeper tells the job: one thread reads every frame and hands it on, in order."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from . import channel
from .gate import RoundGate
from .stop import StopSwitch


class HeldBlob:
    """Tensor bytes that came; cut into arrays once, and kept in that form only."""

    def __init__(self, data: bytes | bytearray) -> None:
        self._data: bytes | bytearray | None = data
        self._cut: tuple[object, ...] = ()
        self._lead = b""
        self._heads: tuple[bytes, ...] = ()
        self._pieces: list[bytes] = []

    def pieces(
        self, sizes: tuple[int, ...], heads: tuple[bytes, ...] = (), lead: int = 0
    ) -> list[bytes]:
        """Return the bytes behind the first `lead`, cut into pieces of these sizes.

        With `heads`, each piece is its head and so much less of the bytes. Raises ValueError
        where sizes and bytes differ.
        """
        cut = (sizes, heads, lead)
        if self._data is None and cut == self._cut:
            return self._pieces
        if heads and len(heads) != len(sizes):
            message = f"{len(sizes)} arrays were announced, and {len(heads)} heads came"
            raise ValueError(message)
        heads = heads or (b"",) * len(sizes)
        lengths = [size - len(head) for size, head in zip(sizes, heads, strict=True)]
        data = self._whole()
        if lead < 0 or any(length < 0 for length in lengths) or lead + sum(lengths) != len(data):
            message = f"arrays of {lead + sum(lengths)} bytes were announced, and {len(data)} came"
            raise ValueError(message)
        view, start, pieces = memoryview(data), lead, []
        for head, length in zip(heads, lengths, strict=True):
            pieces.append(b"".join((head, view[start : start + length])))
            start += length
        self._data, self._cut, self._heads, self._pieces = None, cut, heads, pieces
        self._lead = bytes(view[:lead])
        return pieces

    def _whole(self) -> bytes | bytearray:
        if self._data is not None:
            return self._data
        pairs = zip(self._pieces, self._heads, strict=True)
        bare = [memoryview(piece)[len(head) :] for piece, head in pairs]
        return b"".join((self._lead, *bare))


@dataclass(frozen=True)
class Incoming:
    """A message from another job, or the news (kind `peer`) that one will not answer."""

    kind: str
    fields: dict[str, Any]
    body: bytes | bytearray
    blobs: dict[str, HeldBlob]


class Inbox:
    """The incoming half of the channel."""

    def __init__(self, stream: BinaryIO, switch: StopSwitch) -> None:
        self._stream = stream
        self._switch = switch
        self.gate = RoundGate(switch)
        self._changed = threading.Condition()
        self._order: dict[str, Any] | None = None
        self._blobs: OrderedDict[str, HeldBlob] = OrderedDict()
        self._waiting: deque[channel.Frame] = deque()  # messages whose blobs are not there yet
        self._events: deque[Incoming] = deque()
        self._handler: Callable[[Incoming], None] | None = None
        switch.on_stop(self._wake)

    def start(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._read, name="silodesk-reader", daemon=True).start()

    @property
    def has_order(self) -> bool:
        """Return whether `go` came."""
        return self._order is not None

    def wait_for_order(self, seconds: float | None = None) -> dict[str, Any] | None:
        """Wait for `go` and return its order, or None when the time passes.

        Without a time the keeper bounds the wait, by a stop or by its own end.
        """
        until = None if seconds is None else time.monotonic() + seconds
        with self._switch.shielded(), self._changed:
            while self._order is None and not self._switch.is_set:
                left = 60.0 if until is None else until - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
        self._switch.check()
        return self._order

    def subscribe(self, handler: Callable[[Incoming], None]) -> None:
        """Hand every event to `handler`, in the reading thread, from the first one on."""
        with self._switch.shielded(), self._changed:
            while self._events:
                handler(self._events.popleft())
            self._handler = handler

    def next(self, until: float | None = None) -> Incoming | None:
        """Return the next event, or None when `until` (monotonic) passes; for jobs that pull."""
        with self._switch.shielded(), self._changed:
            while not self._events and not self._switch.is_set:
                left = 60.0 if until is None else until - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(left)
        self._switch.check()
        with self._switch.shielded(), self._changed:
            return self._events.popleft()

    def take_all(self) -> list[Incoming]:
        """Return every event that has arrived already."""
        with self._switch.shielded(), self._changed:
            events = list(self._events)
            self._events.clear()
            return events

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _read(self) -> None:
        while True:
            try:
                frame = channel.read_frame(self._stream)
            except (channel.ChannelError, OSError):
                frame = None
            if frame is None:
                self._switch.lose_channel()
                return
            self._take(frame)

    def _take(self, frame: channel.Frame) -> None:
        if frame.kind == channel.GO:
            with self._changed:
                self._order = dict(frame.fields.get("order") or {})
                self._changed.notify_all()
        elif frame.kind == channel.STOP:
            self._switch.turn(str(frame.fields.get("reason") or "The run was stopped."))
        elif frame.kind == channel.PAUSE:
            self.gate.turn(bool(frame.fields.get("on")), str(frame.fields.get("reason") or ""))
        elif frame.kind == channel.BLOB:
            self._blobs[str(frame.fields.get("sha256"))] = HeldBlob(frame.body)
            self._release()
        elif frame.kind == channel.MESSAGE:
            self._waiting.append(frame)
            self._release()
        elif frame.kind == channel.PEER:
            self._emit(Incoming(channel.PEER, frame.fields, b"", {}))

    def _release(self) -> None:
        """Hand on the messages whose blobs are all there."""
        for frame in list(self._waiting):
            names = [str(blob["sha256"]) for blob in frame.fields.get("blobs") or []]
            if not all(name in self._blobs for name in names):
                continue
            self._waiting.remove(frame)
            for name in names:
                self._blobs.move_to_end(name)
            blobs = {name: self._blobs[name] for name in names}
            self._emit(Incoming(channel.MESSAGE, frame.fields, frame.body, blobs))
            if not self._waiting:
                while len(self._blobs) > max(channel.BLOBS_KEPT, len(names)):
                    self._blobs.popitem(last=False)

    def _emit(self, event: Incoming) -> None:
        with self._changed:
            if self._handler is None:
                self._events.append(event)
                self._changed.notify_all()
                return
        self._handler(event)
