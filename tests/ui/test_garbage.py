"""Widgets of dropped pages die on the GUI thread, whichever thread makes the garbage."""

from __future__ import annotations

import gc
import threading
import weakref

from PySide6.QtWidgets import QWidget

from app.bridge.garbage import Garbage


class Page(QWidget):
    """A widget in a cycle, as any page with a bound callback is."""

    def __init__(self, died_on: list[int]) -> None:
        super().__init__()
        self.itself = self
        weakref.finalize(self, lambda: died_on.append(threading.get_ident()))


def allocate() -> None:
    """Make more objects than every threshold of the collector allows."""
    assert len([[] for _ in range(200_000)]) == 200_000


def test_a_widget_dies_on_the_gui_thread(qapp, qtbot) -> None:
    gc.enable()
    garbage = Garbage(qapp)
    try:
        died_on: list[int] = []
        Page(died_on)
        worker = threading.Thread(target=allocate)
        worker.start()
        worker.join(30)
        assert not died_on
        kept: list[list[int]] = []

        def is_dead() -> bool:
            kept.extend([] for _ in range(1000))  # as a window at work does
            return bool(died_on)

        qtbot.waitUntil(is_dead, timeout=10_000)
        assert died_on == [threading.get_ident()]
    finally:
        garbage.close()
        garbage.deleteLater()
    assert gc.isenabled()
    gc.disable()
