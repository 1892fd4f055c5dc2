"""What stands over every page: palette, notifications, the sheet of keys, and their actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication

from app.context import AppContext
from app.i18n import tr
from app.shell.bell_popover import BellPopover
from app.shell.commands import Actions, Command, action_commands, here, page_commands
from app.shell.notice_book import NoticeBook
from app.shell.notices import Notice
from app.shell.notifier import Notifier
from app.shell.palette import Palette
from app.shell.shortcut_sheet import ShortcutSheet
from app.shell.stopping import ask_stop_all, pause_all, resume_all
from app.shell.window_memory import WindowMemory
from app.widgets.toast import Toast

if TYPE_CHECKING:
    from app.shell.main_window import MainWindow


class WindowTools(QObject):
    """Hold them for one window, over changes of language."""

    def __init__(self, window: MainWindow, context: AppContext, memory: WindowMemory) -> None:
        super().__init__(window)
        self._window = window
        self._context = context
        self._memory = memory
        self._toasts: dict[tuple[Any, ...], Toast] = {}
        self._missed: list[Notice] = []  # told nowhere yet: they wait until the window is back
        self.book = NoticeBook(self)
        self.notifier = Notifier(context, self.book, self)
        self.native: Callable[[Notice], bool] = lambda _: False  # the tray's, where there is one
        self.actions = Actions(window.navigate, self._actions(), self._set)
        self.notifier.told.connect(self._tell)
        self.notifier.decided.connect(self._decided)
        self.book.changed.connect(self._count)
        self.palette: Palette
        self.popover: BellPopover
        window.installEventFilter(self)
        self.build()

    def build(self) -> None:
        """Make what shows words; called again after a change of language."""
        window = self._window
        for old in (getattr(self, "palette", None), getattr(self, "popover", None)):
            if old is not None:
                old.hide()
                old.deleteLater()
        self.palette = Palette(window, self._context, self._memory, self._offered, window.navigate)
        self.popover = BellPopover(window, self.book)
        self.popover.chosen.connect(self.follow)
        window.topbar.search.clicked.connect(self.open_palette)
        window.topbar.bell.clicked.connect(self.open_bell)
        self._count()

    def open_palette(self) -> None:
        """Show the palette."""
        self.palette.open()

    def open_bell(self) -> None:
        """Show the notifications."""
        if self._window.topbar.isVisible():
            self.popover.show_under(self._window.topbar.bell)

    def open_sheet(self) -> None:
        """Show every key."""
        ShortcutSheet(self._window).open()

    def follow(self, notice: Notice) -> None:
        """Go where a notice leads."""
        self._window.come_forward()
        self.book.see(notice.key)
        if notice.page:
            self._window.navigate(notice.page, **notice.arguments)

    def shown_page(self, key: str) -> None:
        """Note which page is shown: what it lists needs no toast."""
        self.palette.leave()
        if key in ("approvals", "home"):
            for notice in self.book.notices:
                if notice.is_decision:
                    self._decided(notice.key)

    def new_run(self) -> None:
        """Start a new run in this project, or ask in which."""
        page = self._window.page()
        for one in page.commands() if page is not None else ():
            if one.key == "runs.new":
                one.run()
                return

        def start(chosen: Command) -> None:
            number = int(chosen.key.rpartition(".")[2])
            self._window.navigate("project", project_id=number, new_run=True)

        self.palette.open("project", tr("New run: in which project?"), start)

    # --- notices ---
    def _tell(self, notice: Notice) -> None:
        window = self._window
        if not window.isVisible() or window.isMinimized():
            if not self.notifier.is_quiet and not self.native(notice):
                self.miss(notice)
            return
        if notice.key[0] == "offline" or (
            notice.is_decision and window.key in ("approvals", "home")
        ):
            return  # the banner or the page says it already
        self._toasts[notice.key] = window.toasts.show(
            notice.title, notice.text, kind=notice.kind, action=notice.action,
            on_action=lambda: self.follow(notice), stays=notice.is_decision, key=notice.key,
        )  # fmt: skip

    def miss(self, notice: Notice) -> None:
        """Keep what no native message could tell until the window is back, and ask for a look."""
        self._missed.append(notice)
        QApplication.alert(self._window)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Tell what was missed as soon as the window is back."""
        if event.type() in (QEvent.Type.Show, QEvent.Type.WindowStateChange):
            window = self._window
            if self._missed and window.isVisible() and not window.isMinimized():
                missed, self._missed = self._missed, []
                for notice in missed:
                    self._tell(notice)
        return False

    def _decided(self, key: tuple[Any, ...]) -> None:
        self._missed = [one for one in self._missed if one.key != key]
        toast = self._toasts.pop(key, None)
        if toast is not None:
            self._window.toasts.close(toast)

    def _count(self) -> None:
        self._window.topbar.bell.set_count(self.book.unseen)

    # --- the palette ---
    def _offered(self) -> list[Command]:
        page = self._window.page()
        own = here(page.commands()) if page is not None else []
        is_in = bool(self._window.status.get("account"))
        pages = page_commands(self.actions) if is_in else []
        return [*own, *pages, *action_commands(self.actions)]

    def _actions(self) -> dict[str, Callable[[], object]]:
        window, context = self._window, self._context
        return {
            "new_run": self.new_run,
            "join": lambda: window.navigate("sign_in"),
            "pause_all": lambda: pause_all(window, context),
            "resume_all": lambda: resume_all(window, context),
            "stop_all": lambda: ask_stop_all(window, context),
            "bell": self.open_bell,
            "sheet": self.open_sheet,
            "autostart_on": lambda: self._start_at_login(True),
            "autostart_off": lambda: self._start_at_login(False),
            "links_on": lambda: self._open_links(True),
            "links_off": lambda: self._open_links(False),
            "sign_out": window.ask_sign_out,
        }

    def _start_at_login(self, is_wanted: bool) -> None:
        def done(_: dict[str, Any]) -> None:
            told = (
                tr("SiloDesk starts when you sign in") if is_wanted
                else tr("SiloDesk does not start by itself any more")
            )  # fmt: skip
            self._window.notify(told, kind="ok")

        self._context.tasks.call("autostart.set", done, parent=self, enabled=is_wanted)

    def _open_links(self, is_wanted: bool) -> None:
        def done(_: dict[str, Any]) -> None:
            told = (
                tr("Invitation links open with SiloDesk now") if is_wanted
                else tr("Invitation links do not open SiloDesk any more")
            )  # fmt: skip
            self._window.notify(told, kind="ok")

        self._context.tasks.call("autostart.set", done, parent=self, links=is_wanted)

    def _set(self, **fields: Any) -> None:
        self._context.tasks.call("settings.set", parent=self, **fields)
