"""Tabs under a page's header."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QTabBar

from app.widgets.theme import theme


class Tabs(QTabBar):
    """A row of tabs known by key; `chosen` carries the key."""

    chosen = Signal(str)

    def __init__(self, tabs: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._keys = [key for key, _ in tabs]
        self._titles = dict(tabs)
        self.setFont(theme().font(600, 13))
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setElideMode(self.elideMode().ElideNone)
        self.setFixedHeight(40)
        for _, title in tabs:
            self.addTab(title)
        self.currentChanged.connect(lambda i: self.chosen.emit(self._keys[i]))

    def key(self) -> str:
        """Return the key of the chosen tab."""
        return self._keys[self.currentIndex()]

    def select(self, key: str) -> None:
        """Choose a tab."""
        self.setCurrentIndex(self._keys.index(key))

    def set_count(self, key: str, count: int | None) -> None:
        """Show a number behind a tab's title."""
        title = self._titles[key]
        self.setTabText(self._keys.index(key), title if count is None else f"{title}  {count:,}")
