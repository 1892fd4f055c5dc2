"""The desktop's composition root: one window over the local agent of one home."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QApplication

from agent_core.errors import SiloDeskError
from agent_core.paths import HOME_VARIABLE, Home, default_home
from app.bridge.events import Events, OpenStream
from app.bridge.garbage import Garbage
from app.bridge.native_heap import share_heap
from app.bridge.stalls import VARIABLE as STALLS_VARIABLE
from app.bridge.stalls import StallWatch
from app.bridge.tasks import Tasks
from app.context import AppContext, Client
from app.i18n import LANGUAGES, install
from app.shell.agent_start import KeyringDialog, lacks_keyring, start_agent
from app.shell.appearance import Appearance
from app.shell.first_paint import TRACE_VARIABLE, FirstPaint
from app.shell.link_handler import LinkHandler
from app.shell.main_window import MainWindow
from app.shell.navigation import is_known
from app.shell.preload import PreloadOnUse
from app.shell.single_instance import SingleInstance, hand_over
from app.widgets.fonts import load_fonts
from app.widgets.logo import draw_logo
from app.widgets.theme import theme

RETRY_MS = 5000
# How long a thread at work may keep the window's thread waiting each time that one comes back
# from Qt. Python's own 5 ms, a dozen times in one painting, are seen.
SWITCH_S = 0.0005
IN_TRAY = "tray:"  # what a second start with --tray says: stay as you are


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="silodesk-desktop", description=__doc__)
    parser.add_argument("link", nargs="?", default="", help="an invitation link, silodesk://…")
    parser.add_argument("--home", type=Path, help="the folder of this silo's agent")
    parser.add_argument("--theme", choices=("system", "light", "dark"))
    parser.add_argument("--language", choices=LANGUAGES)
    parser.add_argument(
        "--page", default="", help="the page to open first; a run's is run:NUMBER[:TAB]"
    )
    parser.add_argument("--tray", action="store_true", help="start as an icon in the tray")
    parser.add_argument("--no-tray", action="store_true", help="no icon; closing the window quits")
    parser.add_argument(
        "--stalls", type=Path, metavar="FILE", default=os.environ.get(STALLS_VARIABLE) or None,
        help="write a line for each time the window was blocked",
    )  # fmt: skip
    parser.add_argument("--screenshot", type=Path, metavar="DIR", help="save pictures and leave")
    return parser.parse_args(argv)


class Application(QApplication):
    """Tells when the desktop itself asks the application to end (log-out, the dock's Quit)."""

    ending = Signal()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Quit:
            self.ending.emit()
        return super().event(event)


@dataclass
class Desktop:
    """The window with everything behind it."""

    window: MainWindow
    context: AppContext
    tasks: Tasks
    events: Events
    appearance: Appearance
    garbage: Garbage

    def start_agent(self, start: Callable[[], object]) -> None:
        """Start the agent where it is absent, then follow its events; the window is up already."""

        def again() -> None:
            self.start_agent(start)

        def failed(error: Exception) -> None:
            self.window.rail.show_gone()
            if lacks_keyring(error):
                dialog = KeyringDialog(self.window, self.context.home, again)
                dialog.rejected.connect(self.window.show_keyless)
                dialog.open()
                return
            self.window.show_error(error)
            QTimer.singleShot(RETRY_MS, self.window, again)

        def up() -> None:
            start()
            self.events.start()

        self.tasks.run(up, failure=failed, parent=self.window)

    def restart_agent_on_demand(self, start: Callable[[], object]) -> None:
        """Start the agent again when the person asks for it; the stream reconnects by itself."""
        self.window.agent_wanted.connect(lambda: self.start_agent(start))

    def close(self) -> None:
        """Let go of threads and connections; agent and jobs go on."""
        self.events.close()
        self.tasks.close()
        self.garbage.close()


def make_desktop(home: Home, client: Client, open_stream: OpenStream) -> Desktop:
    """Wire a window to a client and a stream of events."""
    sys.setswitchinterval(SWITCH_S)
    window = MainWindow()
    tasks = Tasks(client, window.show_error, window)
    events = Events(open_stream, window)
    context = AppContext(
        home=home,
        client=client,
        tasks=tasks,
        events=events,
        theme=theme(),
        navigate=window.navigate,
        notify=window.notify,
        status=lambda: window.status,
    )
    window.use(context)
    return Desktop(window, context, tasks, events, Appearance(window, context), Garbage(window))


def main(argv: Sequence[str] | None = None) -> int:
    """Show the desktop until its window is closed; return the exit status."""
    given = arguments(argv)
    share_heap()
    home = Home(given.home.expanduser().resolve() if given.home else default_home()).make()
    app = Application(["silodesk"])
    app.setApplicationName("silodesk")
    app.setApplicationDisplayName("SiloDesk")
    app.setDesktopFileName("silodesk")
    first_line = given.link or (IN_TRAY if given.tray else "")
    if not given.screenshot and hand_over(home, first_line):
        return 0
    settings = _settings(home)
    install(app, given.language or settings["language"])
    load_fonts()
    theme().apply(app, given.theme or settings["theme"])
    theme().follow_system(app)
    app.setWindowIcon(window_icon())
    desktop = _connected(home)
    desktop.appearance.start_from(settings)
    window = desktop.window
    _open_first(window, given, settings)
    if given.screenshot:
        from app.shell.screenshots import take_all

        window.resize(1440, 900)
        take_all(app, desktop.context, window, given.screenshot)
        window.show()
    else:
        window.fit_screen()
        instance = SingleInstance(home, window)
        instance.opened.connect(partial(_opened, window))
        if given.home is None and HOME_VARIABLE not in os.environ:
            LinkHandler(window, desktop.context)  # homes of tests and demos come and go
        _be_present(app, desktop, given, settings)
    if given.stalls is not None:
        app.aboutToQuit.connect(StallWatch(given.stalls, app).close)
    app.aboutToQuit.connect(desktop.close)
    desktop.restart_agent_on_demand(lambda: start_agent(home))
    QTimer.singleShot(0, window, lambda: desktop.start_agent(lambda: start_agent(home)))
    PreloadOnUse(app, desktop.tasks, window.coming.start, window)
    code = app.exec()
    desktop.close()
    if desktop.tasks.is_busy:
        # A thread waits for the agent, at an upload up to half an hour; the agent finishes it
        # alone, and the interpreter would wait for the thread.
        os._exit(code)
    return code


def _opened(window: MainWindow, line: str) -> None:
    """Bring the window forward for a second start, and open its link."""
    if line != IN_TRAY:
        window.open_link(line)


def _open_first(window: MainWindow, given: argparse.Namespace, settings: dict[str, Any]) -> None:
    """Show the page that was asked for, else the last one, else Home or the doors."""
    if os.environ.get(TRACE_VARIABLE):
        FirstPaint(window)
    first, about = _page(given.page)
    if not first and settings["hub_url"]:
        first, about = window.memory.page() if window.memory is not None else ("", {})
        first = first if is_known(first) and first != "sign_in" else "home"
    window.navigate(first or "sign_in", **about)
    if given.link:
        window.open_link(given.link)


def _be_present(
    app: Application, desktop: Desktop, given: argparse.Namespace, settings: dict[str, Any]
) -> None:
    if given.no_tray:
        desktop.window.show()
        return
    from app.shell.presence import Presence

    presence = Presence(desktop.window, desktop.context, app, settings)
    app.ending.connect(presence.closing.let_go)
    presence.start(hidden=given.tray and not given.link)


def _page(text: str) -> tuple[str, dict[str, Any]]:
    """Return the key of a page and what it is opened with: "run:12:curves"."""
    key, *rest = text.split(":")
    if key != "run" or not rest or not rest[0].isdigit():
        return key, {}
    return key, {"run_id": int(rest[0]), "tab": rest[1] if len(rest) > 1 else ""}


def _connected(home: Home) -> Desktop:
    from agent_core.client import AgentClient, EventStream

    return make_desktop(home, AgentClient(home), lambda callback: EventStream(home, callback))


def _settings(home: Home) -> dict[str, Any]:
    """Return the few settings the first paint needs; a damaged file is the agent's to report."""
    from agent_core import settings

    try:
        return settings.load(home.settings).model_dump()
    except SiloDeskError:
        return settings.Settings().model_dump()


def window_icon() -> QIcon:
    """Return the product's mark in the sizes that desktops ask for."""
    icon = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        pixmap = QPixmap(size, size)
        pixmap.fill("transparent")
        painter = QPainter(pixmap)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            draw_logo(painter, size)
        finally:
            painter.end()
        icon.addPixmap(pixmap)
    return icon


if __name__ == "__main__":
    sys.exit(main())
