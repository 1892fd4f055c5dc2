"""The script engine: any Python file, which may report, and exchange arrays by hand."""

# ruff: noqa: TID252 - the worker runs under another package name inside a job
from __future__ import annotations

import runpy
import sys
import time

from .. import channel, silodesk_job
from ..session import Job, JobFailedError, MissingImportError
from . import notices
from .codec import CodecError, unpack
from .entry import missing
from .script_link import GONE, ScriptLink


def run(job: Job) -> None:
    """Run the entry file as `__main__`, to its end."""
    link = ScriptLink(job)
    ranks = [int(edge["rank"]) for edge in job.order.edges if edge.get("role") == "client"]
    silodesk_job._connect(link, job.order.rank, job.order.role, sorted(ranks))  # noqa: SLF001
    sys.modules["silodesk_job"] = silodesk_job
    path = job.entry
    sys.argv = [str(path)]
    try:
        runpy.run_path(str(path), run_name="__main__")
    except ModuleNotFoundError as error:
        raise MissingImportError(missing(error)) from error
    except silodesk_job.EndOfRun:
        pass  # the server has said that the run is over
    except SystemExit as error:
        if error.code not in (None, 0):
            raise
    link.finish()
    if job.order.role == "server":
        if not link.has_talked:
            wait_for_silos(job)
        notices.tell_the_end(job)
    else:
        notices.send_notice(job, job.server, notices.END)


def wait_for_silos(job: Job) -> None:
    """Wait until silos that train by themselves are done, for as long as the deadline allows."""
    allowed = job.order.round_deadline_s * max(1, job.order.rounds or 1)
    until = time.monotonic() + allowed
    left, failed = set(job.clients), set()
    started = time.time()
    while left:
        job.reporter.progress(
            round=0, rounds=job.order.rounds, phase="waiting",
            detail="Waiting for the silos to finish.", waiting=sorted(left),
            since=started, until=started + allowed,
        )  # fmt: skip
        event = job.inbox.next(until)
        if event is None:
            break
        if event.kind == channel.PEER and event.fields.get("state") in GONE:
            edge_id = int(event.fields.get("edge_id") or 0)
            if edge_id in left and event.fields["state"] != "FINISHED":
                failed.add(edge_id)
            left.discard(edge_id)
        elif event.kind == channel.MESSAGE:
            try:
                header, _ = unpack(event.body, event.blobs)
            except CodecError:
                continue
            if header.get("kind") == notices.END:
                left.discard(int(event.fields.get("from_edge") or 0))
    done = len(job.clients) - len(left) - len(failed)
    if done < min(job.order.quorum, len(job.clients)):
        raise JobFailedError(
            f"Only {done} of {job.order.quorum} needed silos finished their script."
        )
