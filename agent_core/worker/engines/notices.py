"""Small messages between jobs that no app sees: the run is over, a request is withdrawn."""

# ruff: noqa: TID252 - the worker runs under another package name inside a job
from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from typing import Any

from ..session import Job

END = "end"
CANCEL = "cancel"


def send_notice(job: Job, to_edge: int, kind: str, **content: Any) -> None:
    """Send a notice to another job."""
    body = json.dumps({"kind": kind, "sets": [], **content}).encode()
    fields = {"message_id": uuid.uuid4().hex, "reply_to": "", "to_edge": to_edge, "round": 0}
    job.reporter.message(fields, body, [])


def tell_the_end(job: Job) -> None:
    """Tell every client that the server's work is done, so that it ends by itself."""
    for edge_id in job.clients:
        send_notice(job, edge_id, END)


def withdraw(job: Job, to_edge: int, message_ids: Iterable[str]) -> None:
    """Tell a client that answers to these messages come too late now."""
    send_notice(job, to_edge, CANCEL, ids=list(message_ids))
