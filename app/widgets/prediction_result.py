"""What a model said: the class with every probability, or the values; for one row or many."""

from __future__ import annotations

from collections import Counter
from typing import Any

from PySide6.QtWidgets import QWidget

from app.i18n import tr, trn
from app.widgets.bars import ProgressBar, StackedBar
from app.widgets.cards import Inset
from app.widgets.cells import Cell
from app.widgets.labels import ElidedLabel, Icon, Label
from app.widgets.layouts import clear, column, row
from app.widgets.tables import Column, RowModel, Table

SHOWN = 5  # classes with a bar
TOKENS = ("info", "orange", "violet", "cyan", "pink", "gray")
Row = tuple[int, dict[str, Any]]


class PredictionResult(Inset):
    """The last answer."""

    def __init__(self) -> None:
        super().__init__(gap=6)
        self.answer: dict[str, Any] = {}
        self.headline = Label("", "title")
        self.time = Label("", "small", "faint")
        self.chance = Label("", "small", "muted")
        self._parts = column(gap=4)
        self.body.addLayout(row(self.headline, None, self.time))
        self.body.addWidget(self.chance)
        self.body.addLayout(self._parts)
        self.setAccessibleName(tr("Prediction"))
        self.hide()

    def show_answer(self, answer: dict[str, Any]) -> None:
        """Show an answer."""
        self.answer = answer
        found = answer["predictions"]
        self.time.setText(tr("{ms} ms", ms=f"{float(answer.get('ms') or 0):.1f}"))
        clear(self._parts)
        if len(found) == 1:
            self._one(found[0])
        else:
            self._many(found)
        self.show()

    def _one(self, one: dict[str, Any]) -> None:
        if "label" not in one:
            self.headline.setText(", ".join(f"{value:.6g}" for value in one["values"][:4]))
            self.chance.setText("")
            return
        chances: dict[str, float] = one["probabilities"]
        self.headline.setText(str(one["label"]))
        self.chance.setText(tr("p = {p}", p=f"{chances[one['label']]:.3f}"))
        first = sorted(chances.items(), key=lambda item: -item[1])[:SHOWN]
        for name, value in first:
            bar = ProgressBar(value, "info" if name == one["label"] else "gray", 8)
            bar.setAccessibleName(f"{name} {value:.1%}")
            label = ElidedLabel(name, "small")
            label.setFixedWidth(110)
            number = Label(f"{value * 100:.1f} %", "small", "muted")
            number.setFixedWidth(54)
            self._parts.addLayout(row(label, (bar, 1), number, gap=8))

    def _many(self, found: list[dict[str, Any]]) -> None:
        self.headline.setText(trn("{count} row", "{count} rows", len(found)))
        counts = Counter(str(one["label"]) for one in found if "label" in one)
        common = counts.most_common(len(TOKENS))
        self.chance.setText(", ".join(f"{name}: {count}" for name, count in common))
        if common:
            bar = StackedBar(8)
            bar.set([(count, TOKENS[place]) for place, (_, count) in enumerate(common)])
            self._parts.addWidget(bar)
        self._parts.addWidget(_table(found))


def _table(found: list[dict[str, Any]]) -> Table:
    columns: list[Column[Row]] = [
        Column(tr("Row"), lambda r: Cell(str(r[0])), 60, sort=lambda r: r[0]),
        Column(tr("Prediction"), lambda r: Cell(_said(r[1]), weight=600), 0,
               sort=lambda r: _said(r[1])),
        Column(tr("p"), lambda r: Cell(_chance(r[1]), tok="muted", right=True), 80, right=True,
               sort=lambda r: _chance(r[1])),
    ]  # fmt: skip
    rows: RowModel[Row] = RowModel(columns, lambda r: r[0])
    table = Table(rows, row_height=28)
    rows.set_rows(list(enumerate(found, 1)))  # after the table, which would turn them round
    table.setAccessibleName(tr("Predictions by row"))
    table.setFixedHeight(34 + 28 * min(len(found), 5) + 4)
    return table


def _said(one: dict[str, Any]) -> str:
    return str(one.get("label") or ", ".join(f"{value:.6g}" for value in one.get("values", [])[:4]))


def _chance(one: dict[str, Any]) -> str:
    return f"{one['probabilities'][one['label']]:.3f}" if "label" in one else ""


class ResearchOnly(QWidget):
    """The note that never goes away."""

    def __init__(self) -> None:
        super().__init__()
        words = Label(tr("Research only, not for patient care"), "small", "warn")
        self.setLayout(row(Icon("triangle-alert", "warn", 14), words, None, gap=8))
