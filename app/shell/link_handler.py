"""Open silodesk:// links with this desktop: put in place at the first start, never taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from app.context import AppContext
from app.i18n import tr

if TYPE_CHECKING:
    from app.shell.main_window import MainWindow

NOTE = "links"
UNDO_S = 30.0


class LinkHandler(QObject):
    """Register once for a home where nothing opens such links, and say how to undo it."""

    def __init__(self, window: MainWindow, context: AppContext) -> None:
        super().__init__(window)
        self._window = window
        self._context = context
        self._is_asked = False
        memory = window.memory
        if memory is not None and not memory.has_said(NOTE):
            context.events.status.connect(self._ask)

    def _ask(self, _: dict[str, Any]) -> None:
        if not self._is_asked:  # what fails is tried again at the next start
            self._is_asked = True
            self._context.tasks.call("autostart.get", self._take, lambda _: None, self)

    def _take(self, state: dict[str, Any]) -> None:
        is_free = not state.get("links") and not state.get("other_links")
        if is_free and state.get("may_set_links"):
            self._context.tasks.call(
                "autostart.set", lambda _: self._done(), lambda _: None, self, links=True
            )
        else:
            self._remember()

    def _done(self) -> None:
        self._remember()
        self._window.notify(
            tr("Invitation links open with SiloDesk now"),
            tr("Settings can change this later."),
            action=tr("Undo"), on_action=self._undo, seconds=UNDO_S,
        )  # fmt: skip

    def _remember(self) -> None:
        if self._window.memory is not None:
            self._window.memory.say(NOTE)

    def _undo(self) -> None:
        self._context.tasks.call("autostart.set", parent=self._window, links=False)
