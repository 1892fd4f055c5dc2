"""A row of a group's numbers with their names."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QFrame, QWidget

from app.widgets.labels import Label
from app.widgets.layouts import clear, column, row, rule


class Facts(QFrame):
    """Names above, numbers below, a line between each two."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self.setFixedHeight(66)
        self.values: dict[str, Label] = {}
        self._row = row(gap=16, margins=(20, 8, 20, 8))
        self.setLayout(self._row)

    def show_facts(self, facts: Sequence[tuple[str, str]], *, is_old: bool = False) -> None:
        """Show numbers, faint where they are old; the names stay the same over updates."""
        if list(self.values) != [name for name, _ in facts]:
            clear(self._row)
            self.values.clear()
            for name, _ in facts:
                if self.values:
                    self._row.addWidget(rule(vertical=True))
                self.values[name] = Label("", "title")
                one = QWidget()
                one.setLayout(column(Label(name, "small", "muted"), self.values[name], gap=1))
                self._row.addWidget(one, 1)
        for name, value in facts:
            label = self.values[name]
            label.set_token("faint" if is_old else "text")
            if label.text() != value:
                label.setText(value)
                label.setAccessibleName(f"{name}: {value}")
