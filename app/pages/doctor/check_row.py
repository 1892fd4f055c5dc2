"""One check of the doctor as a row: icon, name, result, time, state."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent, QPainter
from PySide6.QtWidgets import QWidget

from app.i18n import tr
from app.pages.doctor.model import STATES, TITLES, title
from app.widgets.badges import Badge
from app.widgets.labels import Icon, Label
from app.widgets.layouts import column, row
from app.widgets.painting import RIGHT, Canvas, draw_round
from app.widgets.theme import theme
from app.widgets.words import duration
from app.wire_words import said

_INK = {"fail": "danger", "skip": "faint"}


class CheckRow(Canvas):
    """A check; it waits until its finding is shown."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        self.state = ""
        self.icon = Icon(TITLES[key][0], "muted", 18)
        self.title = Label(title(key), "medium")
        self.result = Label("", "small", "muted", wrap=True)
        self.took = Label("", "small", "faint", align=RIGHT)
        self.took.setMinimumWidth(56)
        self.badge = Badge("SKIP", tr("Waits"))
        words = column(self.title, self.result, gap=2)
        state = QWidget()
        state.setFixedWidth(104)
        state.setLayout(row(self.badge, None, gap=0))
        parts = (self.icon, (words, 1), self.took, state)
        self.setLayout(row(*parts, gap=14, margins=(10, 9, 0, 9)))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.wait()

    def wait(self) -> None:
        """Show that this check has not run yet."""
        self._show("", "SKIP", tr("Waits"), "", "")

    def begin(self) -> None:
        """Show that this check runs now."""
        self._show("running", "CONNECTING", tr("Checking"), tr("At most 10 s"), "")

    def show_check(self, check: dict[str, Any]) -> None:
        """Show what was found."""
        state = str(check["state"])
        ms = check.get("ms")
        took = ""
        if ms is not None and state != "skip":
            took = tr("{ms} ms", ms=f"{ms:.0f}") if ms < 1000 else duration(ms / 1000)
        word = tr("Not tried") if state == "skip" else ""
        self._show(state, STATES[state], word, said(check["result"]), took)

    def _show(self, state: str, badge: str, word: str, result: str, took: str) -> None:
        self.state = state
        self.badge.set(badge, word)
        self.result.setText(result)
        self.result.setVisible(bool(result))
        self.result.set_token(_INK.get(state, "muted"))
        self.took.setText(took)
        self.setAccessibleName(f"{self.title.plain()}: {self.badge.text}. {result}".strip())
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def draw(self, painter: QPainter) -> None:
        rect = self.rect().toRectF()
        if self.state == "fail":
            draw_round(painter, rect, 6, theme().badge_fill("danger"))
        if self.hasFocus():
            draw_round(painter, rect, 6, None, theme().color("focus"))
