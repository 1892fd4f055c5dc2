"""The hub at a glance: name, address, since when, and starting or stopping it."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from app.i18n import tr
from app.pages.hub.model import Seen, state_of
from app.widgets.badges import Badge
from app.widgets.buttons import Button
from app.widgets.cards import Card
from app.widgets.forms import TextField, required
from app.widgets.labels import ElidedLabel, Icon, Label
from app.widgets.layouts import column, row
from app.widgets.words import age, duration


class HeadCard(QWidget):
    """The first card; its buttons say what shall be done."""

    start_wanted = Signal(str)
    stop_wanted = Signal()
    restart_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.name = Label("", "title")
        self.address = ElidedLabel("", "small", "muted", mono=True)
        self.badge = Badge("CONNECTING", tr("Looking"))
        self.note = Label("", "small", "muted", wrap=True)
        self.copy = Button(
            tr("Copy address"), icon="copy", sz="sm",
            on_click=lambda: QGuiApplication.clipboard().setText(self.address.plain()),
        )  # fmt: skip
        self.restart = Button(tr("Restart..."), sz="sm", icon="refresh-cw",
                              on_click=self.restart_wanted.emit)  # fmt: skip
        self.stop = Button(tr("Stop the hub..."), "dangerline", sz="sm",
                           on_click=self.stop_wanted.emit)  # fmt: skip
        self.field = TextField(
            tr("Name of the hub"), placeholder=tr("Our federation"),
            check=required(tr("Give the hub a name that others will recognise.")),
        )  # fmt: skip
        self.start = Button(tr("Start the hub"), "primary", icon="server", on_click=self._start)
        self.field.edit.returnPressed.connect(self._start)
        self.set_up = QWidget()
        below = column(20, self.start, None, gap=2)
        self.set_up.setLayout(row((self.field, 1), below, gap=12))
        card = Card()
        words = column(row(self.name, self.badge, None, gap=10), self.address, self.note, gap=4)
        actions = column(row(self.copy, self.restart, self.stop), None)
        card.add(
            row(column(Icon("server", "info", 22, square=44), None), (words, 1), actions, gap=16),
            self.set_up,
        )  # fmt: skip
        self.setLayout(column(card))
        for widget in (self.copy, self.restart, self.stop, self.set_up):
            widget.hide()

    def show_hub(self, seen: Seen, status: dict[str, Any]) -> None:
        """Show what was seen, over what the agent says of its hub."""
        hub_url, hub_name = status.get("hub_url") or "", status.get("hub_name") or ""
        state, overview = seen.state, seen.overview
        is_here = bool(state["is_running"]) and _same(state["url"], hub_url or state["url"])
        url = hub_url or state["url"]
        self.name.setText(hub_name or state["name"] or tr("No hub yet"))
        self.address.setText(url)
        self.copy.setVisible(bool(url))
        self.restart.setVisible(is_here)
        self.stop.setVisible(is_here)
        may_start = not state["is_running"] and (state["is_made"] or not hub_url)
        self.set_up.setVisible(may_start)
        self.field.setVisible(not state["is_made"])
        if is_here:
            self.badge.set("RUNNING")
        elif not url:
            self.badge.set("UNBOUND", tr("Not set up"))
        else:
            how = state_of(seen, str(status.get("state") or ""))
            self.badge.set(how, tr("Stopped") if how == "OFFLINE" and state["is_made"] else "")
        began = (overview or {}).get("started_at") or state["started_at"]
        facts = []
        if began:
            facts.append(tr("up for {span}", span=duration(time.time() - float(began))))
        if overview:
            facts.append(tr("version {version}", version=overview["version"]))
        if is_here:
            facts.append(tr("hosted on this computer"))
        elif url and not state["is_made"]:
            facts.append(tr("hosted elsewhere: it is started, stopped, backed up and restored "
                            "on its own machine"))  # fmt: skip
        self.note.setText(" · ".join(facts) or tr(
            "A hub on this computer can be reached from this computer only, for now."
        ))  # fmt: skip

    def show_lost(self, seen_at: float) -> None:
        """Say that nothing is known now; of what was seen at a time, only its age is shown."""
        self.badge.set("SKIP", tr("Unknown"))
        last = tr("Last seen {age} ago.", age=age(seen_at, time.time())) if seen_at else ""
        self.note.setText(last)
        for widget in (self.restart, self.stop, self.set_up):
            widget.hide()

    def set_busy(self, text: str) -> None:
        """Show what is being done with the hub."""
        for button in (self.start, self.stop, self.restart):
            button.setEnabled(not text)
        if text:
            self.badge.set("CONNECTING", text)

    def _start(self) -> None:
        if self.field.isHidden() or self.field.validate():
            self.start_wanted.emit(self.field.value())


def _same(one: str, other: str) -> bool:
    return urlsplit(one).netloc == urlsplit(other).netloc
