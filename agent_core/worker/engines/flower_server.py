"""The server's half of a Flower run: the ServerApp over a Grid of silos, its rounds watched."""

# ruff: noqa: TID252 - the worker runs under another package name inside a job
from __future__ import annotations

from flwr.serverapp import ServerApp

from ..session import Job
from . import flower_adapter as adapter
from .entry import load_object
from .flower_grid import SiloGrid
from .flower_rounds import Watcher
from .rounds import RoundBook


def serve(job: Job) -> None:
    """Run the server app to its end."""
    app = load_object(job, "app", ServerApp)
    book = RoundBook(job)
    grid = SiloGrid(job, book)
    try:
        with Watcher(book, grid).installed():
            app(grid, adapter.make_context(job))
        grid.finish()
        job.switch.check()
        book.close()
    finally:
        book.flush_models()
