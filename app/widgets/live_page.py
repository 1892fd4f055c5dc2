"""The base of pages over a list at the hub: read off the GUI thread, kept fresh by events."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from agent_core.errors import SiloDeskError
from app.context import AppContext
from app.i18n import tr
from app.widgets.banner import Banner
from app.widgets.bars import Skeleton
from app.widgets.empty_state import EmptyState
from app.widgets.layouts import column
from app.widgets.page import Page
from app.widgets.page_stack import PageStack
from app.widgets.words import age
from app.wire_words import said

SKELETON_MS = 300
GATHER_MS = 250  # events that come together are one reading
FRESH_S = 5.0  # a heartbeat's status asks for new figures when the last ones are older
PAGES_LIMIT = 1000  # of one list; a hub that never ends one is left there
AWAY_S = 15.0  # between two tries while there is no line to the hub
TICK_MS = 1000

Json = dict[str, Any]


class LivePage(Page):
    """Read what is shown, show it, say what went wrong, and read again when something changed.

    Subclasses set `watched`, give `read` (on a thread) and `show_found`, and hand their content
    and their empty state to `build`.
    """

    watched: frozenset[str] = frozenset()  # the `what` of events that ask for a reading
    follows_heartbeat = False  # figures that come with heartbeats are shown

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.found: Any = None
        self.read_at = 0.0
        self._busy = self._again = False
        self._tried_at = 0.0
        self._who = _who(context.status())
        self._patience = QTimer(self, singleShot=True, interval=SKELETON_MS)
        self._patience.timeout.connect(self._show_skeleton)
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.reload)
        self._clock = QTimer(self, interval=TICK_MS)
        self._clock.timeout.connect(self._tick)
        context.events.changed.connect(self._on_changed)
        context.events.status.connect(self._on_status)
        context.events.connected.connect(self._on_connected)

    def build(self, content: QWidget, empty: QWidget) -> None:
        """Put the page together: its content, and what stands there while there is nothing."""
        skeleton = QWidget()
        skeleton.setLayout(column(Skeleton(6), None))
        self.error = EmptyState(
            "circle-alert", "", action=tr("Try again"), on_action=self.retry, tok="danger"
        )
        self.stale = Banner("warn", tr("Not connected"))
        self.stale.acted.connect(self.retry)
        self.stale.hide()
        self.places = {
            "blank": QWidget(), "skeleton": skeleton, "error": self.error, "empty": empty,
            "content": content,
        }  # fmt: skip
        self.states = PageStack()
        for widget in self.places.values():
            self.states.addWidget(widget)
        self.setLayout(column(self.stale, (self.states, 1), gap=12, margins=(24, 20, 24, 20)))

    @property
    def is_live(self) -> bool:
        """Return whether what is shown follows the hub."""
        is_read = self.found is not None and not self.stale.isVisible()
        return is_read and self.context.status().get("state") == "online"

    def read(self) -> Any:
        """Return what the agent says; runs on a thread."""
        raise NotImplementedError

    def show_found(self, found: Any) -> bool:
        """Show what was read; return whether there is anything."""
        raise NotImplementedError

    def tick(self) -> None:
        """Show ages anew; called each second while the page is seen."""

    # --- reading ---
    def reload(self) -> None:
        """Read; asking again meanwhile reads once more afterwards."""
        if self._busy:
            self._again = True
            return
        self._busy, self._again = True, False
        self._tried_at = time.time()
        if self.found is None:
            self._patience.start()
        self.context.tasks.run(self.read, self._on_read, self._on_failed, self)

    def retry(self) -> None:
        """Read again after a failure."""
        if self.found is None:
            self.states.setCurrentWidget(self.places["skeleton"])
        self.reload()

    def forget(self) -> None:
        """Show nothing of what was read before: another thing is shown now."""
        self.found = None
        self.states.setCurrentWidget(self.places["blank"])

    def _on_read(self, found: Any) -> None:
        self._busy = False
        self._patience.stop()
        self.found, self.read_at = found, time.time()
        self.stale.hide()
        is_there = self.show_found(found)
        if self.found is None and is_there:
            return  # what was read is not what is shown now; it is read anew
        self.states.setCurrentWidget(self.places["content" if is_there else "empty"])
        self.tick()
        self._read_again()

    def _on_failed(self, error: Exception) -> None:
        self._busy = False
        self._patience.stop()
        title, text = _sentence(error)
        if self.found is None:
            self.error.set("circle-alert", title, text, "danger")
            self.states.setCurrentWidget(self.error)
            self._read_again()
            return
        old = tr("Shown is what was known {age} ago.", age=age(self.read_at))
        self.stale.set("warn", title, old, tr("Try again"))
        self.stale.show()
        self._read_again()

    def _read_again(self) -> None:
        """Read once more where that was asked for meanwhile."""
        if self._again:
            self.reload()

    def _show_skeleton(self) -> None:
        if self.states.currentWidget() is self.places["blank"]:
            self.states.setCurrentWidget(self.places["skeleton"])

    # --- events ---
    def _on_changed(self, what: str, _number: object, _change: int) -> None:
        if what in self.watched:
            self._soon()

    def _on_status(self, status: Json) -> None:
        is_due = time.time() - self.read_at > FRESH_S
        if self.follows_heartbeat and is_due and status.get("state") == "online":
            self._soon()
        who = _who(status)
        if who != self._who:  # another account, or this machine was bound or unbound
            self._who = who
            self._soon()

    def _on_connected(self, is_connected: bool) -> None:
        if is_connected:
            self._soon()

    def _soon(self) -> None:
        if self.isVisible() and not self._gather.isActive():
            self._gather.start()

    def _tick(self) -> None:
        if not self.isVisible():
            return
        if self.found is not None:
            self.tick()
        # Without a line to the hub nobody tells of changes: look now and then.
        if not self.is_live and time.time() - max(self.read_at, self._tried_at) > AWAY_S:
            self._soon()

    def open(self, **arguments: Any) -> None:
        """Show the page and read what it shows."""
        self._clock.start()
        self.reload()

    def left(self) -> None:
        """Stop counting seconds: nobody looks."""
        self._clock.stop()

    # --- acting ---
    def act(self, method: str, done: Any = None, **params: Any) -> None:
        """Call a method of the agent, then read again; a failure is shown as a toast."""

        def success(answer: Any) -> None:
            self.reload()
            if done is not None:
                done(answer)

        self.context.tasks.call(method, success, None, self, **params)

    def offer_undo(self, title: str, text: str, undo: Any) -> None:
        """Say what was done and offer for ten seconds to take it back."""
        self.context.notify(title, text, action=tr("Undo"), on_action=undo, seconds=10.0)


def every(context: AppContext, method: str, **params: Any) -> list[Json]:
    """Return all items of a paged list; runs on a thread."""
    items: list[Json] = []
    cursor = ""
    for _ in range(PAGES_LIMIT):
        page = context.client.call(method, **params, **({"cursor": cursor} if cursor else {}))
        items += page["items"]
        following = page.get("next_cursor") or ""
        if not page["items"] or not following or following == cursor:
            break
        cursor = following
    return items


def _who(status: Json) -> tuple[object, object]:
    account, device = status.get("account") or {}, status.get("device") or {}
    return account.get("id"), device.get("edge_id")


def _sentence(error: Exception) -> tuple[str, str]:
    if isinstance(error, SiloDeskError):
        code = tr("Code {code}.", code=error.code)
        return said(error.sentence), f"{said(error.next_step)} {code}".strip()
    return tr("Something failed that should not have."), f"{type(error).__name__}: {error}"
