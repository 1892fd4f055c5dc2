"""Import what the next pages need while nobody waits for it.

A page's first visit would import numpy and pyqtgraph on the window's thread, for longer than a
person should notice. No object of Qt is made here: importing them from another thread is safe.
"""

from __future__ import annotations

import importlib

from app.context import Tasks

AFTER_MS = 1500
MODULES = (
    "app.pages.projects.page",
    "app.pages.runs.project",
    "app.pages.runs.page",
    "app.pages.runs.overview",
    "app.pages.runs.logs",
    "app.pages.runs.new_run",
    "app.pages.runs.curves",
    "app.pages.runs.system",
    "app.pages.runs.compare",
    "app.pages.applications.page",
)


def preload(tasks: Tasks) -> None:
    """Import the modules on a thread; one that cannot be imported is told when it is needed."""
    tasks.run(_import, failure=lambda _: None)


def _import() -> int:
    for name in MODULES:
        importlib.import_module(name)
    return len(MODULES)
