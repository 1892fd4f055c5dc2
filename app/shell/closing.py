"""What closing the window does: into the tray, minimised, or out; and the ways to quit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QCheckBox

from app.context import AppContext
from app.i18n import tr
from app.shell.tray import Tray
from app.widgets.buttons import Button
from app.widgets.dialogs import Dialog, confirm
from app.widgets.labels import Label

if TYPE_CHECKING:
    from app.shell.main_window import MainWindow


class Closing(QObject):
    """Decide it by the person's choice; without one, ask and explain."""

    def __init__(
        self, window: MainWindow, context: AppContext, app: QApplication, tray: Tray | None
    ) -> None:
        super().__init__(window)
        self._window = window
        self._context = context
        self._app = app
        self.tray = tray
        self.choice = ""
        self.is_quitting = False
        self.dialog: ClosingDialog | None = None
        context.events.settings.connect(self.take_settings)
        if tray is not None:
            tray.lost.connect(self.come_back)
        app.setQuitOnLastWindowClosed(False)
        app.commitDataRequest.connect(lambda _: self.let_go())
        window.may_close = self.may_close

    def take_settings(self, settings: dict[str, Any]) -> None:
        """Keep what the person chose."""
        self.choice = str(settings.get("closing") or "")

    def may_close(self) -> bool:
        """Return whether the window may end; otherwise it was hidden, minimised, or asks."""
        if self.is_quitting:
            return True
        has_tray = self.tray is not None and self.tray.is_there
        if self.choice == "quit":
            self.quit()
            return True
        if not self.choice:
            self._ask(has_tray)
        elif has_tray and self.choice == "tray":
            self._window.hide()
        else:
            self._window.showMinimized()  # never hidden where nothing could bring it back
        return False

    def quit(self) -> None:
        """Quit the window; agent and jobs go on."""
        self.is_quitting = True
        self._app.quit()

    def let_go(self) -> None:
        """Hold nothing back any more: the desktop itself ends the application."""
        self.is_quitting = True

    def ask_quit_agent(self) -> Dialog:
        """Ask whether the agent shall end too."""
        self._window.come_forward()
        return confirm(
            self._window,
            tr("Quit the window and the agent?"),
            tr("This machine leaves the federation until the agent runs again. Jobs go on behind "
               "their keepers and keep what they send; nothing new starts, and no decision "
               "reaches you."),
            tr("Quit both"),
            lambda: self._context.tasks.call(
                "agent.shutdown", lambda _: self.quit(), parent=self._window
            ),
            icon="power-off",
        )  # fmt: skip

    def come_back(self) -> None:
        """Show the window again, because nothing else could."""
        if self.is_quitting or self._window.isVisible():
            return
        self._window.show()
        self._window.notify(
            tr("The tray of this desktop is gone"),
            tr("The window is back, so that SiloDesk does not disappear."), kind="warn",
        )  # fmt: skip

    def _ask(self, has_tray: bool) -> None:
        if self.dialog is None:
            self.dialog = ClosingDialog(self._window, has_tray, self._chosen)
            self.dialog.finished.connect(self._asked)
            self.dialog.open()
            self._context.tasks.call(
                "autostart.get", self.dialog.show_system, lambda _: None, self.dialog
            )

    def _asked(self) -> None:
        self.dialog = None

    def _chosen(self, choice: str, wanted: dict[str, Any]) -> None:
        self.choice = choice
        call = self._context.tasks.call
        if wanted:
            call("autostart.set", parent=self._window, **wanted)
        if choice != "quit":
            call("settings.set", None, lambda _: None, self._window, closing=choice)
            self._window.close()
            return
        # Saved first, so that quitting does not overtake it; an agent that is away may miss it.
        end: Callable[[Any], None] = lambda _: self.quit()  # noqa: E731
        call("settings.set", end, end, self._window, closing=choice)


class ClosingDialog(Dialog):
    """Say what stays alive, and ask once what closing shall mean."""

    def __init__(
        self,
        window: MainWindow,
        has_tray: bool,
        chosen: Callable[[str, dict[str, Any]], object],
    ) -> None:
        super().__init__(
            window,
            tr("SiloDesk keeps running in the tray") if has_tray
            else tr("This desktop has no tray: minimise or quit?"),
            tr("Jobs and the agent go on in either case."),
            icon="panel-left", width=520,
        )  # fmt: skip
        self._chosen = chosen
        text = (
            tr("The icon shows what this machine does and when a run needs your decision. A click "
               "on it, or starting SiloDesk again, brings this window back.")
            if has_tray
            else tr("A minimised window still tells when a run needs your decision. Without it, "
                    "decisions wait until you open SiloDesk again.")
        )  # fmt: skip
        self.login = QCheckBox(tr("Start SiloDesk when I sign in"))
        self.links = QCheckBox(tr("Open silodesk:// links with SiloDesk"))
        self.links.hide()  # shown where it may be asked for
        self.body.addWidget(Label(text, "body", "muted", wrap=True))
        self.body.addWidget(self.login)
        self.body.addWidget(self.links)
        self.body.addWidget(Label(tr("Settings can change this later."), "small", "faint"))
        self.leave = self.add_button(
            Button(tr("Quit the window"), on_click=lambda: self._end("quit"))
        )
        stay = tr("Keep in the tray") if has_tray else tr("Minimise")
        choice = "tray" if has_tray else "minimise"
        self.stay = self.add_button(Button(stay, "primary", on_click=lambda: self._end(choice)))
        self.first_focus = self.stay

    def show_system(self, state: dict[str, Any]) -> None:
        """Offer only what is not so already."""
        self.login.setVisible(not state["enabled"])
        self.links.setVisible(bool(state.get("may_set_links")) and not state["links"])

    def _end(self, choice: str) -> None:
        self.accept()
        boxes = {"enabled": self.login, "links": self.links}
        self._chosen(choice, {name: True for name, box in boxes.items() if box.isChecked()})
