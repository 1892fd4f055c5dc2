"""What is imported beforehand exists, and is imported away from the caller's thread."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.shell import preload


class Recorded:
    """Run what is handed over on a thread and note which one."""

    thread = ""
    count = 0

    def run(self, op: Callable[[], object], **_: object) -> None:
        self.count += 1

        def work() -> None:
            op()
            self.thread = threading.current_thread().name

        other = threading.Thread(target=work, name="other")
        other.start()
        other.join(60)


def test_modules_exist_and_are_imported_elsewhere() -> None:
    assert all(importlib.util.find_spec(name) for name in preload.MODULES)
    tasks = Recorded()
    preload.preload(tasks, lambda: None)  # type: ignore[arg-type]
    assert tasks.thread == "other"


def test_nothing_is_imported_before_somebody_comes(qapp: QApplication) -> None:
    window, tasks = QWidget(), Recorded()
    waiting = preload.PreloadOnUse(qapp, tasks, lambda: None, window)  # type: ignore[arg-type]
    waiting.watch()
    for kind in (QEvent.Type.UpdateRequest, QEvent.Type.Enter):
        QApplication.sendEvent(window, QEvent(kind))
    assert tasks.count == 0
    for _ in range(2):
        QTest.keyClick(window, Qt.Key.Key_A)
    assert tasks.count == 1
