"""Tensor files of runs: kept from jobs until uploaded, fetched once for this silo, removed."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from functools import partial
from pathlib import Path
from typing import Literal

from agent_core.agent.transfers import Transfers
from agent_core.jobs.relay import link_or_copy
from agent_core.paths import Home
from agent_core.protocol.messages import BlobRef
from agent_core.transport.objects import download

AT_ONCE = 4


class BlobShelf:
    """A folder per run, files named by their sha256.

    What a job names is not hashed again here: a receiver checks it, and no other run reads it.
    """

    def __init__(self, home: Home, transfers: Transfers) -> None:
        self._root = home.blobs
        self._transfers = transfers
        self._fetching: dict[tuple[int, str], asyncio.Task[Path]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._numbers = itertools.count()

    def path(self, run_id: int, sha256: str) -> Path:
        """Return where a tensor lies or will lie."""
        return self._root / f"run-{run_id}" / sha256

    def keep(self, run_id: int, sha256: str, file: Path) -> None:
        """Give a job's tensor a second name here, before its keeper forgets it."""
        target = self.path(run_id, sha256)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        link_or_copy(file, target)

    async def fetch(self, run_id: int, ref: BlobRef) -> tuple[Path, int]:
        """Return a tensor's file and how many bytes came over the wire for it."""
        target = self.path(run_id, ref.sha256)
        if target.is_file():
            return target, 0
        key = (run_id, ref.sha256)
        task = self._fetching.get(key)
        if task is not None:
            return await asyncio.shield(task), 0
        task = self._fetching[key] = asyncio.ensure_future(self._download(ref, target))
        try:
            return await task, ref.size
        finally:
            del self._fetching[key]

    def named(self, run_id: int, direction: Literal["in", "out"], sha256s: list[str]) -> None:
        """Note which tensors a message names, and remove files that nobody will ask for again."""
        gone = self._transfers.name_blobs(run_id, direction, sha256s)
        for sha256 in gone:
            self._transfers.after_commit(partial(self._remove, run_id, sha256))

    def forget(self, run_id: int, sha256: str) -> None:
        """Remove a file that no message names (an uploaded model)."""
        if not self._transfers.is_named(run_id, sha256):
            self._remove(run_id, sha256)

    def drop_run(self, run_id: int) -> None:
        """Remove a run's tensors."""
        shutil.rmtree(self._root / f"run-{run_id}", ignore_errors=True)

    def _remove(self, run_id: int, sha256: str) -> None:
        # Freeing the pages of a large file takes tens of milliseconds: not on the loop. The name
        # is free at once, since the same tensor may come again meanwhile.
        path = self.path(run_id, sha256)
        gone = path.with_name(f".gone-{next(self._numbers)}")
        try:
            path.rename(gone)
        except FileNotFoundError:
            return
        asyncio.get_running_loop().run_in_executor(None, partial(gone.unlink, missing_ok=True))

    async def _download(self, ref: BlobRef, target: Path) -> Path:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        async with self._slots:
            fetch = partial(download, ref.url, target, ref.sha256, ref.size, is_passing=True)
            return await asyncio.to_thread(fetch)
