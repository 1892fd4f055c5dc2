"""The window makes itself anew in place: same page, other words, nothing left of the old."""

from __future__ import annotations

import weakref

import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QSplitter, QWidget

from app import i18n
from app.main import Desktop
from app.shell.window_memory import WindowMemory

BOUND_MS = 10_000


def test_the_same_page_is_shown_and_the_old_one_is_gone(desktop: Desktop, qtbot) -> None:
    window = desktop.window
    window.navigate("run", run_id=1284, tab="curves")
    old, rail = window.page(), window.rail
    window.rebuild()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert window.key == "run"
    assert window.page() is not old
    assert not shiboken6.isValid(old)
    assert not shiboken6.isValid(rail)
    assert window.rail.presence.plain() == "Connected"
    assert window.topbar.bell.count == window.tools.book.unseen


def test_events_reach_only_the_new_pages(make_agent, make_window, qtbot) -> None:
    agent = make_agent("working")
    window = make_window(agent.home).window
    heard: list[str] = []
    old = window._context_of_pages()
    old.events.approval.connect(lambda *_: heard.append("old"))
    window.rebuild()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    window._context_of_pages().events.approval.connect(lambda *_: heard.append("new"))
    agent.push("approval", id=8, state="approved")
    qtbot.waitUntil(lambda: bool(heard), timeout=BOUND_MS)
    assert heard == ["new"]


def test_rebuilding_again_and_again_leaves_no_widgets(desktop: Desktop, qtbot) -> None:
    window = desktop.window

    def count() -> int:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        return len(window.findChildren(QWidget))

    window.rebuild()
    first = count()
    kept = weakref.ref(window.rail)
    for _ in range(5):
        window.rebuild()
    assert abs(count() - first) <= 5
    assert kept() is None or not shiboken6.isValid(kept())


def test_another_language_makes_the_window_anew(make_agent, make_window, themed, qtbot) -> None:
    agent = make_agent("working")
    desktop = make_window(agent.home)
    rail = desktop.window.rail
    try:
        agent.push("settings", **{**agent.answers.settings_get(), "language": "zh_CN"})
        qtbot.waitUntil(lambda: desktop.window.rail is not rail, timeout=BOUND_MS)
        assert i18n.language() == "zh_CN"
        assert desktop.window.key == "home"
    finally:
        i18n.install(themed, "en")


def test_a_setting_changes_the_theme_of_every_window(
    make_agent, make_window, themed, qtbot
) -> None:
    from app.widgets.theme import theme

    agent = make_agent("working")
    make_window(agent.home)
    try:
        agent.push("settings", **{**agent.answers.settings_get(), "theme": "light"})
        qtbot.waitUntil(lambda: theme().name == "light", timeout=BOUND_MS)
    finally:
        theme().apply(themed, "dark")


def test_page_and_splitters_are_remembered(make_agent, make_window, themed, qtbot) -> None:
    agent = make_agent("working")
    first = make_window(agent.home)
    first.window.navigate("run", run_id=1284)
    first.window.close()
    memory = WindowMemory(agent.home)
    assert memory.page() == ("run", {"run_id": 1284})

    def page() -> tuple[QWidget, QSplitter]:
        holder = QWidget()
        splitter = QSplitter(holder)
        splitter.setObjectName("main")
        splitter.addWidget(QWidget())
        splitter.addWidget(QWidget())
        splitter.resize(400, 100)
        return holder, splitter

    holder, splitter = page()
    memory.restore_splitters("x", holder)
    splitter.setSizes([100, 300])
    splitter.splitterMoved.emit(100, 1)
    again, other = page()
    WindowMemory(agent.home).restore_splitters("x", again)
    assert other.saveState() == splitter.saveState()


def test_a_damaged_memory_is_no_memory(root) -> None:
    from agent_core.paths import Home

    home = Home(root / "home").make()
    (home.root / "window.ini").write_text('[General]\npage="[1, {"\nrecent=one\n')
    memory = WindowMemory(home)
    assert memory.page() == ("", {})
    assert memory.recent() == ["one"]
