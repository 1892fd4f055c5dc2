"""Paint what was just laid out in later turns of the event loop: both at once take too long."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QWidget

from app.slices import TURN_MS  # a call that is only queued would come before the window's repaint


def paint_in_turns(*widgets: QWidget) -> None:
    """Hold painting of widgets, and of the cards in the last one; let go of one for each turn.

    Each is inside of one before it, so that none waits for one that is gone.
    """
    seen = [*widgets, *(one for one in _cards(widgets[-1]) if one.updatesEnabled())]
    for widget in seen:
        widget.setUpdatesEnabled(False)
    _let_go(seen)


def _cards(widget: QWidget) -> list[QFrame]:
    return [one for one in widget.findChildren(QFrame, "card") if one.isVisibleTo(widget)]


def _let_go(waiting: list[QWidget]) -> None:
    waiting = [one for one in waiting if shiboken6.isValid(one)]
    if not waiting:
        return
    widget, *rest = waiting

    def paint() -> None:
        widget.setUpdatesEnabled(True)
        _let_go(rest)

    QTimer.singleShot(TURN_MS, widget, paint)
