"""A grid of names and values."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from app.widgets.labels import ElidedLabel, Label


class KeyValue(QWidget):
    """A grid of facts, keys on the left."""

    def __init__(
        self,
        rows: Sequence[tuple[str, str | QWidget]] = (),
        *,
        key_width: int = 110,
        mono: Sequence[str] = (),
        gap: int = 8,
    ) -> None:
        super().__init__()
        self._mono = set(mono)
        self._labels: dict[str, Label] = {}
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(gap)
        self._grid.setColumnMinimumWidth(0, key_width)
        self._grid.setColumnStretch(1, 1)
        self.setLayout(self._grid)
        for key, value in rows:
            self.set(key, value)

    def set(self, key: str, value: str | QWidget) -> None:
        """Show a fact, in a new row when the key is new."""
        if isinstance(value, str) and key in self._labels:
            self._labels[key].setText(value)
            return
        line = self._grid.rowCount()
        self._grid.setRowMinimumHeight(line, 20)
        self._grid.addWidget(Label(key, "small", "faint"), line, 0, Qt.AlignmentFlag.AlignTop)
        if isinstance(value, str):
            label = Label(
                value, "small", mono=key in self._mono, wrap=key not in self._mono, selectable=True
            )
            if key in self._mono:
                label = ElidedLabel(value, "small", mono=True)
            self._labels[key] = label
            value = label
        self._grid.addWidget(value, line, 1)
