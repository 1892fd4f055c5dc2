"""The curves of a run as a table, one metric at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtWidgets import QComboBox, QWidget

from app.i18n import tr
from app.widgets.cards import TableCard
from app.widgets.curve_plot_card import CurveCard
from app.widgets.curve_plot_table import CurveTable
from app.widgets.curve_plot_ticks import kind_of
from app.widgets.labels import Label
from app.widgets.layouts import column, row
from app.widgets.theme import theme


class CurvesTable(QWidget):
    """Show the visible lines of one plot as a table."""

    def __init__(self, cards: Mapping[str, CurveCard], x_title: Callable[[float], str]) -> None:
        super().__init__()
        self._cards = cards
        self._x_title = x_title
        self.choice = QComboBox()
        self.choice.setAccessibleName(tr("Metric"))
        self.choice.setFixedSize(260, 32)
        self.choice.setFont(theme().font(400, 13))
        self.choice.currentIndexChanged.connect(lambda _: self._fill())
        self.table = CurveTable()
        card = TableCard()
        card.add((self.table, 1))
        head = row(Label(tr("Metric"), "small", "muted"), self.choice, None, gap=10)
        self.setLayout(column(head, (card, 1), gap=10))

    def refresh(self) -> None:
        """Show the points so far."""
        known = [self.choice.itemData(place) for place in range(self.choice.count())]
        if known != list(self._cards):
            chosen = self.choice.currentData()
            self.choice.blockSignals(True)
            self.choice.clear()
            for key, card in self._cards.items():
                self.choice.addItem(card.title.plain(), key)
            self.choice.setCurrentIndex(max(0, self.choice.findData(chosen)))
            self.choice.blockSignals(False)
        self._fill()

    def _fill(self) -> None:
        card = self._cards.get(str(self.choice.currentData()))
        if card is not None:
            lines = [line for line in card.plot.lines if line.is_visible]
            self.table.values.show_lines(lines, kind_of(card.key), self._x_title)
