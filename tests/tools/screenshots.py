"""Draw every page of a live federation's desktop, in both themes and languages.

    python tests/tools/screenshots.py [FOLDER] [--quick] [--pages home,run] [--silos 3]

Writes pictures, an index.html and a table of findings; fails where text is cut or overlaps.
`--quick` draws one size, dark English and light Chinese only. A page may have a method
`picture_states` that returns {name: function}: each brings it into a state worth a picture (a
dialog it opens is drawn with it and closed after it).
"""

from __future__ import annotations

import argparse
import html
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QMenu, QPushButton, QWidget
from tools.clipping import Finding, check
from tools.pictured import Pictured, open_federation
from tools.stopping import Stop

from agent_core.client import AgentClient, EventStream
from agent_core.paths import Home
from agent_core.rehearsal.federation import Federation
from app.i18n import install
from app.main import Desktop, make_desktop
from app.shell.navigation import PAGES
from app.shell.tray_menu import TrayMenu
from app.slices import is_slicing
from app.widgets.fonts import load_fonts
from app.widgets.theme import theme

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"": (1440, 900), "compact": (1280, 760)}
RUN_TABS = ("overview", "curves", "system", "logs", "models")
LOADING = (
    "devices", "groups", "group", "projects", "project", "applications", "models", "datasets",
    "approvals", "hub", "run-overview", "run-curves",
)  # fmt: skip
SETTLE_S = 0.6  # so long has nothing been asked
SETTLE_BOUND_S = 8.0
OPENERS = ("...", "…")
NATIVE = ("Browse", "浏览")  # the system's own choosers


@dataclass
class Camera:
    """Take pictures of a window and keep what was found on them."""

    app: QApplication
    folder: Path
    stop: Stop
    only: frozenset[str] = frozenset()
    taken: list[str] = field(default_factory=list)
    found: list[tuple[str, Finding]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)  # states that could not be reached

    def wait(self, seconds: float) -> None:
        """Let events pass for a while."""
        self.stop.wait(seconds)

    def settle(self, desktop: Desktop) -> None:
        """Wait (bounded) until nothing is being asked any more."""
        deadline = time.monotonic() + SETTLE_BOUND_S
        quiet_since = time.monotonic()
        while time.monotonic() < min(deadline, quiet_since + SETTLE_S):
            self.wait(0.1)
            if desktop.tasks.is_busy or is_slicing():
                quiet_since = time.monotonic()

    def take(self, desktop: Desktop, name: str) -> None:
        """Save a picture of the window with what is open over it, and check it."""
        window = desktop.window
        picture = window.grab()
        self.found += [(name, one) for one in check(window)]
        for above in over(window):
            painter = QPainter(picture)
            painter.drawPixmap(above.mapToGlobal(QPoint(0, 0)) - window.mapToGlobal(QPoint(0, 0)),
                               above.grab())  # fmt: skip
            painter.end()
            self.found += [(name, one) for one in check(above)]
        self.save(picture, name)

    def save(self, picture: QPixmap, name: str) -> None:
        """Save a picture under a name."""
        picture.save(str(self.folder / f"{name}.png"))
        self.taken.append(name)
        self.stop.look()

    def walk(self, desktop: Desktop, places: list[tuple[str, str, dict[str, Any]]], mark: str,
             states: bool = True) -> None:  # fmt: skip
        """Take each place, and each further state of its page."""
        for name, key, arguments in places:
            if self.only and key not in self.only:
                continue
            desktop.window.navigate(key, **arguments)
            self.settle(desktop)
            self.take(desktop, f"{name}-{mark}")
            for state, reach in list(states_of(desktop)) if states else []:
                try:
                    reach()
                except Exception as error:  # noqa: BLE001 - a tool: the next picture still counts
                    self.failed.append(f"{name}-{state}-{mark}: {error!r}")
                    close_all(desktop.window)
                    continue
                self.settle(desktop)
                self.take(desktop, f"{name}-{state}-{mark}")
                close_all(desktop.window)
                self.settle(desktop)


def over(window: QWidget) -> list[QWidget]:
    """Return the dialogs and menus that are open over a window."""
    return [
        one for one in QApplication.topLevelWidgets()
        if one is not window and one.isVisible() and isinstance(one, QDialog | QMenu)
    ]  # fmt: skip


def close_all(window: QWidget) -> None:
    """Close what is open over a window, deciding nothing."""
    for one in over(window):
        one.reject() if isinstance(one, QDialog) else one.close()


def states_of(desktop: Desktop) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield the states a page offers, else each of its buttons that ends in dots: a dialog."""
    page = desktop.window.page()
    offered = getattr(page, "picture_states", None)
    if offered is not None:
        yield from offered().items()
        return
    if page is None:
        return
    for number, button in enumerate(page.findChildren(QPushButton)):
        text = button.text().strip()
        shows = button.isVisible() and button.isEnabled() and text.endswith(OPENERS)
        if shows and button.menu() is None and not text.startswith(NATIVE):
            yield f"dialog{number}", button.click


def places_of(scene: Pictured | None) -> list[tuple[str, str, dict[str, Any]]]:
    """Return name, key and arguments of every page."""
    reached = {"sign_in", "run", "project", "group", "compare"}
    places: list[tuple[str, str, dict[str, Any]]] = [
        (one.key, one.key, {}) for one in PAGES if one.key not in reached
    ]
    if scene is not None:
        places.append(("project", "project", {"project_id": scene.project_id}))
        places.append(("group", "group", {"group_id": scene.federation.group_id}))
        compared = [scene.finished, scene.second]
        places.append(("compare", "compare", {"run_ids": compared}))
        for tab in RUN_TABS:
            places.append((f"run-{tab}", "run", {"run_id": scene.finished, "tab": tab}))
            places.append((f"run-live-{tab}", "run", {"run_id": scene.running, "tab": tab}))
        places.append(("run-waiting", "run", {"run_id": scene.waiting, "tab": "overview"}))
    return places


def opened(camera: Camera, home: Home, language: str, mode: str, first: str = "home") -> Desktop:
    """Return a desktop over an agent, in a language and a theme."""
    install(camera.app, language)
    theme().apply(camera.app, mode)
    desktop = make_desktop(home, AgentClient(home), lambda callback: EventStream(home, callback))
    desktop.window.resize(*SIZES[""])
    desktop.window.navigate(first)
    desktop.window.show()
    desktop.start_agent(lambda: None)
    deadline = time.monotonic() + 10
    while not desktop.window.status and time.monotonic() < deadline:
        camera.wait(0.1)
    return desktop


def shut(camera: Camera, desktop: Desktop) -> None:
    """Close a desktop and let it go."""
    desktop.window.close()
    desktop.close()
    desktop.window.deleteLater()
    camera.app.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def take_working(camera: Camera, scene: Pictured, is_quick: bool) -> None:
    """Draw every page of the working federation."""
    home = scene.federation.coordinator.home
    for language, modes in (("en", ("dark", "light")), ("zh_CN", ("light", "dark"))):
        desktop = opened(camera, home, language, modes[0])
        for mode in modes[:1] if is_quick else modes:
            theme().apply(camera.app, mode)
            for size, (width, height) in list(SIZES.items())[: 1 if is_quick else 2]:
                desktop.window.resize(width, height)
                mark = "-".join(part for part in (language, mode, size) if part)
                camera.walk(desktop, places_of(scene), mark, states=not size)
                if not camera.only:
                    take_above(camera, desktop, mark)
        shut(camera, desktop)


def take_above(camera: Camera, desktop: Desktop, mark: str) -> None:
    """Draw what stands over every page: palette, notifications, keys."""
    window = desktop.window
    window.navigate("projects")
    camera.settle(desktop)
    tools = window.tools
    if tools is None:
        return
    tools.open_palette()
    camera.settle(desktop)
    camera.take(desktop, f"palette-{mark}")
    tools.palette.leave()
    tools.open_bell()
    camera.settle(desktop)
    camera.take(desktop, f"notifications-{mark}")
    tools.popover.hide()
    tools.open_sheet()
    camera.settle(desktop)
    camera.take(desktop, f"keys-{mark}")
    close_all(window)
    menu = tray_menu(desktop)
    menu.popup(window.mapToGlobal(QPoint(40, 40)))
    camera.settle(desktop)
    camera.save(menu.grab(), f"tray-{mark}")
    menu.close()
    menu.deleteLater()


def tray_menu(desktop: Desktop) -> TrayMenu:
    """Return the tray's menu as it stands at this moment; its actions do nothing."""
    names = (
        "approvals", "open", "pause_all", "resume_all", "stop_all", "doctor", "settings", "quit",
        "quit_agent",
    )  # fmt: skip
    menu = TrayMenu(desktop.window, {name: lambda: None for name in names}, lambda *_, **__: None)
    menu.show_status(desktop.window.status, True, 0)
    return menu


def take_empty(camera: Camera, home: Home) -> None:
    """Draw every page of a federation in which nothing has been done yet."""
    for language, mode in (("en", "dark"), ("zh_CN", "light")):
        desktop = opened(camera, home, language, mode)
        camera.walk(desktop, places_of(None), f"empty-{language}-{mode}", states=False)
        shut(camera, desktop)


def take_away(camera: Camera, scene: Pictured) -> None:
    """Draw every page while the agent is slow, while the hub is gone, and without an agent."""
    home = scene.federation.coordinator.home
    federation = scene.federation
    take_loading(camera, scene)
    desktop = opened(camera, home, "en", "light")
    federation.hub.process.kill()
    federation.hub.process.wait(20)
    camera.wait(14)  # the banner comes after ten seconds
    camera.walk(desktop, places_of(scene), "offline-en-light", states=False)
    shut(camera, desktop)
    desktop = opened(camera, home, "zh_CN", "dark")
    camera.wait(12)
    camera.walk(desktop, places_of(scene), "error-zh_CN-dark", states=False)
    shut(camera, desktop)
    desktop = opened(camera, home, "en", "dark")
    agent = federation.coordinator.child.process
    agent.kill()
    agent.wait(20)
    camera.wait(3)
    camera.walk(desktop, places_of(scene), "no-agent-en-dark", states=False)
    shut(camera, desktop)


def take_loading(camera: Camera, scene: Pictured) -> None:
    """Draw every page while its first answer is awaited: the agent is held, then let go."""
    desktop = opened(camera, scene.federation.coordinator.home, "en", "dark")
    agent = scene.federation.coordinator.child.process
    agent.send_signal(signal.SIGSTOP)
    try:
        for name, key, arguments in places_of(scene):
            if name in LOADING:
                desktop.window.navigate(key, **arguments)
                camera.wait(1.0)  # a skeleton comes after 0.3 s
                camera.take(desktop, f"{name}-loading-en-dark")
    finally:
        agent.send_signal(signal.SIGCONT)
    camera.settle(desktop)
    shut(camera, desktop)


def take_first_run(camera: Camera, home: Home) -> None:
    """Draw the first page of a machine that belongs to no hub."""
    for language, mode in (("en", "dark"), ("en", "light"), ("zh_CN", "dark"), ("zh_CN", "light")):
        desktop = opened(camera, home, language, mode, first="sign_in")
        for size, (width, height) in SIZES.items():
            desktop.window.resize(width, height)
            camera.settle(desktop)
            mark = "-".join(part for part in (language, mode, size) if part)
            camera.take(desktop, f"sign_in-{mark}")
        shut(camera, desktop)


def write_index(camera: Camera) -> None:
    """Write a page with every picture, and the table of findings."""
    lines = [
        "<!doctype html><meta charset=utf-8><title>SiloDesk, every page</title>",
        "<style>body{font:14px sans-serif;background:#888}img{width:720px}</style>",
    ]
    for name in camera.taken:
        faults = [one for at, one in camera.found if at == name]
        lines.append(f"<h3>{html.escape(name)}</h3><img loading=lazy src='{name}.png'>")
        lines += [f"<p>{html.escape(' | '.join(one))}</p>" for one in faults]
    (camera.folder / "index.html").write_text("\n".join(lines), "utf-8")
    table = [" | ".join((name, *one)).replace("\n", " ") for name, one in camera.found]
    (camera.folder / "findings.txt").write_text("\n".join(table) + "\n", "utf-8")


def report(camera: Camera) -> None:
    """Print each fault once, with the pictures it is on."""
    by_fault: dict[Finding, list[str]] = {}
    for name, one in camera.found:
        by_fault.setdefault(one, []).append(name)
    for one, names in sorted(by_fault.items()):
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        print(f"{one.kind:8} {one.where}: {one.text!r} ({one.detail}) in {names[0]}{more}")
    for one in camera.failed:
        print(f"not reached: {one}")
    print(
        f"{len(camera.taken)} pictures in {camera.folder}, {len(by_fault)} faults of text, "
        f"{len(camera.failed)} states not reached",
        flush=True,
    )


def tame() -> None:
    """Make what would wait for a person open instead: choosers answer nothing, menus stay open."""
    QDialog.exec = QDialog.open  # type: ignore[method-assign, assignment]
    QMenu.exec = lambda self, at=None, *_: self.popup(at or QPoint())  # type: ignore[method-assign, assignment]
    for name in ("getOpenFileName", "getSaveFileName", "getOpenFileNames"):
        setattr(QFileDialog, name, staticmethod(lambda *_, **__: ("", "")))
    QFileDialog.getExistingDirectory = staticmethod(lambda *_, **__: "")  # type: ignore[method-assign, assignment]


def main() -> int:
    """Draw everything; return 1 where text is cut or overlaps, or a state was not reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "screenshots")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--pages", default="")
    parser.add_argument("--scale", default="1", help="device pixels a point, such as 2")
    parser.add_argument("--silos", type=int, default=3)
    given = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("QT_SCALE_FACTOR", given.scale)
    given.folder.mkdir(parents=True, exist_ok=True)
    app = QApplication(["silodesk"])
    load_fonts()
    tame()
    pages = frozenset(part for part in given.pages.split(",") if part)
    stop = Stop()
    camera = Camera(app, given.folder, stop, pages)
    try:
        with open_federation(given.silos) as federation:
            try:
                draw(camera, federation, given.quick)
            finally:  # before the federation ends, which takes a while: it may not be waited for
                stop.let_be()
                write_index(camera)
                report(camera)
    except SystemExit as ended:
        print("ended from outside: the rest was not drawn", flush=True)
        os._exit(int(ended.code or 1))  # a window may still be there, and its threads
    return 1 if camera.found or camera.failed else 0


def draw(camera: Camera, federation: Federation, is_quick: bool) -> None:
    """Draw what was asked for; all of it where no pages were named."""
    started = time.monotonic()
    if not camera.only:
        with camera.stop.held():
            take_empty(camera, federation.coordinator.home)
    scene = Pictured(federation)
    scene.fill()
    print(f"the federation stands after {time.monotonic() - started:.0f} s", flush=True)
    with camera.stop.held():
        take_working(camera, scene, is_quick)
        if not camera.only:
            take_away(camera, scene)
            home = Home(federation.folder / "stranger")
            stranger = federation.family.start("stranger", [
                "agent", "--home", str(home.root),
                "--credentials", str(home.root / "credentials.json"), "--json"])  # fmt: skip
            federation.family.wait_for(stranger, home.socket.exists, "A new agent")
            take_first_run(camera, home)


if __name__ == "__main__":
    sys.exit(main())
