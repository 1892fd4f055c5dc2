"""A line to type a search or a filter into."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit

from app.widgets.theme import theme


class SearchField(QLineEdit):
    """A soft line with a glass at its left end."""

    def __init__(self, placeholder: str, width: int = 290) -> None:
        super().__init__()
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(placeholder)
        self.setFixedSize(width, 32)
        self.setFont(theme().font(400, 13))
        self.setProperty("soft", "true")
        self._glass = self.addAction(
            theme().icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition
        )
        theme().changed.connect(self._retint)

    def _retint(self) -> None:
        self._glass.setIcon(theme().icon("search", "faint"))
