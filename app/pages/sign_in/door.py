"""One door: a kind of entry with its fields and its button."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QSizePolicy

from app.widgets.buttons import Button
from app.widgets.forms import Field
from app.widgets.labels import Icon, Label, restyle
from app.widgets.layouts import Part, column, row


class Door(QFrame):
    """One way in: what it is, what it brings, the one field it needs, and its button."""

    entered = Signal(str)

    def __init__(
        self,
        icon: str,
        tok: str,
        title: str,
        text: str,
        points: Sequence[str],
        field: Field,
        action: str,
    ) -> None:
        super().__init__()
        self.setObjectName("card")
        self.field = field
        self.button = Button(action, on_click=self._enter)
        self.button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedWidth(344)
        self.setMinimumHeight(380)
        ticks: list[Part] = [
            row(Icon("check", "ok", 14), (Label(point, "small", "muted"), 1), gap=8)
            for point in points
        ]
        parts: list[Part] = [
            row(Icon(icon, tok, 22, square=44), None),
            8,
            Label(title, "section"),
            Label(text, "body", "muted", wrap=True),
            *ticks,
            None,
            self.field,
            self.button,
        ]
        self.setLayout(column(*parts, gap=8, margins=(22, 22, 22, 20)))
        self.setAccessibleName(title)
        self.field.control.installEventFilter(self)

    def set_first(self, is_first: bool) -> None:
        """Show that this is the door most people want."""
        self.setProperty("chosen", "true" if is_first else "false")
        self.button.set_kind("primary" if is_first else "secondary")
        restyle(self)

    def _enter(self) -> None:
        if self.field.validate():
            self.entered.emit(self.field.value())
        else:
            self.field.control.setFocus(Qt.FocusReason.OtherFocusReason)
