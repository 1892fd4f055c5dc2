"""Open large dialogs without holding the window up: made in slices, then shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from app.slices import TURN_MS, Sliced, breathe, sliced
from app.widgets.dialogs import Dialog

Opened = TypeVar("Opened", bound=Dialog)
_opening: list[Sliced[Any]] = []


def open_in_slices(
    owner: QWidget, make: Callable[[], Opened], before: Callable[[Opened], object]
) -> None:
    """Make a dialog in slices, hand it to `before`, and open it over its window.

    One dialog opens at a time: a second click meanwhile asks for nothing. It stays away when
    `owner` is not seen any more.
    """
    if any(not one.is_over for one in _opening):
        return

    def whole() -> Opened:
        dialog = make()
        for part in dialog.findChildren(QWidget):
            breathe()
            part.ensurePolished()
        breathe()
        dialog.take_size()
        return dialog

    def show(dialog: Opened) -> None:
        _opening.clear()  # it holds the page that asked
        if not shiboken6.isValid(dialog):
            return
        if owner.isVisible():
            before(dialog)
            dialog.dim()  # painted in a turn of its own: it is the whole window
            QTimer.singleShot(TURN_MS, dialog, lambda: dialog.open())
        else:
            dialog.deleteLater()

    _opening[:] = [sliced(whole, show, owner)]
