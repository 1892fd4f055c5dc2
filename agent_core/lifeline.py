"""A line that tells the processes of a throw-away federation that whoever started them is gone.

The one who starts them holds one end of a pipe; they get the other as their input. Whatever ends
the holder, the system closes its end, and they read the end of the line: on every system, with
nothing to poll, and no process number that another could have taken over.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

OPTION = "--with-parent"  # asks a command of ours to end with its line; nobody types it
END_BOUND_S = 20.0
EXIT_LINGERING = 1


class Lifeline:
    """The holder's side: as long as it lives, so may they."""

    def __init__(self) -> None:
        self.end, self._held = os.pipe()  # neither is inherited unless it is given as an input

    def cut(self) -> None:
        """Let everyone on the line end."""
        for descriptor in (self._held, self.end):
            os.close(descriptor)


def take() -> int:
    """Return this process's end of the line; its input is empty from here on.

    A program that we start and that reads its input would wait on the line for ever.
    """
    end = os.dup(0)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    return end


def watch(end: int, on_cut: Callable[[], object]) -> None:
    """Call back, from a thread of its own, when the line is cut, and end what lingers after that.

    Nobody else is left who could end a process that hangs.
    """

    def wait() -> None:
        try:
            while os.read(end, 1):
                pass
            on_cut()
        finally:
            time.sleep(END_BOUND_S)
            os._exit(EXIT_LINGERING)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
