"""The window is lit again, however a dialog ends."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QWidget

from app.widgets.dialogs import Dialog, Scrim


def test_a_dialog_that_ends_without_being_closed_leaves_no_shade(
    themed: QApplication, qtbot
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(900, 700)
    window.show()
    dialog = Dialog(window, "A question", "What follows from it")
    dialog.open()
    (scrim,) = window.findChildren(Scrim)
    assert scrim.isVisible()
    with qtbot.waitSignal(scrim.destroyed, timeout=5000):
        dialog.deleteLater()
    assert not window.findChildren(Scrim)
