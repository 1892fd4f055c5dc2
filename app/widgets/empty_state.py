"""What stands in the place of a list that is empty, or that could not be read."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.widgets.buttons import Button
from app.widgets.labels import Icon, Label
from app.widgets.layouts import Part, column, row


class EmptyState(QWidget):
    """An icon, what is missing, when or how it appears, and one button."""

    def __init__(
        self,
        icon: str,
        title: str,
        text: str = "",
        *,
        action: str = "",
        on_action: Callable[[], object] | None = None,
        tok: str = "muted",
    ) -> None:
        super().__init__()
        self.icon = Icon(icon, tok, 22, square=44)
        self.title = Label(title, "section")
        self.text = Label(text, "small", "muted", wrap=True, align=Qt.AlignmentFlag.AlignHCenter)
        self.text.setFixedWidth(380)
        self.button = Button(action, on_click=on_action)
        self.button.setVisible(bool(action))
        parts: list[Part] = [None]
        parts += [row(None, w, None) for w in (self.icon, self.title, self.text, self.button)]
        parts.append(None)
        self.setLayout(column(*parts, gap=10, margins=16))

    def set(self, icon: str, title: str, text: str = "", tok: str = "muted") -> None:
        """Say something else."""
        self.icon.set_icon(icon, tok)
        self.title.setText(title)
        self.text.setText(text)
