"""Tables: one model over rows, one delegate that paints a few kinds of cells."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from app.widgets.cells import CELL, Cell, CellDelegate
from app.widgets.table_header import Header
from app.widgets.words import tip

ROW = int(Qt.ItemDataRole.UserRole) + 2
Index = QModelIndex | QPersistentModelIndex
RowT = TypeVar("RowT")
_TOLD = (
    CELL,
    Qt.ItemDataRole.DisplayRole,
    Qt.ItemDataRole.AccessibleTextRole,
    Qt.ItemDataRole.ToolTipRole,
)
FEW_STRETCHES = 8  # of rows that come or go; more are told to the view as one


@dataclass
class Column(Generic[RowT]):
    """A column: its title, how a row's cell looks, and its width (0 stretches)."""

    title: str
    cell: Callable[[RowT], Cell]
    width: int = 0
    right: bool = False
    sort: Callable[[RowT], Any] | None = field(default=None)

    @property
    def is_sortable(self) -> bool:
        """Return whether a click on the title orders the rows."""
        return self.sort is not None


class RowModel(QAbstractTableModel, Generic[RowT]):
    """Rows known by key, so that an update keeps selection and scroll position."""

    def __init__(self, columns: Sequence[Column[RowT]], key: Callable[[RowT], Hashable]) -> None:
        super().__init__()
        self.columns = list(columns)
        self._key = key
        self._rows: list[RowT] = []
        self._places: dict[Hashable, int] | None = None  # row numbers by key, once asked for
        self._order = -1
        self._descending = False

    @property
    def rows(self) -> list[RowT]:
        """Return the rows as they are shown."""
        return self._rows

    def set_rows(self, rows: Sequence[RowT]) -> None:
        """Show other rows; only what differs is touched."""
        target = self._sorted(list(rows))
        places = {self._key(row): at for at, row in enumerate(target)}
        if len(places) < len(target):  # rows of one key cannot be told apart
            self.beginResetModel()
            self._take(target)
            self.endResetModel()
            return
        self._remove([at for at, row in enumerate(self._rows) if self._key(row) not in places])
        known = {self._key(row) for row in self._rows}
        order = sorted(range(len(self._rows)), key=lambda at: places[self._key(self._rows[at])])
        self._reorder(order)
        self._insert(target, [at for at, row in enumerate(target) if self._key(row) not in known])
        changed = [at for at, row in enumerate(target) if self._rows[at] != row]
        self._take(target)
        self._tell_changed(changed)

    def _take(self, rows: list[RowT]) -> None:
        self._rows, self._places = rows, None

    def _remove(self, gone: list[int]) -> None:
        """Take rows out; scattered ones go to the end first, to be one stretch."""
        stretches = _stretches(gone)
        if len(stretches) > FEW_STRETCHES:
            out = set(gone)
            self._reorder([at for at in range(len(self._rows)) if at not in out] + gone)
            stretches = [(len(self._rows) - len(gone), len(self._rows) - 1)]
        for first, last in reversed(stretches):
            self.beginRemoveRows(QModelIndex(), first, last)
            self._take(self._rows[:first] + self._rows[last + 1 :])
            self.endRemoveRows()

    def _insert(self, target: list[RowT], new: list[int]) -> None:
        """Put rows in at their places; scattered ones come at the end, then all are ordered."""
        stretches = _stretches(new)
        if len(stretches) <= FEW_STRETCHES:
            for first, last in stretches:
                self.beginInsertRows(QModelIndex(), first, last)
                self._take(self._rows[:first] + target[first : last + 1] + self._rows[first:])
                self.endInsertRows()
            return
        count = len(self._rows)
        self.beginInsertRows(QModelIndex(), count, count + len(new) - 1)
        self._take(self._rows + [target[at] for at in new])
        self.endInsertRows()
        of_new = dict(zip(new, range(count, len(self._rows)), strict=True))
        of_old = iter(range(count))
        self._reorder([of_new[at] if at in of_new else next(of_old) for at in range(len(target))])

    def _reorder(self, order: list[int]) -> None:
        """Put rows in another order in one step: old places as they come; selections follow."""
        if order == list(range(len(order))):
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        places = {old: new for new, old in enumerate(order)}
        self._take([self._rows[at] for at in order])
        after = [self.index(places[one.row()], one.column()) for one in before]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _tell_changed(self, changed: list[int]) -> None:
        """Tell of changed rows, those that follow each other at once."""
        last = len(self.columns) - 1
        for at, row in enumerate(changed):
            if at == 0 or changed[at - 1] != row - 1:
                first = row
            if at == len(changed) - 1 or changed[at + 1] != row + 1:
                self.dataChanged.emit(self.index(first, 0), self.index(row, last))

    def refresh(self) -> None:
        """Paint all rows again, for what depends on time (ages)."""
        if self._rows:
            last = self.index(len(self._rows) - 1, len(self.columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def find(self, key: Hashable) -> int:
        """Return the row number of a key, or -1."""
        if self._places is None:
            self._places = {self._key(row): at for at, row in enumerate(self._rows)}
        return self._places.get(key, -1)

    def set_column(self, at: int, column: Column[RowT]) -> None:
        """Show something else in a column; rows, order and selection stay."""
        self.columns[at] = column
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, at, at)
        if self._order == at:
            self.set_rows(list(self._rows))
        self.refresh()

    def _sorted(self, rows: list[RowT]) -> list[RowT]:
        by = self.columns[self._order].sort if self._order >= 0 else None
        return sorted(rows, key=by, reverse=self._descending) if by else rows

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column that has a sort key; -1 is the order in which rows came."""
        if column >= 0 and self.columns[column].sort is None:
            return
        self._order = column
        self._descending = order == Qt.SortOrder.DescendingOrder
        self.set_rows(list(self._rows))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        if role == ROW:
            return self._rows[index.row()]
        if role not in _TOLD:
            return None
        cell = self.cell_at(index.row(), index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(cell.tip) if cell.tip else None
        return cell if role == CELL else cell.spoken()

    def cell_at(self, row: int, column: int) -> Cell:
        """Return a cell as it looks now."""
        return self.columns[column].cell(self._rows[row])

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        return None


def _stretches(places: list[int]) -> list[tuple[int, int]]:
    """Return ascending row numbers as first and last of those that follow each other."""
    found: list[tuple[int, int]] = []
    for at in places:
        if found and found[-1][1] == at - 1:
            found[-1] = (found[-1][0], at)
        else:
            found.append((at, at))
    return found


class Table(QTableView):
    """A table over a RowModel; `opened` carries the row that was activated."""

    opened = Signal(object)
    clicked_cell = Signal(object, int)  # row, column
    pressed_space = Signal(object)  # row

    def __init__(self, model: RowModel[Any], *, row_height: int = 44, fits: bool = False) -> None:
        super().__init__()
        self._model = model
        self._fits = fits
        header = Header(model.columns, self)
        self.setHorizontalHeader(header)
        self.setModel(model)
        self.setItemDelegate(CellDelegate(self, model.cell_at))
        self.setShowGrid(False)
        self.setMouseTracking(True)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(row_height)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for i, column in enumerate(model.columns):
            if column.width:
                header.setSectionResizeMode(i, QHeaderView.ResizeMode.Interactive)
                self.setColumnWidth(i, column.width)
            else:
                header.setSectionResizeMode(i, QHeaderView.ResizeMode.Stretch)
        if any(column.sort for column in model.columns):
            header.setSectionsClickable(True)
            self.setSortingEnabled(True)
            header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.activated.connect(self._open)
        self.clicked.connect(lambda index: self.clicked_cell.emit(index.data(ROW), index.column()))
        if fits:
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            model.rowsInserted.connect(self._fit)
            model.rowsRemoved.connect(self._fit)
            model.modelReset.connect(self._fit)
            self._fit()

    def current(self) -> Any:
        """Return the selected row, or None."""
        index = self.currentIndex()
        return index.data(ROW) if index.isValid() and self.selectedIndexes() else None

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(index.data(ROW))

    def _fit(self, *_: object) -> None:
        rows = self._model.rowCount()
        self.setFixedHeight(34 + self.verticalHeader().defaultSectionSize() * rows + 2)

    def sizeHint(self) -> QSize:
        """Return room for the header and a few rows."""
        return QSize(400, 34 + self.verticalHeader().defaultSectionSize() * 4)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._open(self.currentIndex())
            return
        if event.key() == Qt.Key.Key_Space and self.currentIndex().isValid():
            self.pressed_space.emit(self.currentIndex().data(ROW))
            return
        super().keyPressEvent(event)
