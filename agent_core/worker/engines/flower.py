"""The Flower engine: an unmodified ServerApp or ClientApp over this project's channel."""

# ruff: noqa: TID252 - the worker runs under another package name inside a job
from __future__ import annotations

from ..session import Job
from . import flower_adapter as adapter
from .notices import tell_the_end


def run(job: Job) -> None:
    """Run the app of this job's role to its end."""
    adapter.be(job)
    if job.order.role == "server":
        from .flower_server import serve

        serve(job)
        tell_the_end(job)
    else:
        from .flower_client import answer_until_the_end

        answer_until_the_end(job)
