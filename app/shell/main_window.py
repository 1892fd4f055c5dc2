"""The main window: rail, top bar, pages, toasts; it closes without ending anything."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QMainWindow, QWidget

from app.bridge.events import Events, EventsRelay
from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import tr
from app.shell.device_count import DeviceCount
from app.shell.navigation import AHEAD, entry, is_known
from app.shell.rail import Rail
from app.shell.shortcuts import add_shortcuts, page_keys
from app.shell.topbar import TopBar
from app.shell.window_memory import WindowMemory
from app.shell.window_tools import WindowTools
from app.widgets.ahead import Ahead
from app.widgets.banner import Banner
from app.widgets.dialogs import confirm
from app.widgets.focus_order import step_focus
from app.widgets.layouts import column, row
from app.widgets.page import Page
from app.widgets.page_stack import PageStack
from app.widgets.paint_turns import paint_in_turns
from app.widgets.toast_host import ToastHost
from app.widgets.words import age
from app.wire_words import said

NARROW_UNDER = 1360
TITLE_BAR = 32
GONE_AFTER_MS = 4000
AWAY_AFTER_S = 10.0
ONCE = frozenset({"approval", "new_run"})  # they open something once, not with the page again


class MainWindow(QMainWindow):
    """Hold the pages; made once with the context it completes."""

    agent_wanted = Signal()
    rebuilt = Signal()  # everything says its words anew

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("window")
        self.setWindowTitle("SiloDesk")
        self.resize(1440, 900)
        self.setMinimumSize(960, 640)
        self.status: dict[str, Any] = {}
        self.pages: dict[str, Page] = {}
        self.key = ""
        self._away_since = 0.0
        self._is_hosting = False
        self._link = ""  # an invitation that waits for the agent
        self._arguments: dict[str, Any] = {}
        self._context: AppContext | None = None
        self._page_context: AppContext | None = None
        self.memory: WindowMemory | None = None
        self.tools: WindowTools | None = None
        self.may_close: Callable[[], bool] = lambda: True  # closing may hide or ask instead
        self.toasts = ToastHost(self)
        self.coming = Ahead(
            AHEAD, self._make_ahead, self._take_page, self.pages.__contains__, self
        )  # fmt: skip
        self._gone = QTimer(self, singleShot=True, interval=GONE_AFTER_MS)
        self._gone.timeout.connect(self._show_gone)
        self._away = QTimer(self, interval=1000)  # a hub that stays away sends no news of it
        self._away.timeout.connect(self._tell_away)
        self._build()
        self._add_shortcuts()

    def _build(self) -> None:
        """Make rail, top bar, banner and an empty place for pages."""
        self.rail = Rail()
        self.topbar = TopBar()
        self.banner = Banner("warn", tr("The agent does not answer"))
        self._on_banner: Callable[[], object] = self.agent_wanted.emit
        self.banner.acted.connect(lambda: self._on_banner())
        self.banner.hide()
        self._banner_row = QWidget()
        self._banner_row.setLayout(row((self.banner, 1), margins=(24, 14, 24, 0)))
        self._banner_row.hide()
        self.stack = PageStack()
        self.stack.setObjectName("canvas")
        right = QWidget()
        right.setLayout(column(self.topbar, self._banner_row, (self.stack, 1), gap=0))
        whole = QWidget()
        whole.setObjectName("canvas")
        whole.setLayout(row(self.rail, (right, 1), gap=0))
        whole.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._whole = whole
        self.setCentralWidget(whole)
        whole.setFocus()
        self.rail.chosen.connect(self.navigate)
        self.rail.sign_out.connect(self.ask_sign_out)
        self.topbar.followed.connect(lambda key, arguments: self.navigate(key, **arguments))

    def rebuild(self) -> None:
        """Make everything anew in place, as after a change of language; show the same page."""
        key, arguments, shown = self.key, self._arguments, self.page()
        if shown is not None:
            shown.left()
        self.coming.cancel()
        self.key = ""
        self.pages.clear()
        self._page_context = None
        had_banner = self._banner_row.isVisibleTo(self)
        self._build()  # the old central widget goes, and with it every page and connection
        self.rail.set_narrow(self.width() < NARROW_UNDER)
        if self.tools is not None:
            self.tools.build()
        if self.status:
            self.rail.show_status(self.status)
            self._tell_connection(self.status)
        elif had_banner:
            self._show_gone()
        if key:
            self.navigate(key, **arguments)
        if self.coming.is_on:
            self.coming.start()
        self.rebuilt.emit()

    def fit_screen(self) -> None:
        """Be no larger than the screen, which is small where everything is scaled up."""
        room = self.screen().availableGeometry().size() - QSize(0, TITLE_BAR)
        self.setMinimumSize(self.minimumSize().boundedTo(room))
        self.resize(self.size().boundedTo(room))

    def use(self, context: AppContext) -> None:
        """Take the context that pages are made with, and listen to the agent."""
        self._context = context
        events = context.events
        events.status.connect(self._take_status)
        events.connected.connect(self._take_connected)
        self.memory = WindowMemory(context.home)
        self.tools = WindowTools(self, context, self.memory)
        self._device_count = DeviceCount(
            self, context, lambda count: self.rail.items["devices"].set_number(count)
        )
        kept = self.memory.geometry()
        if kept is not None:
            self.restoreGeometry(kept)

    def _context_of_pages(self) -> AppContext:
        """Return the context of this generation of pages; with them its connections go."""
        if self._context is None:
            raise RuntimeError("A page is wanted of a window that has no context yet.")
        if self._page_context is None:
            relay = EventsRelay(self._context.events, self.stack)
            self._page_context = replace(self._context, events=relay)
        return self._page_context

    def notify(self, title: str, text: str = "", **how: Any) -> object:
        """Show a toast."""
        return self.toasts.show(title, text, **how)

    def show_error(self, error: Exception) -> None:
        """Show an error with its cause, its code and the next step."""
        title, text = sentence_of(error)
        self.notify(title, text, kind="danger")

    def navigate(self, key: str, **arguments: Any) -> None:
        """Show a page."""
        self.coming.finish(key)
        page = self.pages.get(key)
        if page is None:
            if self._context is None or not is_known(key):
                return
            page = self._take_page(key, entry(key).make(self._context_of_pages()))
        before = self.pages.get(self.key)
        focused = self.focusWidget()
        was_inside = before is not None and focused is not None and before.isAncestorOf(focused)
        if before is not None and before is not page:
            before.left()
        kept = {name: one for name, one in arguments.items() if name not in ONCE}
        self.key, self._arguments = key, kept
        if page is not before and self.isVisible():
            paint_in_turns(self._whole, page)
        self.stack.setCurrentWidget(page)
        self.rail.setVisible(not page.full_window)
        self.topbar.setVisible(not page.full_window)
        self.rail.show_page(entry(key).under or key)
        if was_inside or focused is None or not focused.isVisible():
            # Otherwise Qt hands the focus of a hidden button to the first entry of the rail.
            page.setFocus()
        page.open(**arguments)
        self._refresh_heading(page)
        if self.tools is not None:
            self.tools.shown_page(key)

    def _take_page(self, key: str, page: Page) -> Page:
        self.pages[key] = page
        page.heading.connect(lambda: self._refresh_heading(page))
        self.stack.addWidget(page)
        if self.memory is not None:
            self.memory.restore_splitters(key, page)
        return page

    def _make_ahead(self, key: str) -> Page:
        page = entry(key).make(self._context_of_pages())
        self.stack.prepare(page)
        return page

    def page(self) -> Page | None:
        """Return the page that is shown."""
        return self.pages.get(self.key)

    def come_forward(self) -> None:
        """Show the window over others, from wherever it is."""
        self.showNormal() if self.isMinimized() else self.show()
        self.raise_()
        self.activateWindow()

    def open_link(self, link: str) -> None:
        """Show the window and, for an invitation link, where it can be accepted.

        Only the agent can read a link, so before its first status the link waits for it.
        """
        self.come_forward()
        if not link.startswith("silodesk://"):
            return
        if self.status:
            self.navigate("sign_in", link=link)
        else:
            self._link = link

    def _refresh_heading(self, page: Page) -> None:
        if page is self.page():
            focused = self.focusWidget()
            was_above = focused is not None and self.topbar.isAncestorOf(focused)
            self.topbar.show_page(page)
            if was_above and focused is not None and not focused.isVisible():
                page.setFocus()
            title = self.topbar.title.plain()
            self.setWindowTitle(f"{title} – SiloDesk" if title else "SiloDesk")

    def _add_shortcuts(self) -> None:
        for keys, key, _ in page_keys():
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.activated.connect(lambda key=key: self._go(key))

        def tools(name: str) -> Callable[[], object]:
            return lambda: self.tools and getattr(self.tools, name)()

        actions: dict[str, Callable[[], object]] = {
            key: lambda key=key: self._go(key)  # type: ignore[misc]
            for key in ("build", "settings", "doctor")
        }
        actions |= {"bell": tools("open_bell"), "sheet": tools("open_sheet"), "close": self.close}
        actions["palette"] = tools("open_palette")
        add_shortcuts(self, actions)

    def _go(self, key: str) -> None:
        """Show a page by its key; before sign-in only what needs no account."""
        if self.status.get("account") or not self.status or key in ("doctor", "settings"):
            self.navigate(key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take the keys that no page and no field took."""
        page = self.page()
        if event.matches(QKeySequence.StandardKey.Find) and page is not None and page.find_here():
            return
        if event.matches(QKeySequence.StandardKey.New) and self.tools is not None:
            self.tools.new_run()
        elif event.key() == Qt.Key.Key_Question and self.tools is not None:
            self.tools.open_sheet()
        else:
            super().keyPressEvent(event)

    # --- the agent ---
    def _take_status(self, status: dict[str, Any]) -> None:
        was_in = bool(self.status.get("account"))
        first = not self.status
        self.status = status
        page = self.page()
        if first and page is not None and self.isVisible():
            paint_in_turns(self._whole, page)  # all that it says changes everywhere
        self.rail.show_status(status)
        self._tell_connection(status)
        is_in = bool(status.get("account"))
        link, self._link = self._link, ""
        if link:
            self.navigate("sign_in", link=link)
        elif is_in and self.key == "sign_in" and (first or not was_in):
            page = self.page()
            if not getattr(page, "is_busy", False):
                self.navigate("home")
        elif not is_in and (was_in or first) and self.key != "sign_in":
            self.navigate("sign_in")

    def _tell_connection(self, status: dict[str, Any]) -> None:
        """Say so while the hub is away; the banner leaves by itself when it is back."""
        is_away = status.get("state") == "offline" and bool(status.get("account"))
        if not is_away:
            self._away_since = 0.0
            self._hide_banner()
            return
        self._gone.stop()
        silent = float(status.get("heartbeat_age_s") or 0.0)
        self._away_since = self._away_since or time.monotonic() - silent
        self._away.start()
        self._tell_away()

    def _tell_away(self) -> None:
        now = time.monotonic()
        if now - self._away_since < AWAY_AFTER_S:
            return
        detail = said(str(self.status.get("detail") or ""))
        self._show_banner(
            tr("Not connected to the hub for {time}", time=age(self._away_since, now)),
            tr("{detail} Jobs go on; what they send waits here.", detail=detail).strip(),
            tr("Start the hub") if self._hosts_hub() and not self._is_hosting else "",
            self._start_hub,
        )

    def _hosts_hub(self) -> bool:
        """Return whether the hub that is away was set up in this very home."""
        hub = urlsplit(self.status.get("hub_url") or "").hostname or ""
        is_here = hub in {"127.0.0.1", "localhost", "::1"}
        return is_here and self._context is not None and self._context.home.hub.is_dir()

    def _start_hub(self) -> None:
        def done() -> None:
            self._is_hosting = False

        def failed(error: Exception) -> None:
            done()
            self.show_error(error)

        if self._context is not None:
            self._is_hosting = True
            self._tell_away()
            name = self.status.get("hub_name") or "SiloDesk"
            self._context.tasks.call("hub.host", lambda _: done(), failed, self, name=name)

    def show_keyless(self) -> None:
        """Say why nothing works while there is no place for secrets, and ask again on demand."""
        self.rail.show_gone(tr("it lacks a place for its key"))
        self._show_banner(
            tr("The agent waits for a place for this silo's secrets"),
            tr("Unlock the keyring, or allow a file; until then this machine cannot join a hub."),
            tr("Choose…"),
        )

    def _take_connected(self, is_connected: bool) -> None:
        if is_connected:
            self._hide_banner()
        else:
            self._away.stop()
            self.rail.show_gone()
            self._gone.start()

    def _show_gone(self) -> None:
        self._show_banner(
            tr("The agent of this machine does not answer"),
            tr("Jobs go on without it. The window reconnects by itself as soon as it is back."),
            tr("Start it"),
        )

    def _show_banner(
        self, title: str, text: str, action: str = "", act: Callable[[], object] | None = None
    ) -> None:
        self._on_banner = act or self.agent_wanted.emit
        self.banner.set("warn", title, text, action)
        self.banner.show()
        self._banner_row.show()

    def _hide_banner(self) -> None:
        self._gone.stop()
        self._away.stop()
        self._banner_row.hide()

    def ask_sign_out(self) -> None:
        """Ask whether to leave the hub."""
        confirm(
            self,
            tr("Sign out of this hub?"),
            tr("The device stays bound and its jobs go on. Sign in again to start runs."),
            tr("Sign out"),
            lambda: self._context and self._context.tasks.call("account.sign_out", parent=self),
            icon="log-out",
        )

    # --- the window itself ---
    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002 - Qt's name
        """Walk in reading order, whenever things were made."""
        return step_focus(self, next)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.rail.set_narrow(self.width() < NARROW_UNDER)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep the geometry; agent and jobs go on, and the window itself may stay in the tray."""
        if self.memory is not None:
            self.memory.keep(self.saveGeometry(), self.key, self._arguments)
        if not self.may_close():
            event.ignore()
            return
        if self._context is not None and isinstance(self._context.events, Events):
            self._context.events.close()
        super().closeEvent(event)
