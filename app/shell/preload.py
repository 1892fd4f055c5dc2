"""Import what the next pages need while nobody waits for it.

A page's first visit would import its modules on the window's thread, numpy with those of runs, for
longer than a person should notice. No object of Qt is made here: importing them from another
thread is safe. While nobody is at the window, its memory is left to the jobs.
"""

from __future__ import annotations

import gc
import importlib
import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from app.context import Tasks
from app.widgets.icons import read_icons

AFTER_MS = 1500  # the window comes up first
BREATH_S = 0.005  # between two modules the window's thread comes round
MODULES = (
    "app.pages.approvals.page",
    "app.pages.home.rules_dialog",
    "app.widgets.decision_dialog",
    "app.pages.datasets.page",
    "app.pages.devices.page",
    "app.pages.groups.list_page",
    "app.pages.groups.page",
    "app.pages.projects.page",
    "app.pages.runs.project",
    "app.pages.runs.page",
    "app.pages.runs.overview",
    "app.pages.runs.curves",
    "app.pages.runs.system",
    "app.pages.runs.logs",
    "numpy.ma",  # numpy's own `unique`, which marks a log's errors, imports it at its first use
    "app.pages.runs.models",
    "app.pages.runs.new_run",
    "app.pages.runs.compare",
    "app.pages.applications.page",
    "app.pages.models.page",
    "app.pages.build.page",
    "app.pages.doctor.page",
    "app.pages.hub.page",
    "app.pages.settings.page",
)
_SIGNS = frozenset({
    QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove,
    QEvent.Type.TouchBegin, QEvent.Type.Wheel,
})  # fmt: skip


class PreloadOnUse(QObject):
    """Wait until somebody is at the window, by pointer or key; then import, once."""

    def __init__(
        self, app: QApplication, tasks: Tasks, then: Callable[[], object], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._app, self._tasks, self._then = app, tasks, then
        QTimer.singleShot(AFTER_MS, self, self.watch)

    def watch(self) -> None:
        """Look at every event until the first that a person makes."""
        self._app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _SIGNS:
            self._app.removeEventFilter(self)
            preload(self._tasks, self._then)
        return False


def preload(tasks: Tasks, then: Callable[[], object]) -> None:
    """Import the modules on a thread; one that cannot be imported is told when it is needed."""

    def imported(_: int) -> None:
        # Modules stay: to walk through them at each collection would take longer than all else.
        gc.freeze()
        then()

    tasks.run(_import, success=imported, failure=lambda _: None)


def _import() -> int:
    for name in MODULES:
        importlib.import_module(name)
        time.sleep(BREATH_S)
    read_icons()
    return len(MODULES)
