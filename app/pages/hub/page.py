"""The hub's page: hosted here or elsewhere, its health, people, storage and backups."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from app.bridge.tasks import sentence_of
from app.context import AppContext, Task
from app.i18n import mark, tr
from app.pages.hub import model
from app.pages.hub.backup_card import BackupCard
from app.pages.hub.head_card import HeadCard
from app.pages.hub.health_card import HealthCard, NumbersCard
from app.pages.hub.people_card import PeopleCard
from app.pages.hub.storage_card import CleanUpDialog, StorageCard
from app.widgets.buttons import Button
from app.widgets.dialogs import confirm
from app.widgets.labels import Label
from app.widgets.layouts import column, row, scrolled
from app.widgets.page import Page
from app.widgets.paint_turns import paint_in_turns
from app.widgets.piecemeal import Piece, Piecemeal
from app.widgets.words import size

LOOK_MS = 5000
FIELDS = {
    "admin": {"is_admin": True}, "no_admin": {"is_admin": False},
    "disable": {"is_disabled": True}, "enable": {"is_disabled": False},
}  # fmt: skip


class HubPage(Page):
    """What a hub is and does, and what its administrator does with it."""

    title = mark("Hub")
    subtitle = mark("broker, store and database of the federation")

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.seen: model.Seen | None = None
        self._before: dict[str, Any] | None = None
        self._looking: Task | None = None
        self._is_busy = False
        self._seen_at = 0.0
        self._filling = Piecemeal(self)
        self.head, self.numbers, self.health = HeadCard(), NumbersCard(), HealthCard()
        self.storage, self.people, self.backup = StorageCard(), PeopleCard(), BackupCard()
        self.why = Label("", "body", "muted", wrap=True)
        self.told = QWidget()
        left = column(self.health, None, gap=16)
        middle = row((left, 1), (column(self.storage, None), 1), gap=16)
        self.told.setLayout(column(self.numbers, middle, self.people, gap=16))
        self.told.hide()
        content = QWidget()
        content.setLayout(
            column(self.head, self.why, self.told, self.backup, None, gap=16,
                   margins=(24, 20, 24, 20))
        )  # fmt: skip
        self.backup.hide()
        self.setLayout(column(scrolled(content)))
        self.head.start_wanted.connect(self._start)
        self.head.stop_wanted.connect(self._ask_stop)
        self.head.restart_wanted.connect(self._ask_restart)
        self.people.changed.connect(self._ask_account)
        self.storage.clean_wanted.connect(self._ask_clean_up)
        self.backup.backup_wanted.connect(self.back_up)
        self.backup.restore_wanted.connect(self._restore)
        context.events.progress.connect(self._follow)
        self.back = Button(tr("Back to the first page"), icon="arrow-left",
                           on_click=lambda: context.navigate("sign_in"))  # fmt: skip
        self._clock = QTimer(self, interval=LOOK_MS)  # the hub sends no news of its own health
        self._clock.timeout.connect(self.look)

    def open(self, **arguments: Any) -> None:
        """Look now, and every few seconds while the page is shown."""
        is_in = bool(self.context.status().get("account"))
        self.top_actions = [] if is_in else [self.back]
        self.look()
        self._clock.start()

    def left(self) -> None:
        """Stop to look."""
        self._clock.stop()

    # --- looking ---
    def look(self) -> None:
        """Ask how the hub is, unless an answer is awaited already."""
        if self._looking is not None or self._is_busy:
            return
        client, is_in = self.context.client, bool(self.context.status().get("account"))
        self._looking = self.context.tasks.run(
            lambda: model.look(client, is_in=is_in), self._take, self._lost, self
        )

    def _take(self, seen: model.Seen) -> None:
        self._looking = None
        if self._is_busy:
            return
        per_second = model.rate(self._before, seen.overview)
        self.seen, self._before = seen, seen.overview
        status = self.context.status()
        self._seen_at = time.time()
        own_id = int((status.get("account") or {}).get("id") or 0)
        pieces: list[Piece] = [lambda: self._show_head(seen, status)]
        overview = seen.overview
        if overview is not None:
            pieces += [
                lambda: self.numbers.show_overview(overview, per_second),
                lambda: self.health.show_overview(overview),
                lambda: self.storage.show_overview(overview),
                lambda: self.people.show_people(seen.people, own_id),
                self._show_told,
            ]
        self._filling.start(*pieces)

    def _show_head(self, seen: model.Seen, status: dict[str, Any]) -> None:
        self.head.set_busy("")
        self.head.show_hub(seen, status)
        self.backup.setVisible(bool(seen.state["is_made"]) or not status.get("hub_url"))
        self.backup.show_state(seen.state)
        self.why.setText(seen.why)
        self.why.setVisible(bool(seen.why))
        if seen.overview is None:
            self.told.hide()

    def _show_told(self) -> None:
        if self.told.isHidden():
            paint_in_turns(self.numbers, self.health, self.storage, self.people)
            self.told.show()

    def _lost(self, error: Exception) -> None:
        self._looking = None
        self._filling.start()
        self.told.hide()
        self.head.show_lost(self._seen_at)
        self.backup.now.setEnabled(False)
        self.backup.back.setEnabled(False)
        self.why.setText(" ".join(sentence_of(error)))
        self.why.show()

    # --- the hub of this home ---
    def _do(self, words: str, method: str, done: Any = None, **params: Any) -> None:
        """Call something that takes a while; looking waits for its end."""
        self._is_busy = True
        self.head.set_busy(words)
        self.backup.now.setEnabled(False)
        self.backup.back.setEnabled(False)

        def end() -> None:
            self._is_busy = False
            self.head.set_busy("")
            self.backup.set_progress("")
            self.look()

        def good(answer: Any) -> None:
            end()
            if done is not None:
                done(answer)

        def bad(error: Exception) -> None:
            end()
            title, text = sentence_of(error)
            self.context.notify(title, text, kind="danger")

        self.context.tasks.call(method, good, bad, self, **params)

    def _start(self, name: str) -> None:
        self._do(tr("Starting"), "hub.host", **({"name": name} if name else {}))

    def _ask_stop(self) -> None:
        confirm(
            self, tr("Stop the hub?"),
            tr("Runs wait until it is back; nothing that was sent is lost. Other machines cannot "
               "sign in meanwhile."),
            tr("Stop the hub"), lambda: self._do(tr("Stopping"), "hub.stop"),
        )  # fmt: skip

    def _ask_restart(self) -> None:
        confirm(
            self, tr("Restart the hub?"),
            tr("It is away for some seconds. Runs go on by themselves."), tr("Restart"),
            lambda: self._do(tr("Restarting"), "hub.restart"), icon="refresh-cw",
        )  # fmt: skip

    def back_up(self, path: str) -> None:
        """Write the hub into a file."""

        def done(made: dict[str, Any]) -> None:
            self.context.notify(
                tr("The hub is backed up"),
                tr("{path}, {size}", path=made["path"], size=size(made["size"])), kind="ok",
            )  # fmt: skip

        self.backup.set_progress(tr("Starting"))
        self._do(tr("Backing up"), "hub.backup", done, path=path, task="hub.backup")

    def _restore(self, path: str) -> None:
        def done(made: dict[str, Any]) -> None:
            text = tr("Start it now.")
            if made["set_aside"]:
                text = tr("The former one is in {folder}.", folder=made["set_aside"])
            self.context.notify(tr("The hub is restored"), text, kind="ok")

        self.backup.set_progress(tr("Starting"))
        self._do(tr("Restoring"), "hub.restore", done, path=path, replace=True, task="hub.restore")

    def _follow(self, step: dict[str, Any]) -> None:
        if self._is_busy and step.get("task") in {"hub.backup", "hub.restore"}:
            self.backup.set_progress(
                str(step.get("text") or ""), int(step.get("done") or 0), int(step.get("total") or 0)
            )

    # --- what an administrator does ---
    def _ask_account(self, one: dict[str, Any], what: str) -> None:
        name = one["name"]
        if what == "reset":
            self.context.tasks.call(
                "hub.reset_account", lambda made: self._show_link(name, made["link"]),
                parent=self, account_id=one["id"],
            )  # fmt: skip
            return
        fields = FIELDS[what]
        if what == "enable":
            self._change(one["id"], fields)
            return
        title, text, action = {
            "admin": (tr("Make {name} an administrator?", name=name),
                      tr("Administrators see every account and may disable them."),
                      tr("Make administrator")),
            "no_admin": (tr("Take the role from {name}?", name=name),
                         tr("The account itself stays as it is."), tr("Take the role")),
            "disable": (tr("Disable {name}?", name=name),
                        tr("Every session of the account ends at once. Its devices stay bound; "
                           "revoke them under Devices."), tr("Disable")),
        }[what]  # fmt: skip
        confirm(self, title, text, action, lambda: self._change(one["id"], fields), icon="user")

    def _change(self, account_id: int, fields: dict[str, bool]) -> None:
        client = self.context.client
        self.context.tasks.run(
            lambda: client.call("hub.change_account", account_id=account_id, **fields),
            lambda _: self.look(), parent=self,
        )  # fmt: skip

    def _show_link(self, name: str, link: str) -> None:
        QGuiApplication.clipboard().setText(link)
        self.context.notify(
            tr("The link for {name} is on the clipboard", name=name),
            tr("It works once, within a day. Hand it over by a way that only they can read."),
            kind="ok", stays=True,
        )  # fmt: skip

    def _ask_clean_up(self) -> None:
        client = self.context.client

        def ask(found: list[dict[str, Any]]) -> None:
            dialog = CleanUpDialog(self, found)
            dialog.accepted.connect(self._clean_up)
            dialog.open()

        self.context.tasks.run(lambda: model.leftovers(client, dry_run=True), ask, parent=self)

    def _clean_up(self) -> None:
        client = self.context.client

        def done(found: list[dict[str, Any]]) -> None:
            freed = sum(int(one["size"]) for one in found)
            self.context.notify(tr("{size} freed", size=size(freed)), kind="ok")
            self.look()

        self.context.tasks.run(lambda: model.leftovers(client, dry_run=False), done, parent=self)
