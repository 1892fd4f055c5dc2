"""The field for a package's entry file."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox

from app.i18n import tr
from app.widgets.forms import Field
from app.widgets.theme import theme


class EntryField(Field):
    """The entry file: typed, or one of the Python files of the source folder."""

    def __init__(self) -> None:
        self.combo = QComboBox()
        self.combo.setEditable(True)
        self.combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        super().__init__(tr("Entry file"), self.combo)
        self.combo.setFixedHeight(32)
        self.combo.setFont(theme().font(400, 12, mono=True))
        edit = self.combo.lineEdit()
        if edit is not None:
            edit.setProperty("mono", "true")  # a combo box resets its editor's font
            edit.setPlaceholderText("torch_client.py")
            edit.editingFinished.connect(self.left.emit)
        self.combo.activated.connect(lambda _: self.left.emit())

    def value(self) -> str:
        """Return the path below the source folder."""
        return self.combo.currentText().strip()

    def set(self, text: str) -> None:
        """Fill in a path."""
        self.combo.setEditText(text)

    def offer(self, paths: list[str]) -> None:
        """Offer files, keeping what stands in the field."""
        text = self.value()
        self.combo.blockSignals(True)
        self.combo.clear()
        self.combo.addItems(paths)
        self.combo.setEditText(text)
        self.combo.blockSignals(False)
