"""One agent per home: a lock that the system frees when the process dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from agent_core.errors import ConflictError


class HomeLock:
    """Hold a home for this process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = -1

    def take(self) -> None:
        """Take the lock; raises ConflictError where another agent has it."""
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._handle)
            self._handle = -1
            raise ConflictError(
                f"An agent runs already for {self._path.parent}.",
                next_step="Use it (`silodesk status`), or name another --home.",
                code="conflict.agent",
            ) from error
        os.ftruncate(self._handle, 0)
        os.write(self._handle, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Give the lock back."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
