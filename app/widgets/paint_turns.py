"""Paint what was just laid out in later turns of the event loop: both at once take too long."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

# A call that is only queued comes before the window's repaint, which is queued behind it.
TURN_MS = 1


def paint_in_turns(*widgets: QWidget) -> None:
    """Hold painting of widgets; let go of one for each turn.

    Each belongs to the one before, so that none waits for one that is gone.
    """
    for widget in widgets:
        widget.setUpdatesEnabled(False)
    _let_go(list(widgets))


def _let_go(waiting: list[QWidget]) -> None:
    if not waiting or not shiboken6.isValid(waiting[0]):
        return
    widget, *rest = waiting

    def paint() -> None:
        widget.setUpdatesEnabled(True)
        _let_go(rest)

    QTimer.singleShot(TURN_MS, widget, paint)
