"""What an agent clears away when it starts: files that no job or question needs any more."""

from __future__ import annotations

import logging
import shutil
import time

from agent_core.agent.parts import Parts

log = logging.getLogger(__name__)

PACKAGES_KEPT_S = 30 * 24 * 3600.0
JOBS_KEPT_S = 365 * 24 * 3600.0


def clear(parts: Parts) -> None:
    """Remove old packages, tensors of ended runs, and entries of jobs long past."""
    live = parts.book.live()
    wanted = {job.plan.package(job.role).zip_sha256 for job in live if job.order}
    _packages(parts, wanted)
    _tensors(parts, {job.run_id for job in live})
    with parts.journal.transaction() as connection:
        connection.execute(
            "DELETE FROM jobs WHERE ended_at IS NOT NULL AND ended_at < ?",
            (time.time() - JOBS_KEPT_S,),
        )


def _packages(parts: Parts, wanted: set[str]) -> None:
    before = time.time() - PACKAGES_KEPT_S
    for path in parts.home.packages.glob("*.zip"):
        if path.stem not in wanted and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)


def _tensors(parts: Parts, live: set[int]) -> None:
    for folder in parts.home.blobs.glob("run-*"):
        number = folder.name.removeprefix("run-")
        if not number.isdigit() or int(number) in live or parts.transfers.waiting(int(number)):
            continue
        shutil.rmtree(folder, ignore_errors=True)
        log.info("tensors of the ended run %s were removed", number)
