"""The values of a plot as a table: for the keyboard, for screen readers, for copying."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from app.i18n import tr
from app.widgets.curve_plot import CurveLine
from app.widgets.curve_plot_numbers import Floats
from app.widgets.curve_plot_ticks import Kind, value_text

Index = QModelIndex | QPersistentModelIndex


class CurveTableModel(QAbstractTableModel):
    """One row an x of any curve, one column a curve; a point that is not there stays empty."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[CurveLine] = []
        self._x: Floats = np.empty(0)
        self._kind: Kind = "number"
        self._title: Callable[[float], str] = str

    def show_lines(
        self, lines: Sequence[CurveLine], kind: Kind, title: Callable[[float], str]
    ) -> None:
        """Show the points of some curves."""
        x = [line.series.x for line in lines]
        merged = np.unique(np.concatenate(x)) if x else np.empty(0)
        same = [line.key for line in lines] == [line.key for line in self.lines]
        if same and kind == self._kind and title == self._title and len(merged) >= len(self._x):
            # What grows at its end keeps selection and place.
            before = len(self._x)
            self.lines = list(lines)
            if len(merged) > before:
                self.beginInsertRows(QModelIndex(), before, len(merged) - 1)
                self._x = merged
                self.endInsertRows()
            if before:
                last = self.index(before - 1, len(lines))
                self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self.lines, self._x, self._kind, self._title = list(lines), merged, kind, title
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._x)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.lines) + 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column():
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role != Qt.ItemDataRole.DisplayRole or index.row() >= len(self._x):
            return None
        x = float(self._x[index.row()])
        if index.column() == 0:
            return self._title(x)
        series = self.lines[index.column() - 1].series
        place = int(np.searchsorted(series.x, x))
        if place >= len(series) or series.x[place] != x or not np.isfinite(series.y[place]):
            return "–"
        return value_text(float(series.y[place]), self._kind)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        return tr("Point") if section == 0 else self.lines[section - 1].name


class CurveTable(QTableView):
    """A table of curves; selected cells are copied with tabs between them."""

    def __init__(self) -> None:
        super().__init__()
        self.values = CurveTableModel()
        self.setModel(self.values)
        self.setAccessibleName(tr("Values of the curves"))
        self.setShowGrid(False)
        self.setAlternatingRowColors(False)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(30)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setHighlightSections(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not event.matches(QKeySequence.StandardKey.Copy):
            super().keyPressEvent(event)
            return
        rows: dict[int, list[str]] = {}
        for index in sorted(self.selectedIndexes(), key=lambda one: (one.row(), one.column())):
            rows.setdefault(index.row(), []).append(str(index.data()))
        text = "\n".join("\t".join(cells) for cells in rows.values())
        QGuiApplication.clipboard().setText(text)
