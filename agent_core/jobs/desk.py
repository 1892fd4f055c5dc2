"""The keeper's socket: requests of the agent in, frames of the job out; standard library only.

Both ways the frames of `worker.channel`. Requests: attach, ack, deliver, go, stop, wait, state.
Pushed: `frame` (seq, frame kind and fields, body), `exit` after the last frame, `detached`.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import struct
from collections.abc import Callable
from typing import Any

from agent_core.jobs.intake import FrameReader
from agent_core.jobs.outlet import Outlet, encode
from agent_core.jobs.spool import SpoolReader, SpoolWriter, remove
from agent_core.worker.channel import CHUNK, ChannelError

CONNECTION_LIMIT = 16
Answer = dict[str, Any]
Handle = Callable[["Caller", str, Answer, bytes], "Answer | None"]


class Caller:
    """One connection of the agent."""

    def __init__(self, connection: socket.socket, handle: Handle) -> None:
        self.connection = connection
        self.outlet = Outlet(connection.fileno())
        self.cursor: SpoolReader | None = None
        self.is_closing = False
        self.waits: int | None = None  # the id of its `wait` request
        self.interest = 0
        self._handle = handle
        self.reader = FrameReader(connection.fileno(), self._arrived)

    def answer(self, request: Any, answer: Answer) -> None:
        """Queue the answer to one request."""
        self.outlet.put(encode("answer", {"id": request, **answer}))

    def _arrived(self, kind: str, fields: Answer, body: bytes, _blob: int) -> None:
        try:
            answer = self._handle(self, kind, fields, body)
        except (KeyError, TypeError, ValueError) as error:
            raise ChannelError(f"A request {kind[:40]} cannot be read.") from error
        if answer is not None:
            self.answer(fields.get("id"), answer)


class Desk:
    """Listen for the agent, keep the latest attached one, push frames to it."""

    def __init__(self, path: str, spool: SpoolWriter, handle: Handle) -> None:
        self.path = path
        self.callers: dict[int, Caller] = {}
        self._spool = spool
        self._handle = handle
        self._selector: selectors.BaseSelector | None = None
        remove(path)
        self._listener = socket.socket(socket.AF_UNIX)
        mask = os.umask(0o177)
        try:
            self._listener.bind(path)
        finally:
            os.umask(mask)
        self._listener.listen(CONNECTION_LIMIT)
        self._listener.setblocking(False)

    def register(self, selector: selectors.BaseSelector) -> None:
        """Start to listen."""
        self._selector = selector
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def attach(self, caller: Caller, after: int) -> None:
        """Make a caller the one that gets the frames; an earlier one is let go."""
        for other in self.callers.values():
            if other.cursor is not None and other is not caller:
                other.cursor.close()
                other.cursor = None
                other.outlet.put(encode("detached", {}))
                other.is_closing = True
        caller.cursor = SpoolReader(self._spool.folder, max(after, self._spool.acked))

    def pump(self) -> None:
        """Hand every caller what it can take now."""
        for number, caller in list(self.callers.items()):
            try:
                self._fill(caller)
                caller.outlet.write()
            except OSError:
                self._close(number)
                continue
            if caller.is_closing and caller.outlet.is_empty:
                self._close(number)
            else:
                self._watch(caller)

    def tell_exit(self, record: Answer) -> None:
        """Push the exit behind the last frame and answer those who wait for it."""
        for caller in self.callers.values():
            if caller.waits is not None:
                caller.answer(caller.waits, {"exit": record})
                caller.waits = None
            if caller.cursor is not None:
                self._fill(caller)
                if caller.cursor.next(self._spool.last) is None:
                    caller.outlet.put(encode("exit", record))
                caller.cursor.close()
                caller.cursor = None
            caller.is_closing = True

    def close(self) -> None:
        """Stop to listen."""
        self._listener.close()
        remove(self.path)

    def _fill(self, caller: Caller) -> None:
        while caller.cursor is not None and caller.outlet.waiting < CHUNK:
            record = caller.cursor.next(self._spool.last)
            if record is None:
                return
            fields = {"seq": record.seq, "frame": json.loads(record.header)}
            caller.outlet.put(encode("frame", fields, record.body))

    def _watch(self, caller: Caller) -> None:
        interest = selectors.EVENT_READ
        if not caller.outlet.is_empty:
            interest |= selectors.EVENT_WRITE
        if interest != caller.interest and self._selector is not None:
            caller.interest = interest
            self._selector.modify(caller.connection, interest, lambda: self._serve(caller))

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        if len(self.callers) >= CONNECTION_LIMIT or not is_own(connection):
            connection.close()
            return
        connection.setblocking(False)
        caller = Caller(connection, self._handle)
        self.callers[connection.fileno()] = caller
        caller.interest = selectors.EVENT_READ
        if self._selector is not None:
            self._selector.register(connection, selectors.EVENT_READ, lambda: self._serve(caller))

    def _serve(self, caller: Caller) -> None:
        try:
            caller.reader.read()
            if caller.reader.is_at_end:
                self._close(caller.connection.fileno())
        except (OSError, ChannelError):
            self._close(caller.connection.fileno())

    def _close(self, number: int) -> None:
        caller = self.callers.pop(number, None)
        if caller is None:
            return
        if caller.cursor is not None:
            caller.cursor.close()
        if self._selector is not None:
            self._selector.unregister(caller.connection)
        caller.outlet.drop()
        caller.connection.close()


def is_own(connection: socket.socket) -> bool:
    """Return whether the other side runs as this account."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the folder and the socket are private already
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    _, user, _ = struct.unpack("3i", data)
    return bool(user == os.getuid())
