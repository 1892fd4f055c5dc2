"""Home's cards of what left this machine, and of what guards it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGridLayout

from app.pages.home.model import budget_words, egress
from app.widgets.badges import Tag
from app.widgets.bars import StackedBar
from app.widgets.cards import Card
from app.widgets.key_value import KeyValue
from app.widgets.labels import ElidedLabel, Icon, Label
from app.widgets.layouts import clear, row, rule
from app.widgets.painting import Canvas, draw_round
from app.widgets.theme import theme
from app.widgets.words import size


class Swatch(Canvas):
    """A small square in the colour of a share."""

    def __init__(self, tok: str) -> None:
        super().__init__()
        self._tok = tok
        self.setFixedSize(8, 8)

    def draw(self, painter: QPainter) -> None:
        draw_round(painter, self.rect().toRectF(), 2, theme().color(self._tok))


class EgressCard(Card):
    """The operator's question: how much left today, and what it was."""

    def __init__(self) -> None:
        super().__init__("What left this machine today", icon="arrow-up-right", note="")
        self.add_action(Label("since 00:00 UTC", "small", "faint"))
        self.figure = Label("–", "display")
        self._behind = Label("", "small", "muted")
        self._share = Tag("")
        self._share.hide()
        self._bar = StackedBar()
        self._kinds = QGridLayout()
        self._kinds.setHorizontalSpacing(8)
        self._kinds.setVerticalSpacing(9)
        self._kinds.setColumnStretch(1, 1)
        self._shown: list[tuple[str, int, str]] | None = None
        promise = row(
            Icon("shield-check", "ok", 14),
            Label("Jobs have no network: everything passes the agent and is counted.", "small",
                  "muted", wrap=True),
            gap=8,
        )  # fmt: skip
        self.add(
            row(self.figure, self._behind, None, self._share, gap=10),
            self._bar,
            self._kinds,
            rule(),
            promise,
        )

    def show_status(self, status: dict[str, Any], budget: int) -> None:
        """Show today's bytes."""
        sent = int(status.get("bytes_up_today") or 0)
        self.figure.setText(size(sent))
        self._behind.setText(budget_words(status, budget))
        self._share.setVisible(bool(budget))
        if budget:
            share = sent / budget
            self._share.set(f"{share:.0%}".replace("%", " %"), "ok" if share < 0.8 else "warn")
        parts = egress(status)
        self._bar.set([(count, tok) for _, count, tok in parts], max(budget, sent))
        if parts != self._shown:
            self._shown = parts
            self._list(parts)

    def _list(self, parts: list[tuple[str, int, str]]) -> None:
        clear(self._kinds)
        for line, (words, count, tok) in enumerate(parts):
            self._kinds.addWidget(Swatch(tok), line, 0)
            self._kinds.addWidget(ElidedLabel(words, "small", "muted"), line, 1)
            figure = Label(size(count), "small_medium", align=Qt.AlignmentFlag.AlignRight)
            self._kinds.addWidget(figure, line, 2)
        if not parts:
            self._kinds.addWidget(Label("Nothing was sent yet.", "small", "faint"), 0, 0, 1, 3)


class GuardCard(Card):
    """What contains jobs here, which data they see, and who reaches this machine."""

    def __init__(self) -> None:
        super().__init__("What guards this silo", icon="shield-check")
        self._facts = KeyValue(key_width=104)
        self.add(self._facts, None)

    def show_status(self, status: dict[str, Any], data_dir: str, standing: int) -> None:
        """Show the guards in force."""
        sandbox = str((status.get("hardware") or {}).get("sandbox") or "")
        words = {
            "bubblewrap": "bubblewrap: no network, home hidden, data read-only",
            "unshare": "namespaces: no network, home hidden",
        }.get(sandbox, "none on this machine: jobs run as your user")
        self._facts.set("Sandbox", words)
        self._facts.set("Data folder", data_dir or "none named yet")
        allowed = "ask each time" if not standing else f"{standing} approved beforehand"
        self._facts.set("New code", f"waits for you; {allowed}")
        self._facts.set("Reached by", "outgoing connections only; no port is open here")
        self._facts.set("Agent", f"version {status.get('version', '–')}")
