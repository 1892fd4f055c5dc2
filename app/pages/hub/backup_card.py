"""Backup and restore of the hub that is hosted on this computer."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QProgressBar, QWidget

from app.i18n import tr
from app.widgets.buttons import Button
from app.widgets.cards import Card
from app.widgets.dialogs import confirm
from app.widgets.key_value import KeyValue
from app.widgets.labels import Label
from app.widgets.layouts import row
from app.widgets.words import age, short_digest, size
from app.wire_words import said

FILES = "SiloDesk hub (*.silohub)"


class BackupCard(Card):
    """The last backup, making one, and going back to one."""

    backup_wanted = Signal(str)
    restore_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__(tr("Backup"), icon="archive")
        self.facts = KeyValue(key_width=90, mono=(tr("File"), tr("SHA-256")))
        self.facts.set(tr("Last backup"), tr("none from this window yet"))
        note = Label(
            tr("One file holds database, packages, models, logs and the hub's keys. Keep it as "
               "you keep a key."), "small", "muted", wrap=True,
        )  # fmt: skip
        self.now = Button(tr("Back up now..."), icon="archive", on_click=self._ask_target)
        self.back = Button(tr("Restore..."), icon="rotate-ccw", on_click=self._ask_source)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.bar.setAccessibleName(tr("Progress"))
        self.progress = Label("", "small", "muted", wrap=True)
        self.add(self.facts, note, row(self.now, self.back, None), self.bar, self.progress, None)
        self.state: dict[str, Any] = {}
        self.set_progress("")

    def show_state(self, state: dict[str, Any]) -> None:
        """Show what is known of the hub of this home."""
        self.state = state
        self.now.setEnabled(bool(state["is_made"]) and not state["is_busy"])
        self.back.setEnabled(not state["is_running"] and not state["is_busy"])
        self.back.setToolTip(tr("Stop the hub first") if state["is_running"] else "")
        made = state["last_backup"]
        if made:
            words = tr("{age} ago, {size}", age=age(float(made["at"]), time.time()),
                       size=size(made["size"]))  # fmt: skip
            self.facts.set(tr("Last backup"), words)
            self.facts.set(tr("File"), str(made["path"]))
            self.facts.set(tr("SHA-256"), short_digest(str(made["sha256"])))

    def set_progress(self, text: str, done: int = 0, total: int = 0) -> None:
        """Show how far it is; an empty text ends it."""
        self.bar.setVisible(bool(text))
        self.progress.setVisible(bool(text))
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        words = said(text)
        self.progress.setText(f"{words} {done}/{total}" if total else words)

    def _ask_target(self) -> None:
        name = time.strftime("hub-%Y-%m-%d.silohub")
        path, _ = QFileDialog.getSaveFileName(self, tr("Back up the hub"), name, FILES)
        if path:
            self.backup_wanted.emit(path)

    def _ask_source(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, tr("Restore a hub"), "", FILES)
        if path:
            ask_restore(self, path, self.state, lambda: self.restore_wanted.emit(path))


def ask_restore(parent: QWidget, path: str, state: dict[str, Any], on_yes: Any) -> None:
    """Ask before a hub takes another's place."""
    consequence = tr("The hub becomes what {path} holds.", path=path)
    if state["is_made"]:
        consequence += " " + tr("The present one is set aside in its folder, never deleted.")
    confirm(parent, tr("Restore the hub from this backup?"), consequence, tr("Restore"), on_yes,
            icon="rotate-ccw")  # fmt: skip
