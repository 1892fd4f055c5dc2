"""What of a package was not shown to the operator, and the tick that takes note of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QWidget

from app.i18n import tr, trn
from app.widgets.labels import Icon, Label
from app.widgets.layouts import column, row

NAMED = 3


class UnshownNote(QWidget):
    """Hold an approval until everything was shown, or the rest was taken note of."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._unshown: dict[str, bool] = {}  # by path: whether it is no text
        self.words = Label("", "small", "warn", wrap=True)
        self.tick = QCheckBox(tr("I approve it without having seen this"))
        self.tick.toggled.connect(lambda _: self.changed.emit())
        text = column(self.words, self.tick, gap=4)
        self.setLayout(row(column(2, Icon("triangle-alert", "warn"), None, gap=0), (text, 1)))
        self.hide()

    def expect(self, files: Sequence[dict[str, Any]]) -> None:
        """Take what `approvals.diff` gave first: all that has to be seen."""
        self._unshown = {
            str(file["path"]): bool(file.get("is_binary")) for file in files if _is_hidden(file)
        }
        self._tell()

    def seen(self, files: Sequence[dict[str, Any]]) -> None:
        """Take what was shown later; a file that was shown whole needs no tick."""
        before = len(self._unshown)
        for file in files:
            if not _is_hidden(file):
                self._unshown.pop(str(file["path"]), None)
        if len(self._unshown) != before:
            self._tell()

    def is_settled(self) -> bool:
        """Return whether nothing is left, or the operator took note of what is."""
        return not self._unshown or self.tick.isChecked()

    def _tell(self) -> None:
        self.words.setText(unshown_words(self._unshown))
        self.setVisible(bool(self._unshown))
        self.changed.emit()


def _is_hidden(file: dict[str, Any]) -> bool:
    return bool(file.get("is_cut") or file.get("is_binary"))


def unshown_words(unshown: dict[str, bool]) -> str:
    """Return which files were not shown whole."""
    binary = [path for path, is_binary in unshown.items() if is_binary]
    cut = [path for path, is_binary in unshown.items() if not is_binary]
    parts = []
    if cut:
        parts.append(
            trn("{count} file was not shown whole: {names}",
                "{count} files were not shown whole: {names}", len(cut), names=_names(cut))
        )  # fmt: skip
    if binary:
        parts.append(
            trn("{count} file is no text: {names}", "{count} files are no text: {names}",
                len(binary), names=_names(binary))
        )  # fmt: skip
    return "\n".join(parts)


def _names(paths: Sequence[str]) -> str:
    names = ", ".join(paths[:NAMED])
    more = len(paths) - NAMED
    return tr("{names} and {count} more", names=names, count=more) if more > 0 else names
