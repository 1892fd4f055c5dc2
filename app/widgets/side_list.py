"""A short list beside a page's main thing: no header, a menu on each row."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent

from app.widgets.tables import ROW, RowModel, Table

ROWS = 12  # shown at once; the rest is scrolled


class SideList(Table):
    """Rows of a model; `menu_wanted` carries the row and where its menu opens."""

    menu_wanted = Signal(object, QPoint)

    def __init__(
        self, model: RowModel[Any], name: str, *, row_height: int = 44, most: int = ROWS
    ) -> None:
        self._most = most
        super().__init__(model, row_height=row_height)
        self.horizontalHeader().hide()
        self.setAccessibleName(name)
        self.clicked_cell.connect(self._clicked)
        for signal in (model.rowsInserted, model.rowsRemoved, model.modelReset):
            signal.connect(self._set_height)
        self._set_height()

    def _set_height(self, *_: object) -> None:
        rows = min(self._most, max(1, self._model.rowCount()))
        self.setFixedHeight(rows * self.verticalHeader().defaultSectionSize() + 2)

    def sizeHint(self) -> QSize:
        return QSize(240, self.height())

    def _clicked(self, row: Any, at: int) -> None:
        if at == len(self._model.columns) - 1:
            self._ask_menu(self.currentIndex())

    def _open(self, index: QModelIndex) -> None:
        super()._open(index)
        self._ask_menu(index)

    def _ask_menu(self, index: QModelIndex) -> None:
        if index.isValid():
            last = index.sibling(index.row(), len(self._model.columns) - 1)
            corner = self.viewport().mapToGlobal(self.visualRect(last).bottomLeft())
            self.menu_wanted.emit(index.data(ROW), corner)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            index = self.indexAt(event.pos())
            if index.isValid():
                self.setCurrentIndex(index)
                self.menu_wanted.emit(index.data(ROW), event.globalPos())
        else:
            self._ask_menu(self.currentIndex())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and self.currentIndex().isValid():
            self._ask_menu(self.currentIndex())
            return
        super().keyPressEvent(event)
