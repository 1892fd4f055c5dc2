"""Widgets of dropped pages die on the GUI thread, whichever thread makes the garbage."""

from __future__ import annotations

import gc
import threading
import weakref

from PySide6.QtWidgets import QWidget

from app.bridge import garbage as garbage_module
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


def test_a_window_at_work_collects_all_in_bounded_time(qapp, monkeypatch) -> None:
    monkeypatch.setattr(garbage_module, "WHOLE_EVERY_S", 0.0)
    garbage = Garbage(qapp)
    try:
        page = Page(died_on := [])
        for _ in range(3):
            gc.collect(1)  # what lives on is of the oldest generation
        del page
        assert garbage.look() == -1  # a window that rests collects nothing
        assert not died_on
        kept = [[] for _ in range(1000)]
        assert garbage.look() == 2
        assert died_on
        assert kept
    finally:
        garbage.close()
        garbage.deleteLater()
    assert not gc.isenabled()
