"""The row of chips that show or hide the sites of a plot."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from app.widgets.curve_plot_flow import FlowLayout
from app.widgets.dot_chip import DotChip
from app.widgets.layouts import clear


class ChipRow(QWidget):
    """Chips by key in lines that wrap; Ctrl+click leaves one alone, again brings all back."""

    toggled = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self._chips: dict[int, DotChip] = {}
        self._flow = FlowLayout(gap=6)
        self.setLayout(self._flow)
        self.setAccessibleName(name)

    def set_chips(self, chips: Iterable[tuple[int, str, int, str]]) -> None:
        """Offer chips of (key, text, slot, token); known keys keep whether they are on."""
        wanted = list(chips)
        if [(key, text) for key, text, _, _ in wanted] == [
            (key, chip.text()) for key, chip in self._chips.items()
        ]:
            return
        off = {key for key, chip in self._chips.items() if not chip.isChecked()}
        clear(self._flow)
        self._chips = {}
        for key, text, slot, tok in wanted:
            chip = DotChip(text, slot=slot, tok=tok)
            chip.setChecked(key not in off)
            chip.clicked.connect(lambda _=False, key=key: self._on_clicked(key))
            self._chips[key] = chip
            self._flow.addWidget(chip)

    def chip(self, key: int) -> DotChip:
        """Return a chip."""
        return self._chips[key]

    def keys(self) -> list[int]:
        """Return all keys."""
        return list(self._chips)

    def chosen(self) -> frozenset[int]:
        """Return the keys that are on."""
        return frozenset(key for key, chip in self._chips.items() if chip.isChecked())

    def choose(self, keys: Iterable[int]) -> None:
        """Switch exactly these on."""
        wanted = set(keys)
        for key, chip in self._chips.items():
            chip.setChecked(key in wanted)
        self.toggled.emit()

    def _on_clicked(self, key: int) -> None:
        if QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.ControlModifier:
            self._chips[key].setChecked(True)
            alone = self.chosen() == {key}
            self.choose(self._chips if alone else {key})
            return
        self.toggled.emit()
