"""A figure with its name, a note and a sparkline."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from app.widgets.bars import Sparkline
from app.widgets.labels import ElidedLabel, Icon, Label
from app.widgets.layouts import column, row

SLOTS = 60  # the curve starts at the right and fills up


class Meter(QWidget):
    """One value of the machine and how it went."""

    def __init__(self, icon: str, name: str, tok: str) -> None:
        super().__init__()
        self._note = ElidedLabel("", "caption", "faint")
        self._value = Label("–", "title")
        self._spark = Sparkline(tok=tok, low=0, high=100, height=34)
        head = row(Icon(icon, "faint"), Label(name, "small", "muted"), None, self._note, gap=8)
        self.setLayout(
            column(head, row(self._value, (self._spark, 1), gap=14), gap=6, margins=(18, 0, 0, 0))
        )
        self.setAccessibleName(name)

    def show_values(
        self, value: str, note: str, history: Sequence[float | None], *, is_old: bool = False
    ) -> None:
        """Show the newest value and the ones before it; an old one never in normal ink."""
        self._value.setText(value)
        self._value.set_token("faint" if is_old else "text")
        self._note.set_token("warn" if is_old else "faint")
        self._note.setText(note)
        missing = [None] * max(0, SLOTS - len(history))
        self._spark.set([*missing, *history])
        self.setAccessibleDescription(f"{value} {note}")
