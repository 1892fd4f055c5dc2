"""Layouts are emptied without leaving anything behind."""

from __future__ import annotations

import ctypes
import sys

import pytest
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.widgets.layouts import clear, emptied

ROUNDS = 4000


class _Malloc(ctypes.Structure):
    """As in malloc.h."""

    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
        "fordblks", "keepcost",
    )]  # fmt: skip


def test_what_was_nested_is_returned_and_nothing_stays(qtbot: QtBot) -> None:
    """Widgets come in their order, spaces and inner layouts go."""
    widget = QWidget()
    qtbot.addWidget(widget)
    outer, inner = QVBoxLayout(widget), QHBoxLayout()
    first, second, third = QLabel("1"), QLabel("2"), QLabel("3")
    outer.addWidget(first)
    outer.addStretch(1)
    inner.addWidget(second)
    inner.addSpacing(3)
    outer.addLayout(inner)
    outer.addWidget(third)

    assert emptied(outer) == [first, second, third]
    assert outer.count() == 0

    outer.addWidget(first)
    clear(outer)
    assert first.isHidden()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks glibc")
def test_items_that_were_taken_are_freed(qtbot: QtBot) -> None:
    """A list that is told anew every second must not grow the window."""
    library = ctypes.CDLL("libc.so.6")
    if not hasattr(library, "mallinfo2"):
        pytest.skip("this libc does not tell")
    library.mallinfo2.restype = _Malloc
    widget = QWidget()
    qtbot.addWidget(widget)
    layout, label = QVBoxLayout(widget), QLabel("x")

    def turn(times: int) -> int:
        for _ in range(times):
            layout.addWidget(label)
            emptied(layout)
        return int(library.mallinfo2().uordblks)

    before = turn(100)
    assert turn(ROUNDS) - before < 20 * ROUNDS
