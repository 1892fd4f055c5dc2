"""Tables: rows known by key, whose selection and place stay over updates and sorting."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

import pytest
from PySide6.QtCore import QPersistentModelIndex, QRectF, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from tools.clipping import tip_at

from app.widgets import cells
from app.widgets.cells import Cell
from app.widgets.tables import FEW_STRETCHES, Column, RowModel, Table

TOLD = ("rowsInserted", "rowsRemoved", "rowsMoved", "layoutChanged", "modelReset", "dataChanged")


@dataclass(frozen=True)
class Row:
    """A number and what stands beside it."""

    key: int
    value: int = 0


def model_of(rows: list[Row]) -> RowModel[Row]:
    """Return a model of two columns, both to be ordered by."""
    columns = [
        Column[Row]("Key", lambda r: Cell(str(r.key)), 0, sort=lambda r: r.key),
        Column[Row]("Value", lambda r: Cell(str(r.value)), 90, sort=lambda r: r.value),
    ]
    model: RowModel[Row] = RowModel(columns, lambda r: r.key)
    model.set_rows(rows)
    return model


def count_told(model: RowModel[Row]) -> Counter[str]:
    """Return a counter of what the model tells its views from now on."""
    told: Counter[str] = Counter()
    for name in TOLD:
        getattr(model, name).connect(lambda *_, name=name: told.update([name]))
    return told


def test_every_change_keeps_what_points_at_a_row(themed: QApplication) -> None:
    """Rows that stay are still found by who held on to them; Qt's own checks agree."""
    dice = random.Random(7)
    model = model_of([])
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for _ in range(60):
        held = {row.key: QPersistentModelIndex(model.index(at, 0))
                for at, row in enumerate(model.rows)}  # fmt: skip
        keys = dice.sample(range(60), dice.randint(0, 60))
        model.set_rows([Row(key, dice.randint(0, 2)) for key in keys])
        assert [row.key for row in model.rows] == keys
        for key, index in held.items():
            assert index.isValid() == (key in keys)
            assert not index.isValid() or model.rows[index.row()].key == key
        assert all(model.find(key) == at for at, key in enumerate(keys))
    assert model.find(99) == -1


def test_ordering_thousands_of_rows_is_one_change(themed: QApplication) -> None:
    """A view is told once, however many rows change places."""
    dice = random.Random(7)
    model = model_of([Row(key, dice.randint(0, 10**6)) for key in range(2000)])
    told = count_told(model)
    model.sort(1)
    assert dict(told) == {"layoutChanged": 1}
    assert [r.value for r in model.rows] == sorted(r.value for r in model.rows)


@pytest.mark.parametrize("step", [2, 3])
def test_scattered_rows_leave_and_come_as_one(themed: QApplication, step: int) -> None:
    """A filter that takes every second row out is no thousand changes."""
    rows = [Row(key) for key in range(2000)]
    model = model_of(rows)
    told = count_told(model)
    model.set_rows(rows[::step])
    model.set_rows(rows)
    assert model.rows == rows
    assert told["rowsRemoved"] == told["rowsInserted"] == 1
    assert sum(told.values()) <= FEW_STRETCHES


def test_selection_scroll_and_widths_stay(themed: QApplication, qtbot) -> None:
    """A sorted table that gets new values keeps what is chosen, where one looks, and its columns.

    A column that shows something else keeps them as well.
    """
    model = model_of([Row(key, -key) for key in range(500)])
    table = Table(model)
    qtbot.addWidget(table)
    table.resize(400, 300)
    table.show()
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    table.setColumnWidth(1, 133)
    table.selectRow(model.find(250))
    bar = table.verticalScrollBar()
    bar.setValue(4321)
    model.set_rows([Row(key, -key if key % 2 else -key - 5) for key in range(500)])
    model.set_column(1, Column("Loss", lambda r: Cell("-"), 90, sort=lambda r: r.value))

    assert table.current().key == 250
    assert bar.value() == 4321
    assert table.columnWidth(1) == 133
    assert model.headerData(1, Qt.Orientation.Horizontal) == "Loss"
    assert table.horizontalHeader().sortIndicatorSection() == 1


def told_at(table: Table, row: int, column: int) -> str:
    """Return what a cell says where the pointer rests."""
    return tip_at(table.viewport(), table.visualRect(table.model().index(row, column)).center())


def test_a_cell_that_is_cut_tells_the_whole(themed: QApplication, qtbot) -> None:
    """Every line of it; a cell that has room says nothing, and one with a tip says that."""
    long = "Wisconsin breast cancer, the third visit"
    columns = [
        Column("Name", lambda row: Cell(row[1], sub="of <b>St. Anna</b> and all others"), 90),
        Column("Short", lambda row: Cell("ok"), 90),
        Column("Tip", lambda row: Cell(long, tip="as it is"), 90),
    ]
    model: RowModel[tuple[int, str]] = RowModel(columns, lambda row: row[0])
    model.set_rows([(1, long)])
    table = Table(model)
    qtbot.addWidget(table)
    table.resize(600, 200)
    table.show()

    assert told_at(table, 0, 0) == (
        f"<p>{long}</p><p>of &lt;b&gt;St. Anna&lt;/b&gt; and all others</p>"
    )
    assert told_at(table, 0, 1) == ""
    assert told_at(table, 0, 2) == "<p>as it is</p>"


@pytest.mark.parametrize(("width", "shown"), [(200, 5), (110, 3), (75, 2), (60, 1)])
def test_sites_that_have_no_room_are_counted(
    themed: QApplication, monkeypatch: pytest.MonkeyPatch, width: int, shown: int
) -> None:
    """The number is whole: it takes the place of one site more where it must."""
    drawn: list[str] = []
    monkeypatch.setattr(cells, "draw_site", lambda *given: drawn.append(given[3]))
    cell = Cell(
        kind="sites", items=tuple((letters, 0) for letters in ("AA", "BB", "CC", "DD", "EE"))
    )

    cut = cells.cut_in(QRectF(0, 0, width, 44), cell)

    assert drawn == ["AA", "BB", "CC", "DD", "EE"][:shown]
    assert cut == ([] if shown == 5 else ["AA, BB, CC, DD, EE"])
