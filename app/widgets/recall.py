"""Taking back what was asked for, as long as its last step has not begun."""

from __future__ import annotations

import threading

from agent_core.errors import ConflictError

TAKEN_BACK = "conflict.taken_back"


class Recall:
    """Shared by the window, which may take back, and the thread that does the work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken_back = self._is_final = False

    def take_back(self) -> bool:
        """Take it back; False where that is no longer possible."""
        with self._lock:
            self._is_taken_back = self._is_taken_back or not self._is_final
            return self._is_taken_back

    def check(self) -> None:
        """Raise ConflictError where it was taken back; called between two steps."""
        if self._is_taken_back:
            raise ConflictError("It was taken back.", code=TAKEN_BACK)

    def begin_last(self) -> None:
        """Begin the step that cannot be taken back; raises ConflictError where it was before."""
        with self._lock:
            self.check()
            self._is_final = True
