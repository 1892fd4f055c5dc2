"""Find the dialog that opens over a window, some turns after it was asked for."""

from __future__ import annotations

import time
from typing import TypeVar

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from app.widgets.dialogs import Dialog

BOUND_S = 20.0

Kind = TypeVar("Kind", bound=Dialog)


def dialog_of(widget: QWidget, kind: type[Kind]) -> Kind:
    """Wait for a dialog of a kind over the widget's window; return it."""
    end = time.monotonic() + BOUND_S
    while time.monotonic() < end:
        for one in widget.window().findChildren(kind):
            if one.isVisible():
                return one
        QTest.qWait(5)
    raise AssertionError(f"There is no {kind.__name__}.")
