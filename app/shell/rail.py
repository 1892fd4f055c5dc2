"""The navigation rail: hub on top, pages, connection and account at the foot."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from app.i18n import mark, tr
from app.shell.navigation import PAGES, SECTIONS
from app.shell.rail_items import AccountButton, RailItem
from app.widgets.badges import Dot
from app.widgets.buttons import Button
from app.widgets.labels import ElidedLabel, Label
from app.widgets.layouts import column, row, rule, scrolled
from app.widgets.logo import Logo
from app.widgets.theme import theme
from app.widgets.words import duration, initials, tip
from app.wire_words import said

WIDE, NARROW = 224, 61
_PRESENCE = {
    "online": ("ok", mark("Connected")),
    "connecting": ("cyan", mark("Connecting")),
    "silent": ("warn", mark("Hub is silent")),
    "offline": ("gray", mark("Not connected")),
    "unbound": ("gray", mark("No hub yet")),
}


class Rail(QWidget):
    """The column at the left; `chosen` carries the key of a page."""

    chosen = Signal(str)
    sign_out = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("nav")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.items: dict[str, RailItem] = {}
        self._sections: list[QWidget] = []
        self._lines: list[QWidget] = []
        self._status: dict[str, Any] = {}
        self._heard = 0.0
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._words: list[QWidget] = []
        self._column = column(gap=2, margins=(10, 10, 10, 10))
        self._column.addLayout(self._top())
        self._column.addSpacing(4)
        self._column.addWidget(self._pages(), 1)
        self._column.addLayout(self._foot())
        self.setLayout(self._column)
        self.set_narrow(False)
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(self._tell_age)

    def _top(self) -> QVBoxLayout:
        self.hub = ElidedLabel("SiloDesk", "strong")
        self.host = ElidedLabel("", "caption", "faint")
        words = QWidget()
        words.setLayout(column(self.hub, self.host, gap=0))
        self._words.append(words)
        switch = Button(
            kind="ghost", icon="chevrons-up-down", sz="sm", tip=tr("Hub"),
            on_click=lambda: self.chosen.emit("hub"),
        )  # fmt: skip
        self._words.append(switch)
        return column(row(Logo(28), (words, 1), switch, gap=10, margins=(7, 6, 5, 6)))

    def _pages(self) -> QWidget:
        """Return the entries; in a low window they scroll, by wheel and with the focus."""
        pages = QWidget()
        self._entries = column(gap=2)
        self._add_items()
        self._entries.addStretch(1)
        pages.setLayout(self._entries)
        area = scrolled(pages)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        return area

    def _add_items(self) -> None:
        for section in SECTIONS:
            entries = [one for one in PAGES if one.section == section]
            if not entries:
                continue
            caption = QWidget()
            label = Label(tr(section).upper(), "overline", "faint")
            caption.setLayout(column(label, margins=(10, 12, 0, 4)))
            self._sections.append(caption)
            self._entries.addWidget(caption)
            if len(self._lines) or self.items:
                line = rule()
                self._lines.append(line)
                self._entries.addWidget(line)
            for one in entries:
                item = RailItem(one)
                item.clicked.connect(self._choose(one.key))
                self.items[one.key] = item
                self._group.addButton(item)
                self._entries.addWidget(item)

    def _choose(self, key: str) -> Callable[[], None]:
        return lambda: self.chosen.emit(key)

    def _foot(self) -> QVBoxLayout:
        self.dot = Dot("gray")
        self.presence = ElidedLabel(tr("Starting the agent"), "small_medium")
        self.heartbeat = ElidedLabel("", "caption", "faint")
        self.account = AccountButton()
        self.account.clicked.connect(self._menu)
        self.person = ElidedLabel("", "small_medium")
        self.role = ElidedLabel("", "caption", "faint")
        link, person = QWidget(), QWidget()
        link.setLayout(column(self.presence, self.heartbeat, gap=1))
        person.setLayout(column(self.person, self.role, gap=1))
        self._words += [link, person]
        return column(
            rule(),
            6,
            row(self.dot, (link, 1), gap=10, margins=(8, 4, 4, 4)),
            row(self.account, (person, 1), gap=8, margins=(4, 4, 4, 2)),
            gap=0,
        )

    def set_narrow(self, narrow: bool) -> None:
        """Show icons only, or icons and words."""
        self.setFixedWidth(NARROW if narrow else WIDE)
        for widget in (*self._sections, *self._words):
            widget.setVisible(not narrow)
        for widget in self._lines:
            widget.setVisible(narrow)
        for item in self.items.values():
            item.set_narrow(narrow)

    def show_page(self, key: str) -> None:
        """Light the entry of a page."""
        if key in self.items:
            self.items[key].setChecked(True)

    def show_status(self, status: dict[str, Any]) -> None:
        """Show the agent's state."""
        self._status = status
        self._heard = time.monotonic()
        self.hub.setText(status.get("hub_name") or "SiloDesk")
        self.host.setText(urlsplit(status.get("hub_url") or "").netloc)
        account = status.get("account") or {}
        device = status.get("device") or {}
        self.account.setText(initials(account.get("name") or "?"))
        self.account.setVisible(bool(account))
        self.person.setText(account.get("name") or "")
        self.role.setText(
            device.get("silo") or (tr("Administrator") if account.get("is_admin") else "")
        )
        if "approvals" in self.items:
            self.items["approvals"].set_count(int(status.get("approvals_waiting") or 0))
        self._tell_age()
        if not self._clock.isActive():
            self._clock.start()

    def show_gone(self, what: str = "") -> None:
        """Say that the agent does not answer."""
        self._clock.stop()
        self.dot.set("gray")
        self.presence.setText(tr("The agent does not answer"))
        self.heartbeat.setText(what or tr("trying to reach it"))

    def _tell_age(self) -> None:
        state = str(self._status.get("state") or "offline")
        tok, marked = _PRESENCE.get(state, _PRESENCE["offline"])
        word, detail = tr(marked), said(str(self._status.get("detail") or ""))
        self.dot.set(tok)
        self.dot.setToolTip(tip(f"{word}. {detail}".strip()))
        self.dot.setAccessibleName(word)
        self.presence.setText(word)
        beat = self._status.get("heartbeat_age_s")
        if beat is None:
            self.heartbeat.setText(detail)
            return
        age = float(beat) + time.monotonic() - self._heard
        span = tr("{n} s", n=int(age)) if age < 100 else duration(age)
        text = tr("heartbeat {time} ago", time=span)
        ms = self._status.get("heartbeat_ms")
        took = "" if ms is None else tr("{n} ms", n=f"{ms:.0f}")
        self.heartbeat.setText(f"{text} · {took}" if took else text)
        self.heartbeat.set_token("warn" if age > 30 else "faint")

    def _menu(self) -> None:
        menu = QMenu(self)
        menu.addAction(
            theme().icon("settings"), tr("Settings"), lambda: self.chosen.emit("settings")
        )
        menu.addSeparator()
        menu.addAction(theme().icon("log-out"), tr("Sign out…"), self.sign_out.emit)
        menu.popup(self.account.mapToGlobal(self.account.rect().topRight()))
