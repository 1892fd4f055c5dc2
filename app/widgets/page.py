"""The base of pages: what the window's top bar shows, and when the page is seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.context import AppContext


class Page(QWidget):
    """A page in the main window.

    Set `title`, `subtitle`, `crumbs` and `top_actions`, then emit `heading` when they change later.
    `open` is called with the arguments of `AppContext.navigate`, each time the page is chosen.
    """

    heading = Signal()

    title = ""
    subtitle = ""
    full_window = False  # drawn without rail and top bar

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self.crumbs: list[tuple[str, str, dict[str, Any]]] = []  # text, page key, arguments
        self.top_actions: list[QWidget] = []  # at the right end of the top bar

    def open(self, **arguments: Any) -> None:
        """Show what the arguments name."""

    def left(self) -> None:
        """Another page is shown now."""

    def set_heading(
        self,
        title: str,
        subtitle: str = "",
        crumbs: Sequence[tuple[str, str, dict[str, Any]]] = (),
    ) -> None:
        """Change what the top bar shows."""
        self.title, self.subtitle, self.crumbs = title, subtitle, list(crumbs)
        self.heading.emit()
