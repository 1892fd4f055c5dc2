"""Cards and quiet boxes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.widgets.labels import Icon, Label
from app.widgets.layouts import Part, add, column, row


class Card(QFrame):
    """A bordered box with a header row (icon, title, note, actions) and a body column."""

    def __init__(
        self,
        title: str = "",
        *,
        icon: str = "",
        note: str = "",
        actions: Sequence[QWidget] = (),
        gap: int = 12,
        margins: tuple[int, int, int, int] = (16, 12, 16, 16),
    ) -> None:
        super().__init__()
        self.setObjectName("card")
        self.title = Label(title, "section")
        self.note = Label(note, "small", "faint")
        self._actions = QHBoxLayout()
        self._actions.setSpacing(8)
        self.body = QVBoxLayout()
        self.body.setSpacing(gap)
        outer = column(gap=gap, margins=margins)
        if title:
            head = QWidget()
            head.setFixedHeight(32)
            parts: list[Part] = [Icon(icon, "faint")] if icon else []
            head.setLayout(row(*parts, self.title, self.note, None, self._actions, gap=8))
            outer.addWidget(head)
            self.setAccessibleName(title)
        outer.addLayout(self.body, 1)
        self.setLayout(outer)
        for action in actions:
            self.add_action(action)

    def add(self, *parts: Part) -> Card:
        """Add widgets, layouts or space to the body; return the card."""
        for part in parts:
            add(self.body, part)
        return self

    def add_action(self, action: QWidget) -> None:
        """Add a widget at the right end of the header."""
        self._actions.addWidget(action)


class TableCard(Card):
    """A card whose body reaches its edges, for tables."""

    def __init__(
        self,
        title: str = "",
        *,
        icon: str = "",
        note: str = "",
        actions: Sequence[QWidget] = (),
    ) -> None:
        super().__init__(title, icon=icon, note=note, actions=actions, gap=4, margins=(4, 12, 4, 6))
        if title:
            head = self.layout().itemAt(0).widget()  # type: ignore[union-attr]
            head.layout().setContentsMargins(12, 0, 12, 0)  # type: ignore[union-attr]


class Inset(QFrame):
    """A quiet box inside a card."""

    def __init__(
        self, *parts: Part, gap: int = 8, margins: tuple[int, int, int, int] = (12, 10, 12, 10)
    ) -> None:
        super().__init__()
        self.setObjectName("inset")
        self.body = column(*parts, gap=gap, margins=margins)
        self.setLayout(self.body)
