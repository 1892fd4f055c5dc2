"""The base of pages: what the window's top bar shows, and when the page is seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.context import AppContext
from app.widgets.search_field import SearchField


@dataclass(frozen=True)
class PageCommand:
    """Something a page can do, offered in the command palette while the page is shown."""

    key: str  # stays the same over languages and starts: "runs.new"
    text: str  # translated
    icon: str
    run: Callable[[], object]
    keys: str = ""  # the page's own shortcut, as text ("Ctrl+N")


class Page(QWidget):
    """A page in the main window.

    Set `title`, `subtitle`, `crumbs` and `top_actions`, then emit `heading` when they change later.
    `open` is called with the arguments of `AppContext.navigate`, each time the page is chosen.
    """

    heading = Signal()

    title = ""
    subtitle = ""
    is_named = False  # the heading was set since: names of people's things, never translated
    full_window = False  # drawn without rail and top bar

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self.crumbs: list[tuple[str, str, dict[str, Any]]] = []  # text, page key, arguments
        self.top_actions: list[QWidget] = []  # at the right end of the top bar

    def open(self, **arguments: Any) -> None:
        """Show what the arguments name."""

    def commands(self) -> list[PageCommand]:
        """Return what the palette offers while this page is shown."""
        return []

    def find_here(self) -> bool:
        """Put the cursor into the page's search; return whether it has one."""
        for field in self.findChildren(SearchField):
            if field.isVisible() and field.isEnabled():
                field.setFocus()
                field.selectAll()
                return True
        return False

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
        self.is_named = title != type(self).title
        self.heading.emit()
