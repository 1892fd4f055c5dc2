"""The bar over a page: where one is, search, notifications, and the page's own actions."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.i18n import tr
from app.shell.topbar_parts import BellButton, SearchButton
from app.widgets.buttons import Button
from app.widgets.labels import ElidedLabel, Icon, Label
from app.widgets.layouts import clear, row
from app.widgets.page import Page

HEIGHT = 56
SMALL_UNDER = 1000  # of the bar itself


class TopBar(QWidget):
    """Crumbs, title, subtitle, actions; `followed` carries a crumb's page and arguments."""

    followed = Signal(str, dict)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("topbar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self._crumbs = QHBoxLayout()
        self._crumbs.setSpacing(8)
        self.title = ElidedLabel("", "section")
        self.subtitle = ElidedLabel("", "small", "faint")
        self._actions = QHBoxLayout()
        self._actions.setSpacing(8)
        self._shown: list[QWidget] = []
        self.search = SearchButton()
        self.bell = BellButton()
        self.setLayout(
            row(
                self._crumbs, self.title, 4, self.subtitle, None, self.search, self.bell,
                self._actions,
                gap=8, margins=(24, 0, 20, 0),
            )
        )  # fmt: skip

    def show_page(self, page: Page) -> None:
        """Show a page's heading and actions."""
        clear(self._crumbs)
        for text, key, arguments in page.crumbs:
            self._crumbs.addWidget(self._crumb(text, key, arguments))
            self._crumbs.addWidget(Icon("chevron-right", "faint", 14))
        # What was set later are names of people's things, or words in the language already.
        self.title.setText(page.title if page.is_named else _own(page.title))
        is_set = "subtitle" in vars(page)
        self.subtitle.setText(page.subtitle if is_set else _own(page.subtitle))
        if page.top_actions != self._shown:
            for widget in self._shown:
                self._actions.removeWidget(widget)
                widget.hide()
            self._shown = list(page.top_actions)
            for widget in self._shown:
                self._actions.addWidget(widget)
                widget.setVisible(not widget.property("unneeded"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.search.set_small(self.width() < SMALL_UNDER)

    def _crumb(self, text: str, key: str, arguments: dict[str, Any]) -> QWidget:
        if not key:
            return Label(text, "body", "muted")
        return Button(text, "link", on_click=lambda: self.followed.emit(key, arguments))


def _own(text: str) -> str:
    """Return a page's marked title in the language."""
    return tr(text) if text else ""
