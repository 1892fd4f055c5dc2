"""Home's card of what left this machine: the largest figure of the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGridLayout

from app.i18n import tr
from app.pages.home.model import budget_words, egress
from app.pages.home.rules_words import budget_notice
from app.widgets.badges import Tag
from app.widgets.bars import Sparkline, StackedBar
from app.widgets.buttons import Button
from app.widgets.cards import Card
from app.widgets.labels import ElidedLabel, Icon, Label
from app.widgets.layouts import row, rule
from app.widgets.painting import Canvas, draw_round
from app.widgets.theme import theme
from app.widgets.words import size


class Swatch(Canvas):
    """A small square in the colour of a share."""

    def __init__(self, tok: str) -> None:
        super().__init__()
        self._tok = tok
        self.setFixedSize(8, 8)

    def set(self, tok: str) -> None:
        """Change the colour."""
        if tok != self._tok:
            self._tok = tok
            self.update()

    def draw(self, painter: QPainter) -> None:
        draw_round(painter, self.rect().toRectF(), 2, theme().color(self._tok))


class EgressCard(Card):
    """The operator's question: how much left today, and what it was."""

    def __init__(self, on_budget: Callable[[], object]) -> None:
        super().__init__(tr("What left this machine today"), icon="arrow-up-right")
        self.add_action(Label(tr("since 00:00"), "small", "faint"))
        self.figure = Label("–", "display")
        self._behind = Label("", "small", "muted")
        self.share = Tag("")
        self.share.hide()
        self._bar = StackedBar()
        self._kinds = QGridLayout()
        self._kinds.setHorizontalSpacing(8)
        self._kinds.setVerticalSpacing(9)
        self._kinds.setColumnStretch(1, 1)
        # Kept over statuses: with each new one all that lies below moves, and is painted anew.
        self._lines: list[tuple[Swatch, ElidedLabel, Label]] = []
        self._none = Label(tr("Nothing was sent yet."), "small", "faint")
        self._none.hide()
        self._kinds.addWidget(self._none, 0, 0, 1, 3)
        self.history = Sparkline(tok="info", low=0, height=40)
        self._peak = Label("", "caption", "faint", align=Qt.AlignmentFlag.AlignRight)
        self._icon = Icon("shield-check", "ok", 14)
        self._promise = Label("", "small", "muted", wrap=True)
        self._promise.setMinimumHeight(16)
        self.budget = Button(tr("Set budget"), "link", on_click=on_budget)
        self.add(
            row(self.figure, self._behind, None, self.share, gap=10),
            self._bar,
            self._kinds,
            row(Label(tr("Last 24 hours"), "caption", "faint"), None, self._peak, gap=8),
            self.history,
            rule(),
            row(self._icon, (self._promise, 1), self.budget, gap=8),
        )
        self._say_promise(0, 0, "")

    def show_status(self, status: dict[str, Any], budget: int) -> None:
        """Show today's bytes."""
        sent = int(status.get("bytes_up_today") or 0)
        self.figure.setText(size(sent))
        self._behind.setText(budget_words(status, budget))
        self.share.setVisible(bool(budget))
        if budget:
            share = sent / budget
            tok = "ok" if share < 0.8 else "warn" if share < 1 else "danger"
            self.share.set(f"{100 * share:.0f} %", tok)
        parts = egress(status)
        self._bar.set([(count, tok) for _, count, tok in parts], max(budget, sent))
        hardware = status.get("hardware") or {}
        self._say_promise(sent, budget, str(hardware.get("sandbox") or ""))
        self._list(parts)

    def show_history(self, history: dict[str, Any]) -> None:
        """Show the bytes sent in each of the last hours."""
        sent = [int(point["up"]) for point in history["points"]]
        self.history.set(sent)
        words = tr("at most {size} an hour", size=size(max(sent, default=0)))
        self._peak.setText(words)
        self.history.setAccessibleName(tr("Bytes sent in the last 24 hours, by the hour"))
        self.history.setAccessibleDescription(words)

    def _say_promise(self, sent: int, budget: int, sandbox: str) -> None:
        used_up = bool(budget) and sent >= budget
        icon, tok = "shield-check", "ok"
        promise = tr("Jobs have no network: everything passes the agent and is counted.")
        if sandbox == "none":
            icon, tok = "shield-alert", "warn"
            promise = tr("There is no sandbox here: what a job sends by itself is not counted.")
        if used_up:
            icon, tok, promise = "pause", "warn", budget_notice(budget)
        self._promise.setText(promise if sandbox or used_up else "")
        self._icon.setVisible(bool(sandbox) or used_up)
        self._icon.set_icon(icon, tok)
        self.budget.setText(tr("Change budget") if budget else tr("Set budget"))

    def _list(self, parts: list[tuple[str, int, str]]) -> None:
        self._none.setVisible(not parts)
        while len(self._lines) < len(parts):
            figure = Label("", "small_medium", align=Qt.AlignmentFlag.AlignRight)
            made = (Swatch("gray"), ElidedLabel("", "small", "muted"), figure)
            for place, widget in enumerate(made):
                self._kinds.addWidget(widget, len(self._lines), place)
            self._lines.append(made)
        for number, line in enumerate(self._lines):
            if number < len(parts):
                words, count, tok = parts[number]
                line[0].set(tok)
                line[1].setText(words)
                line[2].setText(size(count))
            for widget in line:
                widget.setVisible(number < len(parts))
