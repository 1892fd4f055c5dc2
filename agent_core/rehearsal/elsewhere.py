"""The processes of pretended machines give way to this one: in earnest they run elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import psutil

from agent_core.jobs import yielding

LEVEL = 5
TRIES = 50  # several federations may share an account's ten a second


def give_way(pids: Sequence[int]) -> None:
    """Lower the sessions of processes and their descendants, without waiting for it."""
    threading.Thread(target=_lower, args=(pids,), name="give way", daemon=True).start()


def _lower(pids: Sequence[int]) -> None:
    for pid in pids:
        try:
            process = psutil.Process(pid)
            found = [pid, *(child.pid for child in process.children(recursive=True))]
        except psutil.Error:
            continue  # it has ended
        for one in found:
            for _ in range(TRIES):
                if yielding.lower_session(one, LEVEL):
                    break
                time.sleep(yielding.AGAIN_S)
